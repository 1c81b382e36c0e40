//! What a CT log of the trusted root promised, and what it did not. How a verdict is written.

use crate::made::{CA, CT, Chain, NOON, authority, ct_log, judge, key, logged, root, trusted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore::{ChainVerdict, Sct, Why};
use testlog::SigningKey;
use testlog::certificate::chain::{CtLog, Draft};
use testlog::certificate::{Authority, Identity, LeafCertificate};

/// What the timestamps of a trusted leaf say, after `change` and under these logs.
fn timestamped(logs: &[Value], draft: impl FnOnce(Draft, &SigningKey) -> Draft) -> Sct {
    let chain = Chain::new();
    let signer = &chain.intermediate.1;
    let leaf = draft(chain.leaf.clone(), signer).signed(signer);
    match judge(&root(&[chain.authority()], logs), &leaf) {
        ChainVerdict::Trusted { sct, .. } => sct,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_timestamp_is_over_this_certificate_by_this_log_in_its_time() {
    let log = ct_log();
    let listed = [logged(&log.key, (Some(NOON), Some(NOON)))];
    let verified = || Sct::Verified { ct_log: CT.to_owned() };
    let invalid = || Sct::Invalid {
        ct_log: Some(CT.to_owned()),
    };
    let at = |millis| move |draft: Draft, by: &SigningKey| draft.with_timestamps(&[&ct_log()], millis, by);
    assert_eq!(timestamped(&listed, at(NOON * 1000)), verified());
    assert_eq!(timestamped(&listed, at(NOON * 1000 + 999)), verified());
    assert_eq!(timestamped(&listed, at(NOON * 1000 - 1)), invalid());
    assert_eq!(timestamped(&listed, at(NOON * 1000 + 1000)), invalid());
    assert_eq!(timestamped(&listed, at(u64::MAX)), invalid());
    assert_eq!(timestamped(&listed, |draft, _| draft), Sct::NotEmbedded);
    assert_eq!(timestamped(&[], at(NOON * 1000)), Sct::Unchecked);
    let other = [logged(&key(71), (None, None))];
    assert_eq!(timestamped(&other, at(NOON * 1000)), Sct::UnknownLog);
    // Over another certificate, for another issuer, with the timestamps anywhere among the extensions.
    let renamed = |draft: Draft, by: &SigningKey| Draft {
        serial: 2,
        ..draft.with_timestamps(&[&log], NOON * 1000, by)
    };
    assert_eq!(timestamped(&listed, renamed), invalid());
    let elsewhere =
        |draft: Draft, _: &SigningKey| draft.with_timestamps(&[&log], NOON * 1000, &SigningKey::p384(&[9; 32]));
    assert_eq!(timestamped(&listed, elsewhere), invalid());
    let first = |draft: Draft, by: &SigningKey| {
        let mut draft = draft.with_timestamps(&[&log], NOON * 1000, by);
        draft.extensions.rotate_right(1);
        draft
    };
    assert_eq!(timestamped(&listed, first), verified());
    let rsa = json!({"baseUrl": CT, "publicKey": {"rawBytes": STANDARD.encode([0x30, 0]), "keyDetails": "PKIX_RSA_PKCS1V15_2048_SHA256"}});
    assert_eq!(timestamped(&[rsa], at(NOON * 1000)), Sct::UnknownLog);
}

#[test]
fn one_good_timestamp_is_enough_and_a_bad_one_is_told() {
    let (log, stranger) = (ct_log(), CtLog { key: key(71) });
    let listed = [logged(&log.key, (None, None))];
    let with = |logs: &[&CtLog]| timestamped(&listed, |draft, by| draft.with_timestamps(logs, NOON * 1000, by));
    let verified = Sct::Verified { ct_log: CT.to_owned() };
    assert_eq!(with(&[&stranger, &log]), verified);
    assert_eq!(with(&[&log, &stranger]), verified);
    assert_eq!(with(&[&stranger, &stranger]), Sct::UnknownLog);
    let promise = |draft: &Draft, by: &SigningKey| {
        use sha2::Digest as _;
        let issuer = sha2::Sha256::digest(by.spki_der());
        ct_log().promise(&draft.to_be_signed(by), &issuer, NOON * 1000)
    };
    let invalid = |named: bool| Sct::Invalid {
        ct_log: named.then(|| CT.to_owned()),
    };
    // Every byte of a timestamp counts; what names no known log is of an unknown one.
    let length = promise(&Chain::new().leaf, &Chain::new().intermediate.1).len();
    for at in 0..length {
        let found = timestamped(&listed, |draft, by| {
            let mut promise = promise(&draft, by);
            promise[at] ^= 1;
            draft.with_promises(&[promise])
        });
        match at {
            0 => assert_eq!(found, invalid(false)),
            1..=32 => assert_eq!(found, Sct::UnknownLog, "byte {at}"),
            _ => assert!(
                matches!(found, Sct::Invalid { .. } | Sct::Unchecked),
                "byte {at}: {found:?}"
            ),
        }
    }
    let lists: [&[Vec<u8>]; 3] = [&[], &[vec![]], &[vec![0; 20]]];
    for promises in lists {
        assert_eq!(
            timestamped(&listed, |draft, _| draft.with_promises(promises)),
            invalid(false)
        );
    }
}

// ---- beside the rest

/// The certificates that the other tests and the demonstration use: their CA issues them, and their timestamp is filler.
#[test]
fn the_certificates_of_the_test_logs_chain_to_their_authority() {
    let ca = Authority::new("acme", &[9; 32]);
    let leaf = ca.issue(&LeafCertificate::new(
        Identity::email("a@acme.example", "https://issuer.example"),
        7,
        NOON,
    ));
    let listed = authority(CA, &[ca.certificate(NOON, NOON)], (None, None));
    assert_eq!(
        judge(&root(std::slice::from_ref(&listed), &[]), &leaf),
        trusted(Sct::Unchecked)
    );
    let log = logged(&key(70), (None, None));
    assert_eq!(judge(&root(&[listed], &[log]), &leaf), trusted(Sct::UnknownLog));
}

#[test]
fn a_verdict_reads_back_as_it_was_written() {
    let check = |verdict: ChainVerdict, expect: Value| {
        assert_eq!(serde_json::to_value(&verdict).unwrap(), expect);
        assert_eq!(serde_json::from_value::<ChainVerdict>(expect).unwrap(), verdict);
    };
    let verified = Sct::Verified { ct_log: CT.to_owned() };
    check(
        trusted(verified),
        json!({"chain": "trusted", "authority": CA, "sct": "verified", "ct_log": CT}),
    );
    check(
        trusted(Sct::NotEmbedded),
        json!({"chain": "trusted", "authority": CA, "sct": "not-embedded"}),
    );
    check(
        trusted(Sct::Invalid { ct_log: None }),
        json!({"chain": "trusted", "authority": CA, "sct": "invalid"}),
    );
    check(
        ChainVerdict::Untrusted {
            why: Why::NoSuchAuthority,
        },
        json!({"chain": "untrusted", "why": "no-such-authority"}),
    );
    let refused = ChainVerdict::Refused {
        authority: CA.to_owned(),
        why: Why::NotACa,
    };
    check(refused, json!({"chain": "refused", "authority": CA, "why": "not-a-ca"}));
}
