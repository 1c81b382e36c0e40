//! C2SP tlog-policy: what is read, where it is wrong, and what the quorum comes to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_tlog::{Hash, KeyError, KeyId, MAX_POLICY_BYTES, Note, Policy, PolicyErrorKind, Sighting, WitnessKey};

use crate::support::{ORIGIN, Signer, checkpoint_text, cosign, signature_line};

const NAMES: [&str; 6] = ["X1", "X2", "X3", "Y1", "Y2", "Y3"];

fn vkey(seed: u8) -> String {
    cosign(&format!("witness.example/{seed}"), seed, 0, "").0.to_vkey()
}

/// The policy of the specification's example, with keys.
fn example() -> String {
    let log = Signer::ed25519(ORIGIN, 9).key.to_vkey().unwrap();
    let mut text = format!("# the example\nlog {log}\n\n");
    for (name, seed) in NAMES.iter().zip(1..) {
        text += &format!("witness {name} {}\n", vkey(seed));
    }
    text + "group X-witnesses 2 X1 X2 X3\n\tgroup Y-witnesses any Y1 Y2 Y3 \ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

/// A checkpoint that the witnesses of these seeds cosigned, at 1000 and their seed.
fn cosigned(seeds: &[u8]) -> Note {
    let text = checkpoint_text(ORIGIN, 7, Hash::of(b"root"));
    let lines: String = seeds
        .iter()
        .map(|seed| {
            cosign(
                &format!("witness.example/{seed}"),
                *seed,
                1_000 + u64::from(*seed),
                &text,
            )
            .1
        })
        .collect();
    let log = Signer::ed25519(ORIGIN, 9).line(&text);
    Note::parse(format!("{text}\n{log}{lines}").as_bytes()).unwrap()
}

#[test]
fn the_example_of_the_specification() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().count()), (1, 6));
    assert_eq!((policy.quorum().as_str(), policy.is_attainable()), ("X-and-Y", true));
    let check = |seeds: &[u8], met: bool| {
        let judgement = policy.judge(&cosigned(seeds));
        assert_eq!(
            (judgement.met, judgement.seen, judgement.of),
            (met, seeds.len(), 6),
            "{seeds:?}"
        );
    };
    check(&[1, 2, 4], true);
    check(&[2, 3, 6], true);
    check(&[1, 2, 3, 4, 5, 6], true);
    check(&[1, 2], false);
    check(&[1, 4, 5, 6], false);
    check(&[4], false);
    check(&[], false);
    let judgement = policy.judge(&cosigned(&[1, 2, 4]));
    assert_eq!(
        judgement.witnesses[1],
        ("X2".to_owned(), Sighting::Cosigned { time: 1_002 })
    );
    assert_eq!(judgement.witnesses[2], ("X3".to_owned(), Sighting::Missing));
    // It is for the log that it names, whatever else signs.
    let (own, other) = (
        Signer::ed25519(ORIGIN, 9).key,
        Signer::ed25519("log.example/two", 8).key,
    );
    assert!(policy.is_for(&[other.clone(), own]) && !policy.is_for(&[other]));
}

#[test]
fn a_cosignature_of_another_text_is_bad_and_one_of_another_key_unknown() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let text = checkpoint_text(ORIGIN, 7, Hash::of(b"root"));
    let (_, of_another_text) = cosign("witness.example/1", 1, 5, "another\n");
    let (_, of_another_key) = cosign("witness.example/2", 200, 5, &text);
    let log = Signer::ed25519(ORIGIN, 9).line(&text);
    let note = Note::parse(format!("{text}\n{log}{of_another_text}{of_another_key}").as_bytes()).unwrap();
    let seen: Vec<Sighting> = policy
        .judge(&note)
        .witnesses
        .into_iter()
        .map(|(_, seen)| seen)
        .collect();
    assert_eq!(seen[..3], [Sighting::Bad, Sighting::Missing, Sighting::Missing]);
}

/// Sixteen signature lines and more, most of them of unknown keys, unknown kinds and 5 kB length.
#[test]
fn many_signatures_of_any_kind() {
    let text = checkpoint_text(ORIGIN, 7, Hash::of(b"root"));
    let mut note = format!("{text}\n");
    for at in 0..40_u8 {
        note += &signature_line(&format!("mldsa.example/{at}"), [at; 4], &vec![at; 8 + 2_420]);
        note += &signature_line("log.example/one", [0xf0, 1, 2, at], &vec![at; 5_000]);
    }
    note += &Signer::ed25519(ORIGIN, 9).line(&text);
    note += &cosign("witness.example/1", 1, 77, &text).1;
    let one = format!("witness W {}\nquorum W\n", vkey(1));
    let policy = Policy::parse(one.as_bytes()).unwrap();
    let opened = sentinel_tlog::SignedCheckpoint::open(note.as_bytes(), ORIGIN, &[Signer::ed25519(ORIGIN, 9).key]);
    assert!(policy.judge(opened.unwrap().parsed_note()).met);
}

