//! Names, signatures, times, what CAs may do, what cannot be told, and a changed byte anywhere.

use crate::made::{CA, CT, Chain, NOON, YEAR, authority, ct_log, judge, key, logged, root, trusted, why};
use serde_json::Value;
use sigstore::certificate::index;
use sigstore::chain::{MAX_AUTHORITIES, MAX_CHAIN_CERTIFICATES, Trouble};
use sigstore::{Certificate, ChainVerdict, Sct, Why};
use testlog::certificate::chain::{Draft, name};
use testlog::{SigningKey, der};

const SERVER_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const POISON: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];

// ---- names, signatures, times

#[test]
fn a_chain_of_three_holds_and_each_link_matters() {
    Chain::check(|it| it.leaf.issuer = name("another"), Why::NoSuchAuthority);
    Chain::check(|it| it.leaf.issuer = name("Intermediate"), Why::NoSuchAuthority);
    Chain::check(|it| it.intermediate.1 = SigningKey::p384(&[9; 32]), Why::Signature);
    Chain::check(|it| it.intermediate.0.issuer = name("another"), Why::BrokenAuthority);
    Chain::check(
        |it| it.root.0.spki = SigningKey::p384(&[9; 32]).spki_der(),
        Why::BrokenAuthority,
    );
}

#[test]
fn the_anchor_needs_no_signature_of_its_own() {
    let chain = Chain::new();
    let certificates = [
        chain.intermediate.0.signed(&chain.root.1),
        chain.root.0.signed(&key(99)),
    ];
    let authorities = root(&[authority(CA, &certificates, chain.trusted)], &[]);
    let leaf = chain.leaf.signed(&chain.intermediate.1);
    assert_eq!(judge(&authorities, &leaf), trusted(Sct::NotEmbedded));
}

#[test]
fn a_leaf_may_be_issued_by_any_certificate_of_the_authority() {
    let chain = Chain::new();
    let direct = Draft {
        issuer: name("root"),
        ..chain.leaf.clone()
    };
    let authorities = root(&[chain.authority()], &[]);
    assert_eq!(
        judge(&authorities, &direct.signed(&chain.root.1)),
        trusted(Sct::NotEmbedded)
    );
    let wrong = judge(&authorities, &direct.signed(&chain.intermediate.1));
    assert_eq!(wrong, ChainVerdict::Untrusted { why: Why::Signature });
}

#[test]
fn the_time_is_that_of_the_certificate_and_both_ends_count() {
    let at = |change: &dyn Fn(&mut Chain)| {
        let mut chain = Chain::new();
        change(&mut chain);
        why(&chain.verdict())
    };
    for (last, expect) in [(NOON, None), (NOON - 1, Some(Why::OutsideValidity))] {
        assert_eq!(at(&|it| it.root.0.not_after = last), expect);
        assert_eq!(at(&|it| it.intermediate.0.not_after = last), expect);
    }
    for (first, expect) in [(NOON, None), (NOON + 1, Some(Why::OutsideValidity))] {
        assert_eq!(at(&|it| it.root.0.not_before = first), expect);
        assert_eq!(at(&|it| it.intermediate.0.not_before = first), expect);
    }
    for (last, expect) in [(NOON, None), (NOON - 1, Some(Why::OutsideAuthority))] {
        assert_eq!(at(&|it| it.trusted.1 = Some(last)), expect);
    }
    for (first, expect) in [(NOON, None), (NOON + 1, Some(Why::OutsideAuthority))] {
        assert_eq!(at(&|it| it.trusted.0 = Some(first)), expect);
    }
    for (end, expect) in [(NOON, None), (NOON - 1, Some(Why::NeverValid))] {
        assert_eq!(at(&|it| it.leaf.not_after = end), expect);
    }
}

// ---- what CAs may do

