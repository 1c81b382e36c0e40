//! Trusted roots and signing configs: the public facts inside agree with the corpus, and errors say where.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::document::{MAX_DOCUMENT_BYTES, Problem};
use sentinel_sigstore::timestamp::NotATime;
use sentinel_sigstore::{
    KeyDetails, KeyTrouble, LogInstance, RekorApi, SigningConfig, TrustError, TrustedRoot, origin_of,
};
use serde_json::{Value, json};
use tlog::{KeyError, KeyId, VerifierKey};

const LOG2025: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";

// ---- the public facts

#[test]
fn the_public_root_is_that_of_the_corpus() {
    let Some(path) = support::corpus("trust/trusted_root.json") else {
        return;
    };
    let corpus = TrustedRoot::parse(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(TrustedRoot::public(), corpus);
}

#[test]
fn the_public_configs_are_those_of_the_corpus() {
    let names = [
        "trust/signing_config.v0.2.json",
        "trust/signing_config_rekor_v2.v0.2.json",
    ];
    for (name, public) in names.into_iter().zip(SigningConfig::public()) {
        let Some(path) = support::corpus(name) else { return };
        assert_eq!(public, SigningConfig::parse(&std::fs::read(path).unwrap()).unwrap());
    }
}

#[test]
fn the_public_root_has_two_of_each_log_and_authority() {
    let root = TrustedRoot::public();
    let origins: Vec<_> = root.tlogs().iter().map(LogInstance::origin).collect();
    assert_eq!(origins, ["rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"]);
    let ctlogs: Vec<_> = root.ctlogs().iter().map(LogInstance::origin).collect();
    assert_eq!(ctlogs, ["ctfe.sigstore.dev/test", "ctfe.sigstore.dev/2022"]);
    let lengths: Vec<_> = root
        .certificate_authorities()
        .iter()
        .map(|it| it.certificates.len())
        .collect();
    assert_eq!(lengths, [1, 2]);
    assert_eq!(root.timestamp_authorities().len(), 1);
    let ends: Vec<_> = root
        .ctlogs()
        .iter()
        .map(|it| it.valid_for().end.map(|end| end.to_string()))
        .collect();
    assert_eq!(ends, [Some("2022-10-31T23:59:59Z".to_owned()), None]);
    for ctlog in root.ctlogs() {
        assert_eq!(ctlog.log_id.as_deref(), Some(&ctlog.spki_hash().as_bytes()[..]));
    }
}

#[test]
fn the_public_keys_have_the_ids_that_the_logs_sign_with() {
    let root = TrustedRoot::public();
    let [v1, v2] = root.tlogs() else { panic!("two tlogs") };
    assert_eq!(v2.verifier_keys(), [VerifierKey::from_vkey(LOG2025).unwrap()]);
    let v1_keys = v1.verifier_keys();
    assert_eq!((v1_keys.len(), v1.trouble(), v2.trouble()), (1, None, None));
    assert_eq!(
        (v1_keys[0].name(), v1_keys[0].key_id()),
        ("rekor.sigstore.dev", KeyId([0xc0, 0xd2, 0x3d, 0x6a]))
    );
    // The id in the file is computed by the rule of each log's own interface, so the other rule finds it out.
    assert!(matches!(
        v2.verifier_key(RekorApi::V1),
        Err(KeyTrouble::WrongKeyId { .. })
    ));
}

#[test]
fn the_configs_tell_which_interface_a_log_speaks() {
    let configs = SigningConfig::public();
    let [v1_only, both] = &configs[..] else {
        panic!("two configs")
    };
    assert_eq!(v1_only.rekor_api("https://rekor.sigstore.dev"), Some(RekorApi::V1));
    assert_eq!(v1_only.rekor_api("https://log2025-1.rekor.sigstore.dev"), None);
    assert_eq!(both.rekor_api("https://rekor.sigstore.dev/"), Some(RekorApi::V1));
    assert_eq!(both.rekor_api("log2025-1.rekor.sigstore.dev"), Some(RekorApi::V2));
    assert_eq!(both.rekor_api("https://example.com"), None);
    assert_eq!(both.rekor_urls().len(), 2);
}

// ---- parsing

fn minimal() -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [{
            "baseUrl": "https://log.example/a/",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": STANDARD.encode(ed25519()), "keyDetails": "PKIX_ED25519",
                "validFor": {"start": "2026-01-01T00:00:00Z"}},
        }],
        "certificateAuthorities": [{"certChain": {"certificates": [{"rawBytes": "AAAA"}]}}],
    })
}

/// The Ed25519 key of `log2025-1` as a SubjectPublicKeyInfo.
fn ed25519() -> Vec<u8> {
    STANDARD
        .decode("MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244=")
        .unwrap()
}

fn parse(document: &Value) -> Result<TrustedRoot, TrustError> {
    TrustedRoot::parse(document.to_string().as_bytes())
}

