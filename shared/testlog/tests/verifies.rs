//! `tlog`, which was written apart from this crate, accepts what an honest log serves and nothing beside it.

use std::sync::Arc;
use testlog::{Algorithm, LeafMaker, NoteSigner, SigningKey, TreeLog};
use tlog::{
    CheckpointError, EntryBundle, Frontier, Hash, HashTile, KeyIdRule, MerkleError, Node, SignedCheckpoint, TileError,
    TileHashes, VerifierKey,
};

const ORIGIN: &str = "log.example";

fn maker() -> LeafMaker {
    Arc::new(|index| format!("leaf {index}").into_bytes())
}

fn log(size: u64) -> TreeLog {
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[1; 32]));
    log.append_made(size, maker());
    log
}

#[derive(Debug)]
enum Failure {
    Merkle,
    Tile,
    Missing,
}

impl From<MerkleError> for Failure {
    fn from(_: MerkleError) -> Failure {
        Failure::Merkle
    }
}

impl From<TileError> for Failure {
    fn from(_: TileError) -> Failure {
        Failure::Tile
    }
}

/// A node as a client gets it: the tile by its path, folded.
fn node(log: &TreeLog, size: u64, node: Node) -> Result<Hash, Failure> {
    let (tile, level, index) = HashTile::of_node(node, size)?;
    let bytes = log.read(&tile.path(), size).ok_or(Failure::Missing)?;
    Ok(TileHashes::parse(&bytes, tile.width_in(size))?.node(level, index)?)
}

fn leaf_hash(log: &TreeLog, index: u64) -> Hash {
    log.leaf(index).map_or(Hash::EMPTY_ROOT, |leaf| Hash::leaf(&leaf))
}

#[test]
fn every_leaf_is_included_and_no_other() {
    let log = log(600);
    for size in [1, 2, 3, 255, 256, 257, 511, 512, 600] {
        let root = log.root(size).unwrap();
        for index in (0..size).filter(|index| size < 10 || index % 37 == 0 || index + 2 > size) {
            let proof = tlog::inclusion_proof(index, size, |wanted| node(&log, size, wanted)).unwrap();
            let leaf = leaf_hash(&log, index);
            assert_eq!(
                tlog::verify_inclusion(leaf, index, size, &proof, root),
                Ok(()),
                "{index} of {size}"
            );
            let other = leaf_hash(&log, (index + 1) % 600);
            assert!(tlog::verify_inclusion(other, index, size, &proof, root).is_err());
        }
    }
}

#[test]
fn every_size_leads_to_every_later_one_but_not_on_a_fork() {
    let log = log(600);
    let mut fork = log.fork_at(250);
    fork.append_made(350, Arc::new(|index| format!("other {index}").into_bytes()));
    for from in [1, 2, 7, 250, 255, 256, 257, 512, 600] {
        for to in [1, 8, 256, 300, 513, 600].into_iter().filter(|to| *to >= from) {
            let prove = |log: &TreeLog| tlog::consistency_proof(from, to, |wanted| node(log, to, wanted)).unwrap();
            let (old, new) = (log.root(from).unwrap(), log.root(to).unwrap());
            assert_eq!(
                tlog::verify_consistency(from, to, &prove(&log), old, new),
                Ok(()),
                "{from} to {to}"
            );
            let forked = tlog::verify_consistency(from, to, &prove(&fork), old, fork.root(to).unwrap());
            assert_eq!(forked.is_ok(), from <= 250, "{from} to {to} on the fork");
        }
    }
}

#[test]
fn bundles_rebuild_the_root() {
    let log = log(600);
    for size in [1, 256, 300, 600] {
        let mut frontier = Frontier::empty();
        while frontier.size() < size {
            let bundle = EntryBundle::of_leaf(frontier.size(), size).unwrap();
            let bytes = log.read(&bundle.path(), size).unwrap();
            for range in tlog::split_bundle(&bytes, bundle.width_in(size)).unwrap() {
                frontier.push(Hash::leaf(&bytes[range]));
            }
        }
        assert_eq!(Some(frontier.root()), log.root(size));
    }
}

#[test]
fn tiles_of_higher_levels() {
    let log = log(70_000);
    let size = 70_000;
    for from in [65_536, 65_537, 69_999] {
        let proof = tlog::consistency_proof(from, size, |wanted| node(&log, size, wanted)).unwrap();
        let roots = (log.root(from).unwrap(), log.root(size).unwrap());
        assert_eq!(tlog::verify_consistency(from, size, &proof, roots.0, roots.1), Ok(()));
    }
    assert_eq!(log.read("tile/2/000.p/1", size).map(|tile| tile.len()), Some(32));
}

