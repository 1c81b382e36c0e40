//! Against other people's implementations, on random trees, proofs and texts.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use sentinel_tlog::{
    Checkpoint, EntryBundle, Frontier, Hash, HashTile, MerkleError, Node, Note, TILE_WIDTH, consistency_proof,
    inclusion_proof, range_nodes, root_of_inclusion, split_consistency, subtree_root, verify_consistency,
    verify_inclusion,
};
use sha2::Sha256;
use signed_note::{StandardVerifier, VerifierList};

use crate::support::{ORIGIN, Signer, checkpoint_text, signed};

/// Random leaves, hashed by us and kept by ct-merkle.
struct Forest {
    leaves: Vec<Vec<u8>>,
    oracle: MemoryBackedTree<Sha256, Vec<u8>>,
}

impl Forest {
    fn of(leaves: Vec<Vec<u8>>) -> Self {
        let mut oracle = MemoryBackedTree::new();
        leaves.iter().cloned().for_each(|leaf| oracle.push(leaf));
        Self { leaves, oracle }
    }

    fn frontier(&self, size: usize) -> Frontier {
        let mut frontier = Frontier::empty();
        self.leaves[..size]
            .iter()
            .for_each(|leaf| frontier.push(Hash::leaf(leaf)));
        frontier
    }

    fn node(&self, node: Node) -> Result<Hash, MerkleError> {
        let first = usize::try_from(node.first_leaf().unwrap()).unwrap();
        let mut subtree = Frontier::empty();
        self.leaves[first..first + (1 << node.level)]
            .iter()
            .for_each(|leaf| subtree.push(Hash::leaf(leaf)));
        Ok(subtree.root())
    }
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn leaves() -> impl proptest::strategy::Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..140)
}