/// Two keys under one origin, as while a key is rotated: either is enough, and a bad line of a known one is too much.
#[test]
fn a_rotated_key_under_one_origin() {
    let (old, new) = (Signer::ed25519(ORIGIN, 9), Signer::p256(ORIGIN, 10));
    let text = checkpoint_text(ORIGIN, 7, Hash::of(b"root"));
    let open = |lines: &str, keys: &[sentinel_tlog::VerifierKey]| {
        let note = format!("{text}\n{lines}");
        sentinel_tlog::SignedCheckpoint::open(note.as_bytes(), ORIGIN, keys).map(|signed| signed.signers().to_vec())
    };
    let both = [old.key.clone(), new.key.clone()];
    assert_eq!(open(&old.line(&text), &both), Ok(vec![old.key.key_id()]));
    assert_eq!(open(&new.line(&text), &both), Ok(vec![new.key.key_id()]));
    let twice = old.line(&text) + &new.line(&text);
    assert_eq!(open(&twice, &both).unwrap().len(), 2);
    assert_eq!(open(&twice, &both[..1]), Ok(vec![old.key.key_id()]));
    assert!(open(&new.line(&text), &both[..1]).is_err());
    let bad = signature_line(ORIGIN, new.key.key_id().0, &[1; 70]);
    assert!(open(&(old.line(&text) + &bad), &both).is_err());
    assert!(open(&(old.line(&text) + &bad), &both[..1]).is_ok());
}

fn mldsa(name: &str, material: &[u8]) -> String {
    let id = KeyId::of(name, 6, material);
    format!("{name}+{id}+{}", STANDARD.encode([&[6], material].concat()))
}

#[test]
fn mldsa_witnesses_are_known_and_never_seen() {
    let key = mldsa("pq.example", &[7; 1_312]);
    let text = format!(
        "log {}\nwitness P {key}\nwitness E {}\n",
        mldsa(ORIGIN, &[9; 1_312]),
        vkey(1)
    );
    let policy = |rest: &str| Policy::parse(format!("{text}{rest}").as_bytes()).unwrap();
    let any = policy("group G any P E\nquorum G\n");
    assert!(any.is_attainable() && any.judge(&cosigned(&[1])).met);
    assert!(matches!(
        any.witnesses().next().unwrap().key,
        WitnessKey::MlDsa44 { .. }
    ));
    assert_eq!(any.judge(&cosigned(&[1])).witnesses[0].1, Sighting::Unreadable);
    assert!(any.logs()[0].key.is_none() && !any.is_for(&[Signer::ed25519(ORIGIN, 9).key]));
    assert!(!policy("group G all P E\nquorum G\n").is_attainable());
    assert!(!policy("quorum P\n").is_attainable());
    let short = format!("witness P {}\nquorum P\n", mldsa("pq.example", &[7; 1_311]));
    let error = Policy::parse(short.as_bytes()).unwrap_err();
    assert_eq!(error.kind, PolicyErrorKind::Key(KeyError::Malformed));
}

#[test]
fn no_quorum_is_asked_for() {
    for text in ["quorum none", "  quorum\tnone  \n", "#\n\nquorum none\n# end\n"] {
        let policy = Policy::parse(text.as_bytes()).unwrap();
        assert!(policy.judge(&cosigned(&[])).met && policy.is_attainable() && policy.is_for(&[]));
    }
}

/// Names are octets: two that look alike are two.
#[test]
fn names_are_octets() {
    let mut text = format!(
        "witness K {}\nwitness \u{212a} {} https://w.example\nwitness ",
        vkey(1),
        vkey(2)
    )
    .into_bytes();
    text.extend_from_slice(b"\xff");
    text.extend_from_slice(format!(" {}\ngroup g 2 K \u{212a}\nquorum g\n", vkey(3)).as_bytes());
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(
        policy.witnesses().nth(1).unwrap().url.as_deref(),
        Some("https://w.example")
    );
    assert!(policy.judge(&cosigned(&[1, 2])).met && !policy.judge(&cosigned(&[1, 3])).met);
    assert_eq!(policy.judge(&cosigned(&[3])).of, 2);
}