#[test]
fn checkpoints_open_with_their_key_alone() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384] {
        let key = SigningKey::new(algorithm, &[4; 32]);
        let other = SigningKey::new(algorithm, &[5; 32]);
        let mut log = TreeLog::new(ORIGIN, key.clone());
        log.append(b"leaf");
        let trusted = VerifierKey::from_vkey(&log.vkey()).unwrap();
        let opened =
            SignedCheckpoint::open(log.checkpoint(1).as_bytes(), ORIGIN, std::slice::from_ref(&trusted)).unwrap();
        assert_eq!((opened.size(), Some(opened.root())), (1, log.root(1)));
        let from_pem = VerifierKey::from_pem(ORIGIN, &key.pem(), KeyIdRule::Note).unwrap();
        assert!(SignedCheckpoint::open(log.checkpoint(1).as_bytes(), ORIGIN, &[from_pem]).is_ok());
        let stranger = VerifierKey::from_vkey(&other.vkey(ORIGIN)).unwrap();
        let refused = SignedCheckpoint::open(log.checkpoint(1).as_bytes(), ORIGIN, &[stranger]);
        assert!(
            matches!(refused, Err(CheckpointError::NoTrustedSignature { .. })),
            "{refused:?}"
        );
        let wrong = SignedCheckpoint::open(log.checkpoint(1).as_bytes(), "other.example", &[trusted]);
        assert!(matches!(wrong, Err(CheckpointError::WrongOrigin { .. })));
    }
}

#[test]
fn a_rekor_v1_note_has_its_own_key_ids() {
    let key = SigningKey::ed25519(&[6; 32]);
    let text = testlog::note::checkpoint_text("rekor.example - 123", 0, Hash::EMPTY_ROOT, &["Timestamp: 5"]);
    let signer = NoteSigner::RekorV1 {
        name: "rekor.example".into(),
        key: key.clone(),
    };
    let note = testlog::note::signed(&text, &[signer]);
    let open = |rule| {
        let trusted = VerifierKey::from_spki("rekor.example", &key.spki_der(), rule).unwrap();
        SignedCheckpoint::open(note.as_bytes(), "rekor.example - 123", &[trusted])
    };
    assert!(open(KeyIdRule::Spki).is_ok());
    assert!(open(KeyIdRule::Note).is_err());
}

#[test]
fn frozen_and_cosigned() {
    let log = log(3);
    let frozen = testlog::note::frozen_extension("2026-11-21");
    let witness = NoteSigner::Witness {
        name: "witness.example".into(),
        key: SigningKey::ed25519(&[8; 32]),
        time: 77,
    };
    let note = log.checkpoint_with(3, log.root(3).unwrap(), &[&frozen], &[witness]);
    let trusted = VerifierKey::from_vkey(&log.vkey()).unwrap();
    let opened = SignedCheckpoint::open(note.as_bytes(), ORIGIN, &[trusted]).unwrap();
    assert!(opened.checkpoint().is_frozen());
    assert_eq!(note.lines().filter(|line| line.starts_with('\u{2014}')).count(), 2);
}

/// A log of fifteen leaves that Tessera wrote: from the same leaves come the same files and roots.
#[test]
fn the_layout_is_that_of_another_implementation() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/tiled-log-tessera/");
    let Ok(bundle) = std::fs::read(format!("{folder}tile/entries/000.p/15")) else {
        println!("the corpus is not here: nothing is compared");
        return;
    };
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[1; 32]));
    for range in tlog::split_bundle(&bundle, 15).unwrap() {
        log.append(&bundle[range]);
    }
    for size in 1..=15 {
        let root = log.root(size).unwrap().to_base64();
        let signed = std::fs::read_to_string(format!("{folder}checkpoint.{size}")).unwrap();
        assert_eq!(signed.lines().nth(2), Some(root.as_str()), "{size}");
        for kind in ["entries", "0"] {
            let path = format!("tile/{kind}/000.p/{size}");
            assert_eq!(
                log.read(&path, size),
                Some(std::fs::read(format!("{folder}{path}")).unwrap()),
                "{path}"
            );
        }
    }
}
