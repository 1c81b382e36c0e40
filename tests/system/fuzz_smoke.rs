//! A short, repeatable run of each fuzz body over changed copies of valid input. libFuzzer does the long runs.

// A body fails by panicking; so may this.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, missing_docs)]

#[path = "../fuzz/bodies/sigstore.rs"]
mod bodies_sigstore;
#[path = "../fuzz/bodies/tlog.rs"]
mod bodies_tlog;

use bodies_tlog::{LOG_KEY, ORIGIN, WITNESS_KEY};
use testlog::SigningKey;
use testlog::body::{self, keys, message};
use testlog::certificate::broken::Broken;
use testlog::certificate::chain::{CtLog, Draft};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{self, LeafSigner};
use tlog::{Evidence, Frontier, Hash, PrefixProof, TlogProof};

const ROUNDS: u64 = 1500;

/// A checkpoint that the public log signed and a witness cosigned.
const COSIGNED: &str = "log2025-1.rekor.sigstore.dev
139911860
EliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=

— log2025-1.rekor.sigstore.dev zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=
— witness.stagemole.eu Z/euoAAAAABqxF18wrJCADsJ1G5Lc2JaRjZqqBwjpNqH24yQse4iJ4rKS6b5MtvHP+IbKYXwaWuWokdGA+BubLFi+TrwK7xpKr6XBw==
";

/// Runs a body on each seed as it is and on `ROUNDS` changed copies.
fn smoke(body: fn(&[u8]), seeds: &[Vec<u8>]) {
    body(&[]);
    seeds.iter().for_each(|seed| body(seed));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..ROUNDS {
        let mut input = seeds[dice.below(seeds.len())].clone();
        (0..=round % 4).for_each(|_| dice.change(&mut input));
        body(&input);
    }
}

/// xorshift64*: the same throws in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let throw = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(throw).unwrap() % bound.max(1)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            input.push(b'\n');
        }
        let (at, other) = (self.below(input.len()), self.below(input.len()));
        match self.below(8) {
            0 => input[at] ^= 1 << self.below(8),
            1 => input[at] = b"\n 0129=+/x\xff\0"[self.below(12)],
            2 => input.insert(at, b"\n 0129=+/x\xff\0"[self.below(12)]),
            3 => drop(input.drain(at..=at)),
            4 => drop(input.drain(at.min(other)..at.max(other))),
            5 => input.truncate(at),
            6 => input.swap(at, other),
            _ => {
                let again = input[at.min(other)..at.max(other)].to_vec();
                input.splice(at..at, again);
            }
        }
    }
}

fn frontier(size: u64) -> Frontier {
    let mut frontier = Frontier::empty();
    (0..size).for_each(|leaf| frontier.push(Hash::leaf(&leaf.to_be_bytes())));
    frontier
}

fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn notes_and_checkpoints() {
    let text = COSIGNED.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let frozen = format!("{text}Log frozen — 2026-01-01\n");
    smoke(bodies_tlog::note, &seeds(&[COSIGNED]));
    smoke(bodies_tlog::checkpoint, &seeds(&[COSIGNED, &text, &frozen]));
}

#[test]
fn vkeys() {
    let json = format!("\"{LOG_KEY}\"");
    smoke(bodies_tlog::vkey, &seeds(&[LOG_KEY, WITNESS_KEY, &json]));
}

#[test]
fn policies() {
    let (log, one) = (
        format!("log {LOG_KEY} https://log.example\n"),
        format!("witness A {WITNESS_KEY}\n"),
    );
    let whole = format!("# a comment\n{log}{one}group g 1 A\ngroup h all g\nquorum h\n");
    let none = format!("{log}quorum none\n");
    let alone = format!("{one}quorum A");
    smoke(bodies_tlog::policy, &seeds(&[&whole, &none, &alone]));
}

#[test]
fn tile_paths() {
    let paths = [
        "tile/0/000",
        "tile/3/x001/x234/067.p/8",
        "tile/entries/x001/234",
        "tile/entries/000.p/255",
    ];
    smoke(bodies_tlog::tile_path, &seeds(&paths));
}

#[test]
fn bundles_and_hash_tiles() {
    let three = [0, 3, 0, 2, b'a', b'b', 0, 0, 0, 1, b'c'].to_vec();
    let full = [&[1, 0][..], &[0, 5, b'e', b'n', b't', b'r', b'y'].repeat(256)].concat();
    smoke(bodies_tlog::bundle, &[three, full]);
    let tile = |width: u16| [&width.to_be_bytes()[..], &[7; 32].repeat(width.into())].concat();
    smoke(bodies_tlog::hash_tile, &[tile(1), tile(5), tile(256)]);
}

#[test]
fn proofs() {
    let hashes = frontier(7).hashes().to_vec();
    let proof = TlogProof {
        extra: Some(b"extra".to_vec()),
        index: 5,
        hashes,
        checkpoint: COSIGNED.to_owned(),
    };
    let plain = TlogProof {
        extra: None,
        ..proof.clone()
    };
    smoke(bodies_tlog::tlog_proof, &seeds(&[&proof.to_text(), &plain.to_text()]));
}

#[test]
fn evidence() {
    let (first, second) = (COSIGNED.to_owned(), COSIGNED.to_owned());
    let proof = Some(PrefixProof {
        frontier: frontier(5),
        rest: frontier(3).hashes().to_vec(),
    });
    let evidence = Evidence {
        origin: ORIGIN.to_owned(),
        keys: vec![LOG_KEY.parse().unwrap()],
        first,
        second,
        proof,
    };
    smoke(bodies_tlog::evidence, &[serde_json::to_vec(&evidence).unwrap()]);
}