/// A changed copy: another hash, one more, one fewer.
fn changed(hashes: &[Hash], how: u8, at: Index) -> Vec<Hash> {
    let mut hashes = hashes.to_vec();
    match how % 5 {
        0 => {}
        1 => hashes.insert(at.index(hashes.len() + 1), Hash::EMPTY_ROOT),
        2 if !hashes.is_empty() => drop(hashes.remove(at.index(hashes.len()))),
        3 if !hashes.is_empty() => hashes.reverse(),
        _ if !hashes.is_empty() => {
            let at = at.index(hashes.len());
            hashes[at] = Hash::of(hashes[at].as_bytes());
        }
        _ => {}
    }
    hashes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_ct_merkle(leaves in leaves(), at in any::<Index>()) {
        let forest = Forest::of(leaves);
        let size = forest.leaves.len();
        let (size_u64, index) = (size as u64, at.index(size));
        let root = forest.frontier(size).root();
        prop_assert!(root.as_bytes()[..] == forest.oracle.root().as_bytes()[..]);
        prop_assert_eq!(subtree_root(0..size_u64, |node| forest.node(node)), Ok(root));

        let proof = inclusion_proof(index as u64, size_u64, |node| forest.node(node)).unwrap();
        prop_assert!(bytes(&proof)[..] == *forest.oracle.prove_inclusion(index).as_bytes());
        let leaf = Hash::leaf(&forest.leaves[index]);
        prop_assert_eq!(root_of_inclusion(leaf, index as u64, size_u64, &proof), Ok(root));

        let from = index + 1;
        let proof = consistency_proof(from as u64, size_u64, |node| forest.node(node)).unwrap();
        if from < size {
            prop_assert!(bytes(&proof)[..] == *forest.oracle.prove_consistency(size - from).as_bytes());
        }
        prop_assert_eq!(verify_consistency(from as u64, size_u64, &proof, forest.frontier(from).root(), root), Ok(()));
    }

    #[test]
    fn verdicts_are_those_of_sigstore_merkle(
        leaves in leaves(), at in any::<Index>(), how in any::<u8>(), place in any::<Index>(), off in 0..4_u64,
    ) {
        use sigstore_merkle::{hash_children, hash_leaf, verify_consistency_proof, verify_inclusion_proof};
        let forest = Forest::of(leaves);
        let size = forest.leaves.len();
        let index = at.index(size);
        let leaf = Hash::leaf(&forest.leaves[index]);
        prop_assert!(leaf.as_bytes()[..] == hash_leaf(&forest.leaves[index]).as_bytes()[..]);
        let (left, right) = (hash_leaf(b"left"), hash_leaf(b"right"));
        let ours = Hash::node(&Hash::leaf(b"left"), &Hash::leaf(b"right"));
        prop_assert!(ours.as_bytes()[..] == hash_children(&left, &right).as_bytes()[..]);

        let theirs = |hash: &Hash| serde_json::from_value(serde_json::json!(hash.to_base64())).unwrap();
        let root = forest.frontier(size).root();
        let (size, index) = (size as u64, index as u64);
        // Sizes and indexes that are off by a little, and proofs that are not quite right: verdicts must agree.
        let (claimed_size, claimed_index) = (size + (off & 1), index + (off >> 1));
        let proof = inclusion_proof(index, size, |node| forest.node(node)).unwrap();
        let proof = changed(&proof, how, place);
        let their_proof: Vec<_> = proof.iter().map(theirs).collect();
        let verdict = verify_inclusion_proof(&theirs(&leaf), claimed_index, claimed_size, &their_proof, &theirs(&root));
        prop_assert_eq!(verify_inclusion(leaf, claimed_index, claimed_size, &proof, root).is_ok(), verdict.is_ok());

        let from = index + 1;
        let old = forest.frontier(usize::try_from(from).unwrap()).root();
        let proof = consistency_proof(from, size, |node| forest.node(node)).unwrap();
        let proof = changed(&proof, how, place);
        let their_proof: Vec<_> = proof.iter().map(theirs).collect();
        let verdict = verify_consistency_proof(from, claimed_size, &their_proof, &theirs(&old), &theirs(&root));
        prop_assert_eq!(verify_consistency(from, claimed_size, &proof, old, root).is_ok(), verdict.is_ok());
    }

    /// The proofs are those that ct-merkle makes; what comes out of them is held against our own tree and against the
    /// verdict of sigstore-merkle, changed proofs included.
    #[test]
    fn the_sides_of_a_consistency_proof_are_those_of_the_tree(
        leaves in leaves(), at in any::<Index>(), how in any::<u8>(), place in any::<Index>(),
    ) {
        let forest = Forest::of(leaves);
        let size = forest.leaves.len();
        let from = at.index(size) + 1;
        let (old, head) = (forest.frontier(from), forest.frontier(size));
        let (from_u64, size_u64) = (from as u64, size as u64);
        let served = if from == size { Vec::new() } else {
            let proof = forest.oracle.prove_consistency(size - from);
            let hashes = proof.as_bytes().as_chunks::<32>().0;
            hashes.iter().copied().map(Hash::from_bytes).collect()
        };
        let split = split_consistency(from_u64, size_u64, &served).unwrap();
        prop_assert_eq!(split.frontier.is_none(), from == size || from.is_power_of_two());
        let frontier = split.frontier.unwrap_or_else(|| old.clone());
        prop_assert_eq!(&frontier, &old);
        prop_assert_eq!(old.root_with(&split.rest, size_u64), Ok(head.root()));
        let full: Vec<_> = range_nodes(from_u64, size_u64).into_iter().map(|node| forest.node(node).unwrap()).collect();
        prop_assert_eq!(old.root_with(&full, size_u64), Ok(head.root()));
        prop_assert!(split.rest.len() <= full.len());

        use sigstore_merkle::verify_consistency_proof;
        let theirs = |hash: &Hash| serde_json::from_value(serde_json::json!(hash.to_base64())).unwrap();
        let forged = changed(&served, how, place);
        let their_proof: Vec<_> = forged.iter().map(theirs).collect();
        let (old_root, root) = (theirs(&old.root()), theirs(&head.root()));
        let verdict = verify_consistency_proof(from_u64, size_u64, &their_proof, &old_root, &root);
        let ours = split_consistency(from_u64, size_u64, &forged).is_ok_and(|split| {
            let frontier = split.frontier.unwrap_or_else(|| old.clone());
            frontier.root() == old.root() && frontier.root_with(&split.rest, size_u64) == Ok(head.root())
        });
        prop_assert_eq!(ours, verdict.is_ok());
    }

    /// Paths of tlog_tiles name the height and say `data`; what stands after that is ours too.
    #[test]
    fn tile_paths_are_those_of_tlog_tiles(level in 0..=63_u8, index in any::<u64>(), shift in 0..64_u32, width in 1..=TILE_WIDTH) {
        let index = index >> shift;
        let theirs = tlog_tiles::Tile::new(8, level, index, width.into(), false);
        let ours = HashTile { level, index, width };
        prop_assert_eq!(ours.path(), theirs.path().replacen("tile/8/", "tile/", 1));
        prop_assert_eq!(ours.path().parse(), Ok(ours));
        let theirs = tlog_tiles::Tile::new(8, 0, index, width.into(), true);
        let ours = EntryBundle { index, width };
        prop_assert_eq!(ours.path(), theirs.path().replacen("tile/8/data/", "tile/entries/", 1));
        prop_assert_eq!(ours.path().parse(), Ok(ours));
    }

    /// Levels above 63 and widths of zero are left out: they make the other implementation panic.
    #[test]
    fn odd_paths_are_refused_as_by_tlog_tiles(
        path in "tile/[0-5]?[0-9]/(x[0-9]{2,3}/){0,3}[0-9]{2,4}([.]p/0?[1-9][0-9]{0,2})?",
    ) {
        let theirs = tlog_tiles::Tile::from_path(&path.replacen("tile/", "tile/8/", 1)).is_ok();
        prop_assert_eq!(path.parse::<HashTile>().is_ok(), theirs);
    }

    #[test]
    fn notes_are_read_as_by_signed_note(at in any::<Index>(), byte in any::<u8>(), cut in any::<bool>(), twice in any::<bool>()) {
        let signer = Signer::ed25519(ORIGIN, 1);
        let other = Signer::ed25519("log.example/two", 2);
        let vkey = signer.key.to_vkey().unwrap();
        let text = checkpoint_text(ORIGIN, 7, Hash::EMPTY_ROOT);
        let signers: &[&Signer] = if twice { &[&other, &signer] } else { &[&signer] };
        let mut note = signed(&text, signers).into_bytes();
        let at = at.index(note.len());
        note[at] = byte;
        if cut {
            note.remove(at);
        }
        let (ours, theirs) = (Note::parse(&note), signed_note::Note::from_bytes(&note));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", String::from_utf8_lossy(&note));
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.text().as_bytes(), theirs.text());
            let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
            prop_assert_eq!(ours.verify(std::slice::from_ref(&signer.key)).is_ok(), theirs.verify(&known).is_ok());
        }
    }

    #[test]
    fn checkpoints_are_read_as_by_tlog_tiles(at in any::<Index>(), byte in 0..0x80_u8, cut in any::<bool>(), extended in any::<bool>()) {
        let mut text = checkpoint_text(ORIGIN, 170, Hash::EMPTY_ROOT);
        if extended { text.push_str("an extension\n") }
        let at = at.index(text.len());
        text.remove(at);
        if !cut { text.insert(at, char::from(byte)) }
        let (ours, theirs) = (Checkpoint::parse(&text), tlog_tiles::Checkpoint::from_bytes(text.as_bytes()));
        // Control characters are refused by the note, before anybody reads a checkpoint.
        if text.bytes().all(|byte| byte >= b' ' || byte == b'\n') {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", text);
        }
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert!(ours.size == theirs.size() && ours.origin == theirs.origin());
            prop_assert_eq!(&ours.root.as_bytes()[..], &theirs.hash().0[..]);
        }
    }
}