#[test]
fn what_is_no_ca_issues_nothing() {
    let not_a_ca = |draft: &Draft| draft.clone().without(BASIC_CONSTRAINTS);
    Chain::check(|it| it.intermediate.0 = not_a_ca(&it.intermediate.0), Why::NotACa);
    Chain::check(|it| it.root.0 = not_a_ca(&it.root.0), Why::NotACa);
    for said in [
        der::sequence(&[]),
        der::sequence(&[&[1, 1, 0]]),
        der::sequence(&[&[1, 1, 0xFF], &[2, 1, 0xFF]]),
    ] {
        Chain::check(
            |it| it.intermediate.0 = not_a_ca(&it.intermediate.0).with(BASIC_CONSTRAINTS, true, &said),
            Why::NotACa,
        );
    }
    let usage = |draft: &Draft, bits: &[u8]| {
        draft
            .clone()
            .without(KEY_USAGE)
            .with(KEY_USAGE, true, &der::value(3, bits))
    };
    for bits in [&[1, 0x02][..], &[7, 0x80], &[0], &[]] {
        Chain::check(|it| it.intermediate.0 = usage(&it.intermediate.0, bits), Why::NotACa);
    }
    let mut without = Chain::new();
    without.intermediate.0 = without.intermediate.0.without(KEY_USAGE);
    assert_eq!(without.verdict(), trusted(Sct::NotEmbedded));
}

#[test]
fn the_path_is_no_longer_than_each_ca_allows() {
    Chain::check(|it| it.root.0 = it.root.0.clone().with_path_length(0), Why::PathTooLong);
    let mut enough = Chain::new();
    enough.root.0 = enough.root.0.with_path_length(1);
    assert_eq!(enough.verdict(), trusted(Sct::NotEmbedded));
    // What a CA issues to itself, to change its key, does not count (RFC 5280 4.2.1.9).
    let (old, new) = (key(11), key(12));
    let years = (NOON - YEAR, NOON + YEAR);
    let certificates = [
        Draft::ca("root", "root", years, &new).signed(&old),
        Draft::ca("root", "root", years, &old).with_path_length(0).signed(&old),
    ];
    let authorities = root(&[authority(CA, &certificates, (None, None))], &[]);
    let leaf = Draft {
        issuer: name("root"),
        ..Chain::new().leaf
    };
    assert_eq!(judge(&authorities, &leaf.signed(&new)), trusted(Sct::NotEmbedded));
}

#[test]
fn leaf_and_cas_are_for_signing_code() {
    Chain::check(
        |it| it.leaf = it.leaf.clone().without(EXTENDED_KEY_USAGE),
        Why::ExtendedKeyUsage,
    );
    Chain::check(
        |it| it.leaf = it.leaf.clone().with_usage(SERVER_AUTH),
        Why::ExtendedKeyUsage,
    );
    let broken = |draft: &Draft| {
        draft
            .clone()
            .without(EXTENDED_KEY_USAGE)
            .with(EXTENDED_KEY_USAGE, false, &[0x30, 9])
    };
    Chain::check(|it| it.leaf = broken(&it.leaf), Why::ExtendedKeyUsage);
    Chain::check(
        |it| it.intermediate.0 = it.intermediate.0.clone().with_usage(SERVER_AUTH),
        Why::ExtendedKeyUsage,
    );
    let mut silent = Chain::new();
    silent.intermediate.0 = silent.intermediate.0.without(EXTENDED_KEY_USAGE);
    assert_eq!(silent.verdict(), trusted(Sct::NotEmbedded));
}

#[test]
fn critical_extensions_are_known_and_none_stands_twice() {
    let own = &[1, 3, 6, 1, 4, 1, 57264, 1, 99];
    let foreign = &[1, 3, 6, 1, 4, 1, 99999, 1];
    Chain::check(
        |it| it.leaf = it.leaf.clone().with(foreign, true, b"x"),
        Why::CriticalExtension,
    );
    Chain::check(
        |it| it.leaf = it.leaf.clone().with(&[2, 5, 29, 99], true, b"x"),
        Why::CriticalExtension,
    );
    Chain::check(
        |it| it.root.0 = it.root.0.clone().with(foreign, true, b"x"),
        Why::CriticalExtension,
    );
    Chain::check(
        |it| it.leaf = it.leaf.clone().with(foreign, false, b"x").with(foreign, false, b"y"),
        Why::DuplicateExtension,
    );
    Chain::check(
        |it| it.leaf = it.leaf.clone().with(POISON, true, &[5, 0]),
        Why::Precertificate,
    );
    let mut known = Chain::new();
    known.leaf = known.leaf.with(own, true, b"x").with(foreign, false, b"x");
    assert_eq!(known.verdict(), trusted(Sct::NotEmbedded));
}