#[test]
fn frontiers() {
    let largest = Frontier::new(tlog::MAX_TREE_SIZE, vec![Hash::EMPTY_ROOT; 63]).unwrap();
    let all = [frontier(0), frontier(1), frontier(11), frontier(64), largest];
    smoke(bodies_tlog::frontier, &all.map(|frontier| frontier.to_bytes()));
}

/// Certificates of every kind, whole and broken.
fn certificates() -> Vec<Vec<u8>> {
    let authority = Authority::new("fuzz", &[3; 32]);
    let issuer = "https://issuer.example";
    let identities = [
        Identity::email("a@acme.example", issuer),
        Identity::user_name("a", issuer),
        Identity::github_workflow("acme", "rocket", "release.yml", "refs/tags/v1"),
        Identity::default(),
    ];
    let issue = |identity| authority.issue(&LeafCertificate::new(identity, 7, 1_700_000_000));
    let broken = Broken::ALL.map(|broken| broken.certificate(&authority, 8, 1_700_000_000));
    identities.into_iter().map(issue).chain(broken).collect()
}

#[test]
fn certificates_alone_and_in_leaves() {
    smoke(bodies_sigstore::certificate, &certificates());
}

#[test]
fn chains_and_timestamps() {
    let (key, log) = (SigningKey::p256(&[1; 32]), SigningKey::p256(&[2; 32]));
    let years = (1_600_000_000, 1_800_000_000);
    let ca = Draft::ca("ca", "ca", years, &key).with_path_length(1);
    let leaf = Draft::leaf(
        "ca",
        &Identity::email("a@acme.example", "https://issuer.example"),
        1_700_000_000,
        &key,
    );
    let log = CtLog { key: log };
    let shown = leaf.clone().with_timestamps(&[&log, &log], 1_700_000_000_000, &key);
    let seeds = [ca.signed(&key), leaf.signed(&key), shown.signed(&key)];
    smoke(bodies_sigstore::chain, &[&seeds[..], &certificates()].concat());
    let promise = log.promise(b"precertificate", &[7; 32], 1_700_000_000_000);
    let (one, all) = (promise.len().to_be_bytes(), (promise.len() + 2).to_be_bytes());
    let list = [&all[6..], &one[6..], &promise].concat();
    smoke(bodies_sigstore::timestamps, &[promise, list]);
}

#[test]
fn leaves() {
    let mut leaves = vec![leaf::unknown("ship", "0.0.1"), leaf::identity_service(&[[7; 32]; 3])];
    let mut signers: Vec<_> = certificates().iter().map(|der| LeafSigner::certificate(der)).collect();
    signers.push(LeafSigner::key(&SigningKey::ed25519(&[5; 32])));
    leaves.extend(signers.iter().map(|signer| leaf::hashedrekord(&[9; 32], signer)));
    leaves.push(leaf::dsse(&[9; 32], &signers[..3]));
    smoke(bodies_sigstore::leaf, &leaves);
}

#[test]
fn bodies_of_every_kind() {
    let mut bodies = body::one_of_each(&Authority::new("fuzz", &[3; 32]), 1_700_000_000);
    let pems = certificates().into_iter().map(|der| body::certificate_pem(&der));
    bodies.extend(pems.map(|pem| body::hashedrekord(&[9; 32], &pem)));
    smoke(bodies_sigstore::body, &bodies);
}

#[test]
fn keys_of_other_worlds() {
    let key = SigningKey::ed25519(&[5; 32]);
    let ring = keys::pgp(
        &key,
        &["A <a@acme.example>", "b@acme.example"],
        std::slice::from_ref(&key),
    );
    let armored = keys::pgp_armor(&ring).into_bytes();
    smoke(bodies_sigstore::openpgp_keys, &[ring, armored]);
    let (line, signature) = (keys::ssh(&key, "a@acme.example"), keys::ssh_signature(&key));
    smoke(bodies_sigstore::ssh_key, &seeds(&[&line, &signature]));
    let alone = keys::minisign(&key, 7);
    let file = format!("untrusted comment: minisign public key\n{alone}\n");
    smoke(bodies_sigstore::minisign_key, &seeds(&[&alone, &file]));
    let mixed = [key.clone(), SigningKey::p256(&[6; 32])];
    smoke(bodies_sigstore::tuf_root, &seeds(&[&keys::tuf_root(&mixed)]));
    let chain = certificates()
        .iter()
        .take(2)
        .map(|der| body::certificate_pem(der))
        .collect::<String>();
    smoke(bodies_sigstore::pem_block, &seeds(&[&key.pem(), &chain, &signature]));
}

#[test]
fn signed_messages() {
    let carried: Vec<_> = certificates().into_iter().take(3).collect();
    let signed = message::signed(&carried, &carried[1]);
    let stamp = message::time_stamp(Some(&signed));
    let ber = [message::in_ber(&signed), message::in_ber(&stamp)];
    let seeds = [signed, stamp, message::time_stamp(None)];
    smoke(bodies_sigstore::cms_message, &[&seeds[..], &ber].concat());
}

#[test]
fn trust_files() {
    smoke(
        bodies_sigstore::trusted_root,
        &[sigstore::trusted_root::PUBLIC_TRUSTED_ROOT.to_vec()],
    );
    let configs = [
        sigstore::signing_config::PUBLIC_V1,
        sigstore::signing_config::PUBLIC_REKOR_V2,
    ];
    smoke(bodies_sigstore::signing_config, &configs.map(<[u8]>::to_vec));
}
