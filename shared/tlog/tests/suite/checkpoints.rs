//! Checkpoints: what is one by form, and what makes one authentic.

use sentinel_tlog::{
    Checkpoint, CheckpointError, FormError, Hash, KeyIdRule, MAX_TREE_SIZE, NoteError, SignedCheckpoint,
};

use crate::support::{ORIGIN, Signer, checkpoint_text, flips, signature_line, signed};

const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn checkpoints_come_back_from_their_text() {
    let frozen = format!("{ORIGIN}\n7\n{ROOT}\nLog frozen — 2026-01-01\n");
    let plain = format!("{ORIGIN}\n7\n{ROOT}\n");
    let stamped = format!("{ORIGIN}\n7\n{ROOT}\nTimestamp: 1680012617280000831\nanother line\n");
    for (text, is_frozen, extensions) in [(frozen, true, 1), (plain, false, 0), (stamped, false, 2)] {
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size, checkpoint.root),
            (ORIGIN, 7, Hash::EMPTY_ROOT)
        );
        assert_eq!(
            (checkpoint.is_frozen(), checkpoint.extensions.len()),
            (is_frozen, extensions)
        );
    }
    let not_frozen = format!("{ORIGIN}\n7\n{ROOT}\nThe Log frozen — never\nLog frozen\n");
    assert!(!Checkpoint::parse(&not_frozen).unwrap().is_frozen());
}

#[test]
fn forms_next_to_a_checkpoint_are_refused() {
    fn check(text: &str, expect: &Result<u64, FormError>) {
        let size = Checkpoint::parse(text).map(|checkpoint| checkpoint.size);
        assert_eq!(&size, expect, "{text}");
    }
    let with_size = |size: &str| format!("{ORIGIN}\n{size}\n{ROOT}\n");
    check(&with_size("0"), &Ok(0));
    check(&with_size("9223372036854775807"), &Ok(MAX_TREE_SIZE));
    for size in [
        "",
        "00",
        "07",
        "+7",
        "-7",
        " 7",
        "7 ",
        "7.0",
        "1e3",
        "9223372036854775808",
        "18446744073709551616",
        "seven",
    ] {
        check(&with_size(size), &Err(FormError::Size));
    }
    let with_root = |root: &str| format!("{ORIGIN}\n7\n{root}\n");
    let long = format!("{ROOT}AAAA");
    for root in [
        "",
        &ROOT[1..],
        ROOT.trim_end_matches('='),
        &ROOT.replace("FU=", "FV="),
        &ROOT.replace('+', "-"),
        &long,
        "AAAA",
    ] {
        check(&with_root(root), &Err(FormError::Root));
    }
    check("", &Err(FormError::Lines));
    check("\n", &Err(FormError::Lines));
    check(&format!("{ORIGIN}\n7\n"), &Err(FormError::Lines));
    check(&format!("{ORIGIN}\n7\n{ROOT}"), &Err(FormError::Lines));
    check(&format!("\n7\n{ROOT}\n"), &Err(FormError::Origin { found: 0 }));
    check(&format!("{}\n7\n{ROOT}\n", "o".repeat(255)), &Ok(7));
    check(
        &format!("{}\n7\n{ROOT}\n", "o".repeat(256)),
        &Err(FormError::Origin { found: 256 }),
    );
    check(
        &format!("{ORIGIN}\n7\n{ROOT}\n\n"),
        &Err(FormError::Extension { line: 1 }),
    );
    check(
        &format!("{ORIGIN}\n7\n{ROOT}\none\n\nthree\n"),
        &Err(FormError::Extension { line: 2 }),
    );
}

#[test]
fn a_checkpoint_is_authentic_for_its_log_and_its_keys() {
    let (signer, other) = (Signer::ed25519(ORIGIN, 1), Signer::ed25519(ORIGIN, 2));
    let text = checkpoint_text(ORIGIN, 7, Hash::EMPTY_ROOT);
    let note = signed(&text, &[&signer]);
    let keys = [other.key.clone(), signer.key.clone()];
    let checkpoint = SignedCheckpoint::open(note.as_bytes(), ORIGIN, &keys).unwrap();
    assert_eq!(
        (checkpoint.origin(), checkpoint.size(), checkpoint.root()),
        (ORIGIN, 7, Hash::EMPTY_ROOT)
    );
    assert_eq!(
        (checkpoint.note(), checkpoint.signers()),
        (note.as_str(), &[signer.key.key_id()][..])
    );

    let open = |note: &str, origin: &str| SignedCheckpoint::open(note.as_bytes(), origin, &keys[1..]);
    let (expected, found) = ("log.example/two".to_owned(), ORIGIN.to_owned());
    assert_eq!(
        open(&note, "log.example/two"),
        Err(CheckpointError::WrongOrigin { expected, found })
    );
    let origin = ORIGIN.to_owned();
    assert_eq!(
        open(&signed(&text, &[&other]), ORIGIN),
        Err(CheckpointError::NoTrustedSignature { origin })
    );
    let forged = format!("{text}\n{}", signature_line(ORIGIN, signer.key.key_id().0, &[1; 64]));
    let (name, key_id) = (ORIGIN.to_owned(), signer.key.key_id());
    assert_eq!(
        open(&forged, ORIGIN),
        Err(CheckpointError::BadSignature { name, key_id })
    );
    let form = |error: NoteError| Err(CheckpointError::Form(FormError::Note(error)));
    assert_eq!(open("", ORIGIN), form(NoteError::NoBlankLine));
    assert_eq!(
        open("<html>\n\n</html>\n", ORIGIN),
        form(NoteError::SignatureLine { line: 1 })
    );
    assert_eq!(
        open(&signed("hello\n", &[&signer]), ORIGIN),
        Err(CheckpointError::Form(FormError::Lines))
    );
}