// ---- what cannot be told

#[test]
fn what_has_no_code_here_is_unknown_and_not_untrusted() {
    let rsa = |draft: &Draft| {
        let pkcs1 = der::sequence(&[&der::unsigned(&[0xC3; 256]), &der::unsigned(&[1, 0, 1])]);
        let algorithm = der::sequence(&[&der::oid(&[1, 2, 840, 113549, 1, 1, 1]), &[5, 0]]);
        Draft {
            spki: der::sequence(&[&algorithm, &der::bit_string(&pkcs1)]),
            ..draft.clone()
        }
    };
    let sha256_with_rsa = der::sequence(&[&der::oid(&[1, 2, 840, 113549, 1, 1, 11]), &[5, 0]]);
    let ecdsa_with_sha3 = der::sequence(&[&der::oid(&[2, 16, 840, 1, 101, 3, 4, 3, 10])]);
    Chain::check(
        |it| {
            it.intermediate.0 = rsa(&it.intermediate.0);
            it.leaf.algorithm = Some(sha256_with_rsa.clone());
        },
        Why::Algorithm,
    );
    Chain::check(|it| it.root.0 = rsa(&it.root.0), Why::Algorithm);
    Chain::check(|it| it.leaf.algorithm = Some(ecdsa_with_sha3), Why::Algorithm);
    // A key of a curve signs nothing with RSA.
    Chain::check(|it| it.leaf.algorithm = Some(sha256_with_rsa), Why::Signature);
    Chain::check(
        |it| it.root.0 = it.root.0.clone().with(NAME_CONSTRAINTS, true, &der::sequence(&[])),
        Why::Constraints,
    );
    let none = root(&[], &[]);
    assert!(none.is_empty());
    let verdict = judge(&none, &Chain::new().leaf.signed(&key(1)));
    assert_eq!(verdict, ChainVerdict::Unknown { why: Why::NoAuthority });
}

#[test]
fn an_authority_that_cannot_be_used_is_named_and_makes_others_uncertain() {
    let chain = Chain::new();
    let leaf = chain.leaf.signed(&chain.intermediate.1);
    let stranger = chain.leaf.clone();
    let stranger = Draft {
        issuer: name("stranger"),
        ..stranger
    }
    .signed(&key(42));
    for (certificates, trouble) in [
        (vec![], Trouble::Certificates { certificates: 0 }),
        (
            vec![leaf.clone(); MAX_CHAIN_CERTIFICATES + 1],
            Trouble::Certificates {
                certificates: MAX_CHAIN_CERTIFICATES + 1,
            },
        ),
        (
            vec![leaf.clone(), leaf[1..].to_vec()],
            Trouble::Certificate { place: 1 },
        ),
        (vec![[&leaf[..], &[0]].concat()], Trouble::Certificate { place: 0 }),
    ] {
        let broken = authority("https://broken.example", &certificates, (None, None));
        let authorities = root(&[broken, chain.authority()], &[]);
        let [unusable] = authorities.unusable() else {
            panic!("{:?}", authorities.unusable());
        };
        assert_eq!(
            (unusable.authority.as_str(), unusable.trouble),
            ("https://broken.example", trouble)
        );
        assert_eq!(judge(&authorities, &leaf), trusted(Sct::NotEmbedded));
        assert_eq!(
            judge(&authorities, &stranger),
            ChainVerdict::Unknown {
                why: Why::UnusableAuthority
            }
        );
    }
    let untrusted = judge(&root(&[chain.authority()], &[]), &stranger);
    assert_eq!(
        untrusted,
        ChainVerdict::Untrusted {
            why: Why::NoSuchAuthority
        }
    );
}