fn first_log(change: impl FnOnce(&mut Value)) -> LogInstance {
    let mut document = minimal();
    change(&mut document["tlogs"][0]);
    parse(&document).unwrap().tlogs()[0].clone()
}

#[test]
fn unknown_fields_and_absent_lists_are_fine() {
    let mut document = minimal();
    document["tlogs"][0]["publicKey"]["shape"] = json!({"round": [1, 2]});
    document["news"] = json!(true);
    document["ctlogs"] = json!(null);
    let root = parse(&document).unwrap();
    assert_eq!((root.tlogs().len(), root.ctlogs().len()), (1, 0));
    assert_eq!(root.tlogs()[0].origin(), "log.example/a");
    assert!(root.tlogs()[0].valid_for().end.is_none());
}

#[track_caller]
fn check_error(change: impl FnOnce(&mut Value), expect_path: &str, expect: Problem) {
    let mut document = minimal();
    change(&mut document);
    match parse(&document) {
        Err(TrustError::Field { path, problem }) => {
            assert_eq!((path.as_str(), problem), (expect_path, expect));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_say_where() {
    check_error(|it| it["tlogs"] = json!({}), "tlogs", Problem::NotAnArray);
    check_error(|it| it["tlogs"][0] = json!(7), "tlogs[0]", Problem::NotAnObject);
    check_error(
        |it| it["tlogs"][0]["baseUrl"] = json!(null),
        "tlogs[0].baseUrl",
        Problem::Missing,
    );
    check_error(
        |it| it["tlogs"][0]["baseUrl"] = json!(1),
        "tlogs[0].baseUrl",
        Problem::NotText,
    );
    let key = "tlogs[0].publicKey";
    check_error(|it| it["tlogs"][0]["publicKey"] = json!([]), key, Problem::NotAnObject);
    let raw = "tlogs[0].publicKey.rawBytes";
    check_error(
        |it| it["tlogs"][0]["publicKey"]["rawBytes"] = json!("AA A"),
        raw,
        Problem::NotBase64,
    );
    let start = "tlogs[0].publicKey.validFor.start";
    let soon = |it: &mut Value| it["tlogs"][0]["publicKey"]["validFor"]["start"] = json!("soon");
    check_error(soon, start, Problem::NotATime(NotATime));
    let id = "tlogs[0].logId.keyId";
    check_error(|it| it["tlogs"][0]["logId"] = json!({}), id, Problem::Missing);
    let certificate = "certificateAuthorities[0].certChain.certificates[0].rawBytes";
    let broken = |it: &mut Value| {
        it["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = json!("?");
    };
    check_error(broken, certificate, Problem::NotBase64);
}

#[test]
fn an_error_reads_as_a_sentence() {
    let mut document = minimal();
    document["tlogs"][0]["publicKey"]["validFor"]["start"] = json!("soon");
    let error = parse(&document).unwrap_err().to_string();
    let expect = "tlogs[0].publicKey.validFor.start is not a time as RFC 3339 writes it, such as 2026-08-22T00:00:00Z";
    assert_eq!(error, expect);
}

#[test]
fn other_files_are_refused() {
    let wrong = |bytes: &[u8]| TrustedRoot::parse(bytes).unwrap_err();
    assert!(matches!(wrong(b""), TrustError::NotJson(_)));
    assert!(matches!(wrong(&b"[".repeat(100_000)), TrustError::NotJson(_)));
    let too_large = vec![b' '; MAX_DOCUMENT_BYTES + 1];
    assert!(matches!(wrong(&too_large), TrustError::TooLarge { bytes } if bytes == too_large.len()));
    assert_eq!(TrustedRoot::parse(br#"{"tlogs":[]}"#).unwrap().tlogs().len(), 0);
    for document in [
        &b"{}"[..],
        b"[]",
        b"7",
        br#"{"mediaType":7,"tlogs":[]}"#,
        br#"{"tlogs":{}}"#,
    ] {
        assert!(matches!(wrong(document), TrustError::WrongMediaType { found, .. } if found == "missing"));
    }
    let config = sentinel_sigstore::signing_config::PUBLIC_V1;
    assert!(matches!(wrong(config), TrustError::WrongMediaType { .. }));
    let root = sentinel_sigstore::trusted_root::PUBLIC_TRUSTED_ROOT;
    assert!(matches!(
        SigningConfig::parse(root),
        Err(TrustError::WrongMediaType { .. })
    ));
}

#[test]
fn a_config_needs_url_and_version() {
    let parse = |service: Value| {
        let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
        SigningConfig::parse(
            json!({"mediaType": media_type, "rekorTlogUrls": [service]})
                .to_string()
                .as_bytes(),
        )
    };
    let good = parse(json!({"url": "https://a.example", "majorApiVersion": 3})).unwrap();
    assert_eq!(good.rekor_api("a.example"), None);
    for (service, expect) in [
        (
            json!({"majorApiVersion": 1}),
            ("rekorTlogUrls[0].url", Problem::Missing),
        ),
        (
            json!({"url": "a", "majorApiVersion": "1"}),
            ("rekorTlogUrls[0].majorApiVersion", Problem::NotANumber),
        ),
        (
            json!({"url": "a", "majorApiVersion": -1}),
            ("rekorTlogUrls[0].majorApiVersion", Problem::NotANumber),
        ),
        (
            json!({"url": "a"}),
            ("rekorTlogUrls[0].majorApiVersion", Problem::Missing),
        ),
    ] {
        let Err(TrustError::Field { path, problem }) = parse(service) else {
            panic!("accepted")
        };
        assert_eq!((path.as_str(), problem), expect);
    }
}

// ---- keys that cannot be used spoil nothing but themselves

#[test]
fn a_v2_key_is_checked_against_the_ids_of_the_file() {
    let key = |log: &LogInstance| log.verifier_key(RekorApi::V2);
    let plain = first_log(|_| ());
    let only = key(&plain).unwrap();
    assert_eq!(only.name(), "log.example/a");
    let id = only.key_id();
    let with = |field: &'static str, bytes: &[u8]| {
        let bytes = STANDARD.encode(bytes);
        first_log(|log| log[field] = json!({"keyId": bytes}))
    };
    assert!(key(&with("logId", &[&id.0[..], &[7; 28]].concat())).is_ok());
    assert!(key(&with("checkpointKeyId", &id.0)).is_ok());
    let wrong = KeyId([id.0[0] ^ 1, id.0[1], id.0[2], id.0[3]]);
    let mismatch = KeyTrouble::WrongKeyId {
        named: wrong,
        computed: id,
    };
    assert_eq!(key(&with("logId", &wrong.0)), Err(mismatch.clone()));
    assert_eq!(key(&with("checkpointKeyId", &wrong.0)), Err(mismatch));
    assert_eq!(
        key(&with("logId", &id.0[..3])),
        Err(KeyTrouble::ShortKeyId { bytes: 3 })
    );
    // Beside a checkpointKeyId, the logId may be of another rule.
    let beside = first_log(|log| {
        log["logId"] = json!({"keyId": STANDARD.encode([9; 32])});
        log["checkpointKeyId"] = json!({"keyId": STANDARD.encode(id.0)});
    });
    assert!(key(&beside).is_ok());
}

#[test]
fn unusable_keys_are_kept_and_say_why() {
    let key = |change: fn(&mut Value)| first_log(change).verifier_key(RekorApi::V2);
    let unknown = first_log(|log| log["publicKey"]["keyDetails"] = json!("PKIX_MAGIC"));
    assert_eq!(unknown.key.details, KeyDetails::Other("PKIX_MAGIC".into()));
    assert_eq!(
        unknown.verifier_key(RekorApi::V2),
        Err(KeyTrouble::UnknownKind("PKIX_MAGIC".into()))
    );
    assert_eq!(
        key(|log| log["publicKey"]["keyDetails"] = json!(99)),
        Err(KeyTrouble::UnknownKind("99".into()))
    );
    assert!(key(|log| log["publicKey"]["keyDetails"] = json!(7)).is_ok());
    assert_eq!(
        key(|log| log["publicKey"]["keyDetails"] = json!("PKIX_ECDSA_P256_SHA_256")),
        Err(KeyTrouble::WrongKind)
    );
    assert_eq!(
        key(|log| log["hashAlgorithm"] = json!("SHA2_512")),
        Err(KeyTrouble::UnknownHash("SHA2_512".into()))
    );
    assert!(key(|log| _ = log.as_object_mut().unwrap().remove("hashAlgorithm")).is_ok());
    assert!(matches!(
        key(|log| log["publicKey"]["rawBytes"] = json!("AAAA")),
        Err(KeyTrouble::Key(KeyError::Malformed | KeyError::Algorithm))
    ));
    assert!(matches!(
        key(|log| log["baseUrl"] = json!("https://")),
        Err(KeyTrouble::Key(KeyError::Name))
    ));
    assert_eq!(origin_of("https://"), "");
}

#[test]
fn a_log_of_unknown_interface_has_the_keys_that_its_ids_bear_out() {
    let ids = |log: &LogInstance| log.verifier_keys().iter().map(VerifierKey::key_id).collect::<Vec<_>>();
    let either = first_log(|_| ());
    let [note, spki] = ids(&either)[..] else {
        panic!("two rules, two ids")
    };
    let named = |id: KeyId| first_log(|log| log["logId"] = json!({"keyId": STANDARD.encode(id.0)}));
    assert_eq!(ids(&named(note)), [note]);
    assert_eq!(ids(&named(spki)), [spki]);
    assert_eq!(named(spki).trouble(), None);
    let neither = named(KeyId([0; 4]));
    assert_eq!(ids(&neither), []);
    let expect = KeyTrouble::WrongKeyId {
        named: KeyId([0; 4]),
        computed: note,
    };
    assert_eq!(neither.trouble(), Some(expect));
}