#[test]
fn errors_have_their_place() {
    let (w1, w2) = (vkey(1), vkey(2));
    let log = Signer::ed25519(ORIGIN, 9).key.to_vkey().unwrap();
    let check = |text: &str, line: usize, column: usize, kind: PolicyErrorKind| {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.column, error.kind), (line, column, kind), "{text}");
    };
    use PolicyErrorKind as Kind;
    let name = |name: &str| name.to_owned();
    let missing = |what| Kind::Missing { what };
    let threshold = |found: &str, members| Kind::Threshold {
        found: name(found),
        members,
    };
    check("", 1, 1, Kind::NoQuorum);
    check(&format!("witness a {w1}\n"), 2, 1, Kind::NoQuorum);
    check("quorum none\r\n", 1, 12, Kind::Control { found: b'\r' });
    check("# \u{e9}\u{7f}\nquorum none\n", 1, 4, Kind::Control { found: 0x7f });
    check("quorums none\n", 1, 1, Kind::Keyword { found: name("quorums") });
    check(
        "\u{a0}quorum none\n",
        1,
        1,
        Kind::Keyword {
            found: name("\u{a0}quorum"),
        },
    );
    check("quorum", 1, 7, missing("the name of a witness or a group, or `none`,"));
    check("quorum none none", 1, 13, Kind::Surplus);
    check("quorum none\n quorum none", 2, 2, Kind::SecondQuorum { line: 1 });
    check("quorum a", 1, 8, Kind::Undefined { name: name("a") });
    check(
        &format!("quorum a\nwitness a {w1}\n"),
        1,
        8,
        Kind::Undefined { name: name("a") },
    );
    check("witness a", 1, 10, missing("the witness's key (a vkey)"));
    check("witness none x", 1, 9, Kind::Reserved);
    check("witness a x+y", 1, 11, Kind::Key(KeyError::Vkey));
    check(
        &format!("witness a {log}"),
        1,
        11,
        Kind::Key(KeyError::Type { found: 1 }),
    );
    check(&format!("log {w1}"), 1, 5, Kind::Key(KeyError::Type { found: 4 }));
    check(&format!("witness a {w1} u v"), 1, 14 + w1.len(), Kind::Surplus);
    check(
        &format!("witness a {w1}\nwitness a {w2}"),
        2,
        9,
        Kind::NameTaken {
            name: name("a"),
            line: 1,
        },
    );
    check(
        &format!("witness a {w1}\nwitness b {w1}"),
        2,
        11,
        Kind::KeyTwice { line: 1 },
    );
    check(&format!("log {log}\nlog {log}"), 2, 5, Kind::KeyTwice { line: 1 });
    let two = format!("witness a {w1}\nwitness b {w2}\n");
    check(
        &format!("{two}group g"),
        3,
        8,
        missing("the threshold (`any`, `all` or a number)"),
    );
    check(&format!("{two}group g any"), 3, 12, missing("a member"));
    check(
        &format!("{two}group g any c"),
        3,
        13,
        Kind::Undefined { name: name("c") },
    );
    check(
        &format!("{two}group g any g"),
        3,
        13,
        Kind::Undefined { name: name("g") },
    );
    check(&format!("{two}group g any none"), 3, 13, Kind::Reserved);
    check(
        &format!("{two}group a any b"),
        3,
        7,
        Kind::NameTaken {
            name: name("a"),
            line: 1,
        },
    );
    for bad in ["0", "3", "01", "+1", "most", "18446744073709551617"] {
        check(&format!("{two}group g {bad} a b"), 3, 9, threshold(bad, 2));
    }
    check(
        &format!("{two}group g 1 a a"),
        3,
        13,
        Kind::MemberTwice {
            name: name("a"),
            line: 3,
        },
    );
    check(
        &format!("{two}group g any a\ngroup h all g a"),
        4,
        15,
        Kind::MemberTwice {
            name: name("a"),
            line: 3,
        },
    );
    check(
        &"#".repeat(MAX_POLICY_BYTES + 1),
        1,
        1,
        Kind::TooLong {
            found: MAX_POLICY_BYTES + 1,
        },
    );
    let long = "x".repeat(50);
    check(
        &long,
        1,
        1,
        Kind::Keyword {
            found: name(&long[..40]),
        },
    );
}

/// The same key under two names and ids is one key.
#[test]
fn a_key_under_another_name_is_the_same_key() {
    let again = cosign("another.example", 1, 0, "").0.to_vkey();
    let text = format!("witness a {}\nwitness b {again}\nquorum a\n", vkey(1));
    let error = Policy::parse(text.as_bytes()).unwrap_err();
    assert_eq!((error.line, error.kind), (2, PolicyErrorKind::KeyTwice { line: 1 }));
}