#[test]
fn authorities_are_asked_one_by_one_and_up_to_a_bound() {
    let (chain, mut other) = (Chain::new(), Chain::new());
    other.intermediate.1 = SigningKey::p384(&[8; 32]);
    other.intermediate.0.spki = other.intermediate.1.spki_der();
    let theirs = |uri| {
        let certificates = [
            other.intermediate.0.signed(&other.root.1),
            other.root.0.signed(&other.root.1),
        ];
        authority(uri, &certificates, (None, None))
    };
    let leaf = chain.leaf.signed(&chain.intermediate.1);
    let both = root(&[theirs("https://other.example"), chain.authority()], &[]);
    assert_eq!(judge(&both, &leaf), trusted(Sct::NotEmbedded));
    // One that signed and may not have tells more than one that did not sign.
    let late = authority(
        CA,
        &[
            chain.intermediate.0.signed(&chain.root.1),
            chain.root.0.signed(&chain.root.1),
        ],
        (None, Some(NOON - 1)),
    );
    for order in [[late.clone(), theirs("b")], [theirs("b"), late.clone()]] {
        assert_eq!(why(&judge(&root(&order, &[]), &leaf)), Some(Why::OutsideAuthority));
    }
    // Twelve of one name: what is behind those that are tried may be the one.
    let many: Vec<Value> = (0..12).map(|_| theirs("b")).chain([chain.authority()]).collect();
    let verdict = judge(&root(&many, &[]), &leaf);
    assert_eq!(
        verdict,
        ChainVerdict::Unknown {
            why: Why::TooManyAuthorities
        }
    );
    let beyond: Vec<Value> = vec![theirs("b"); MAX_AUTHORITIES + 1];
    assert_eq!(root(&beyond, &[]).unusable()[0].trouble, Trouble::TooMany);
}

#[test]
fn every_curve_and_hash_that_an_authority_may_sign_with() {
    let seed = &[5; 32];
    for signer in [
        SigningKey::ed25519(seed),
        SigningKey::p256(seed),
        SigningKey::p384(seed),
    ] {
        let ca = Draft::ca("root", "root", (NOON - YEAR, NOON + YEAR), &signer).signed(&signer);
        let authorities = root(&[authority(CA, &[ca], (None, None))], &[]);
        let leaf = Draft {
            issuer: name("root"),
            ..Chain::new().leaf
        };
        assert_eq!(judge(&authorities, &leaf.signed(&signer)), trusted(Sct::NotEmbedded));
        let verdict = judge(&authorities, &leaf.signed_with_sha256(&signer));
        let holds = signer.algorithm() != testlog::Algorithm::Ed25519;
        assert_eq!(matches!(verdict, ChainVerdict::Trusted { .. }), holds, "{verdict:?}");
    }
}

// ---- a changed byte

#[test]
fn a_changed_byte_anywhere_is_never_trusted() {
    let signer = key(5);
    let ca = Draft::ca("root", "root", (NOON - YEAR, NOON + YEAR), &signer).signed(&signer);
    let log = logged(&ct_log().key, (None, None));
    let authorities = root(&[authority(CA, &[ca], (None, None))], &[log]);
    let leaf = Draft {
        issuer: name("root"),
        ..Chain::new().leaf
    };
    let leaf = leaf.with_timestamps(&[&ct_log()], NOON * 1000, &signer).signed(&signer);
    assert_eq!(
        judge(&authorities, &leaf),
        trusted(Sct::Verified { ct_log: CT.to_owned() })
    );
    for at in 0..leaf.len() {
        for bit in [0x01, 0x80] {
            let mut changed = leaf.clone();
            changed[at] ^= bit;
            let mut slots = Vec::new();
            let Ok(layout) = index(&changed, &mut slots) else {
                continue;
            };
            let verdict = authorities.judge(&Certificate::new(&changed, &layout, &slots));
            assert!(
                !matches!(verdict, ChainVerdict::Trusted { .. }),
                "byte {at}: {verdict:?}"
            );
        }
    }
}