#[test]
fn only_forms_are_faults_of_the_way() {
    let signer = Signer::ed25519(ORIGIN, 1);
    let note = signed(&checkpoint_text(ORIGIN, 7, Hash::EMPTY_ROOT), &[&signer]);
    let is_form = |note: &str, origin, keys: &[_]| {
        SignedCheckpoint::open(note.as_bytes(), origin, keys)
            .unwrap_err()
            .is_form()
    };
    assert!(is_form("Not Found", ORIGIN, &[]));
    assert!(is_form(
        &note.replace("\n7\n", "\nNaN\n"),
        ORIGIN,
        std::slice::from_ref(&signer.key)
    ));
    assert!(!is_form(&note, ORIGIN, &[]));
    assert!(!is_form(&note, "log.example/two", std::slice::from_ref(&signer.key)));
    assert!(!is_form(&note.replace("\n7\n", "\n8\n"), ORIGIN, &[signer.key]));
}

/// Nobody signed it, or nobody can read who did: it is a checkpoint all the same, and no outage.
#[test]
fn a_checkpoint_without_a_readable_signature_is_one() {
    let signer = Signer::ed25519(ORIGIN, 1);
    let text = checkpoint_text(ORIGIN, 7, Hash::EMPTY_ROOT);
    let note = signed(&text, &[&signer]);
    let keys = [signer.key];
    let origin = ORIGIN.to_owned();
    let unsigned = Err(CheckpointError::NoTrustedSignature { origin });
    let without = [
        text.clone(),
        format!("{text}\n"),
        format!("{text}\n\n"),
        format!("{text}\nnobody\n"),
        note.replace('—', "-"),
        note.trim_end().to_owned(),
        format!("{note}— "),
        format!("{text}\n{}", "— a AAAAAAA=\n".repeat(sentinel_tlog::MAX_SIGNATURES + 1)),
    ];
    for note in &without {
        assert_eq!(
            SignedCheckpoint::open(note.as_bytes(), ORIGIN, &keys),
            unsigned,
            "{note}"
        );
    }
    let (expected, found) = ("log.example/two".to_owned(), ORIGIN.to_owned());
    assert_eq!(
        SignedCheckpoint::open(text.as_bytes(), "log.example/two", &keys),
        Err(CheckpointError::WrongOrigin { expected, found })
    );
    for broken in [
        text.replace("\n7\n", "\nNaN\n"),
        text.trim_end().to_owned(),
        format!("\n{text}"),
    ] {
        assert!(
            SignedCheckpoint::open(broken.as_bytes(), ORIGIN, &keys)
                .unwrap_err()
                .is_form(),
            "{broken}"
        );
    }
}

/// Rekor v1: the origin line carries the tree id, the key does not, and the oldest shard said `Rekor`.
#[test]
fn the_name_of_a_key_may_differ_from_the_origin() {
    for signer in [
        Signer::p256("rekor.example", 3),
        Signer::ed25519_by("rekor.example", 4, KeyIdRule::Spki),
    ] {
        for origin in ["rekor.example - 3904496407287907110", "Rekor"] {
            let note = signed(&checkpoint_text(origin, 7, Hash::EMPTY_ROOT), &[&signer]);
            let keys = [signer.key.clone()];
            assert!(SignedCheckpoint::open(note.as_bytes(), origin, &keys).is_ok());
            let other_shard = SignedCheckpoint::open(note.as_bytes(), "rekor.example - 1", &keys);
            assert!(matches!(other_shard, Err(CheckpointError::WrongOrigin { .. })));
        }
    }
}

#[test]
fn each_flipped_bit_of_a_signed_checkpoint_is_noticed() {
    for signer in [
        Signer::ed25519(ORIGIN, 1),
        Signer::p256(ORIGIN, 2),
        Signer::p384(ORIGIN, 3),
    ] {
        let text = checkpoint_text(ORIGIN, 7, Hash::EMPTY_ROOT) + "Log frozen — 2026-01-01\n";
        let note = signed(&text, &[&signer]);
        let keys = [signer.key];
        for (at, changed) in flips(note.as_bytes()) {
            assert!(SignedCheckpoint::open(&changed, ORIGIN, &keys).is_err(), "byte {at}");
        }
    }
}
