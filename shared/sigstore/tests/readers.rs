//! The quick and the patient reader agree on every leaf, and neither panics.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use support::{certificate_verifier, der, dsse, hashedrekord, key_verifier, outcome, san_extension, signature};

fn github() -> String {
    hashedrekord(&certificate_verifier(&support::github_certificate()))
}

fn seeds() -> Vec<String> {
    let small = support::certificate(&[san_extension(&[der(0x81, b"a@b.c")])]);
    let mut seeds = vec![
        github(),
        hashedrekord(&certificate_verifier(&small)),
        hashedrekord(&key_verifier(&support::spki())),
        dsse(&[key_verifier(&support::spki())]),
        dsse(&[
            certificate_verifier(&small),
            key_verifier(&support::spki()),
            certificate_verifier(&small),
        ]),
    ];
    let corpus = support::corpus_certificates();
    seeds.extend(
        corpus
            .iter()
            .step_by(17)
            .map(|der| hashedrekord(&certificate_verifier(der))),
    );
    seeds
}

#[test]
fn flipped_bytes_are_read_alike() {
    let mut variety = support::Variety(0x10_9a3c);
    let mut decoded = 0;
    for seed in seeds() {
        for _ in 0..400 {
            let mut leaf = seed.clone().into_bytes();
            for _ in 0..=variety.below(2) {
                let at = variety.below(leaf.len());
                leaf[at] = variety.byte();
            }
            decoded += usize::from(outcome(&leaf).is_ok());
        }
    }
    assert!(decoded > 20, "{decoded}");
}

#[test]
fn every_flip_outside_the_base64_is_read_alike() {
    let leaf = hashedrekord(&key_verifier(&support::spki()));
    for at in 0..leaf.len() {
        for byte in [b'"', b'\\', b'{', b'}', b',', b' ', b'A', 0, 0x7f, 0x80] {
            let mut flipped = leaf.clone().into_bytes();
            flipped[at] = byte;
            let _ = outcome(&flipped);
            flipped.insert(at, byte);
            let _ = outcome(&flipped);
        }
        let _ = outcome(&leaf.as_bytes()[..at]);
    }
}

#[test]
fn signature_texts_cannot_smuggle_a_quote() {
    let content = "\"content\":\"";
    let leaf = hashedrekord(&key_verifier(&support::spki()));
    for odd in ["\\\"", "\\u0022", "é", "\\", "\u{1}"] {
        let _ = outcome(leaf.replace(content, &format!("{content}{odd}")).as_bytes());
    }
    assert!(signature("{}").starts_with("{\"content\""));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(leaf in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = outcome(&leaf);
    }

    #[test]
    fn arbitrary_json_text_never_panics(leaf in "[\\[\\]{}\":,0-9a-z\\\\ ]{0,80}") {
        let _ = outcome(leaf.as_bytes());
    }

    #[test]
    fn arbitrary_der_in_a_leaf_never_panics(der in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = outcome(hashedrekord(&certificate_verifier(&der)).as_bytes());
        let _ = outcome(hashedrekord(&key_verifier(&der)).as_bytes());
    }
}
