//! Signed notes: forms, caps, and which signatures count.

use sentinel_tlog::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError};

use crate::support::{ORIGIN, Signer, cosign, flips, signature_line, signed};
use sentinel_tlog::{CosignatureError, KeyIdRule};

const TEXT: &str = "one line\n\nanother\n";

fn signers() -> [Signer; 4] {
    [
        Signer::ed25519("a.example", 1),
        Signer::ed25519_by("b.example", 2, KeyIdRule::Spki),
        Signer::p256("c.example", 3),
        Signer::p384("d.example", 4),
    ]
}

fn parse(note: &str) -> Note {
    Note::parse(note.as_bytes()).unwrap()
}

fn bad(signer: &Signer) -> NoteError {
    NoteError::BadSignature {
        name: signer.key.name().to_owned(),
        key_id: signer.key.key_id(),
    }
}

#[test]
fn each_algorithm_verifies_in_any_position() {
    let unknown = signature_line("unknown.example", [1, 2, 3, 4], &[5; 5000]);
    for signer in signers() {
        let line = signer.line(TEXT);
        for lines in [
            line.clone(),
            unknown.clone() + &line,
            line.clone() + &unknown,
            unknown.clone() + &line + &unknown,
        ] {
            let note = parse(&format!("{TEXT}\n{lines}"));
            assert_eq!(note.text(), TEXT);
            assert_eq!(note.verify(std::slice::from_ref(&signer.key)), Ok(vec![&signer.key]));
            assert_eq!(note.verify(&[]), Err(NoteError::NoTrustedSignature));
        }
    }
}

#[test]
fn all_signers_are_named_each_once() {
    let [a, b, c, d] = &signers();
    let note = parse(&signed(TEXT, &[a, c, b, a]));
    let keys = [a, b, c, d].map(|signer| signer.key.clone());
    assert_eq!(note.verify(&keys), Ok(vec![&keys[0], &keys[2], &keys[1]]));
    assert_eq!(note.signatures().len(), 4);
}

#[test]
fn a_bad_signature_of_a_known_key_rejects_the_note() {
    let [good, other, ..] = &signers();
    for signer in &signers() {
        let forged = signature_line(signer.key.name(), signer.key.key_id().0, &signer.sign("another text\n"));
        let empty = signature_line(signer.key.name(), signer.key.key_id().0, &[0]);
        for line in [forged, empty] {
            let keys = [other.key.clone(), good.key.clone(), signer.key.clone()];
            for lines in [good.line(TEXT) + &line, line.clone() + &good.line(TEXT), line.clone()] {
                let note = parse(&format!("{TEXT}\n{lines}"));
                assert_eq!(note.verify(&keys), Err(bad(signer)), "{lines}");
            }
        }
    }
}

#[test]
fn a_name_or_a_key_id_alone_is_an_unknown_key() {
    for signer in &signers() {
        let (id, signature) = (signer.key.key_id().0, signer.sign(TEXT));
        let renamed = signature_line("x.example", id, &signature);
        let other_id = signature_line(signer.key.name(), id.map(|byte| !byte), &signature);
        for line in [renamed, other_id] {
            let keys = std::slice::from_ref(&signer.key);
            assert_eq!(
                parse(&format!("{TEXT}\n{line}")).verify(keys),
                Err(NoteError::NoTrustedSignature)
            );
            let beside = parse(&format!("{TEXT}\n{line}{}", signer.line(TEXT)));
            assert_eq!(beside.verify(keys), Ok(vec![&signer.key]));
        }
    }
}

#[test]
fn of_two_keys_with_one_name_and_id_either_may_sign() {
    let signer = Signer::ed25519("a.example", 1);
    let keys = [signer.key.clone(), signer.key.clone()];
    assert_eq!(parse(&signed(TEXT, &[&signer])).verify(&keys), Ok(vec![&keys[0]]));
}

#[test]
fn forms_next_to_a_note_are_refused() {
    fn check(note: impl AsRef<[u8]>, expect: NoteError) {
        let bytes = note.as_ref();
        assert_eq!(Note::parse(bytes), Err(expect), "{}", String::from_utf8_lossy(bytes));
    }
    let line = Signer::ed25519("a.example", 1).line(TEXT);
    let note = format!("{TEXT}\n{line}");
    check("", NoteError::NoBlankLine);
    check("<!doctype html><p>Service unavailable</p>", NoteError::NoBlankLine);
    check(TEXT.replace("\n\n", "\n"), NoteError::NoBlankLine);
    check(format!("\n\n{line}"), NoteError::NoBlankLine);
    check(format!("text\n{line}"), NoteError::NoBlankLine);
    check(format!("{TEXT}\n"), NoteError::NoSignatureLine);
    check(note.trim_end(), NoteError::NoSignatureLine);
    check(format!("{note}\n"), NoteError::NoSignatureLine);
    check(note.replace('\n', "\r\n"), NoteError::Control { found: b'\r', at: 8 });
    check(note.replacen("one", "o\0e", 1), NoteError::Control { found: 0, at: 1 });
    check(
        note.replacen("one", "o\te", 1),
        NoteError::Control { found: b'\t', at: 1 },
    );
    check(
        [&[b'a', 0xff], note.as_bytes()].concat(),
        NoteError::NotUtf8 { valid_bytes: 1 },
    );
    let malformed = |line| NoteError::SignatureLine { line };
    check(format!("{TEXT}\n{}", line.replace('—', "-")), malformed(1));
    check(format!("{TEXT}\n{}", line.replace("— ", "—")), malformed(1));
    check(format!("{TEXT}\n{}", line.replace("a.ex", "a+ex")), malformed(1));
    check(format!("{TEXT}\n{}", line.replace("a.ex", "a\u{2003}ex")), malformed(1));
    check(format!("{TEXT}\n{}", line.replace("a.example ", " ")), malformed(1));
    check(format!("{TEXT}\n{line}{}", line.replace("=\n", "\n")), malformed(2));
    check(format!("{TEXT}\n{line}text\n{line}"), malformed(2));
    check(
        format!("{TEXT}\n{}", signature_line("a.example", [1; 4], &[])),
        malformed(1),
    );
    check(format!("{TEXT}\n— a.example \n"), malformed(1));
    check(format!("{TEXT}\n— a.example\n"), malformed(1));
}

#[test]
fn caps_hold_and_what_the_specification_demands_fits() {
    let signer = Signer::ed25519("a.example", 1);
    let large = signature_line("pq.example", [9; 4], &vec![7; 5000]);
    let most = format!("{TEXT}\n{}{}", large.repeat(MAX_SIGNATURES - 1), signer.line(TEXT));
    assert_eq!(
        parse(&most).verify(std::slice::from_ref(&signer.key)),
        Ok(vec![&signer.key])
    );
    let more = format!("{TEXT}\n{}{}", large.repeat(MAX_SIGNATURES), signer.line(TEXT));
    assert_eq!(Note::parse(more.as_bytes()), Err(NoteError::TooManySignatures));
    let fits = |bytes: usize| {
        let rest = signer.line("").len() + 2;
        let text = "x".repeat(bytes - rest) + "\n";
        signed(&text, &[&signer])
    };
    assert!(Note::parse(fits(MAX_NOTE_BYTES).as_bytes()).is_ok());
    let found = MAX_NOTE_BYTES + 1;
    assert_eq!(Note::parse(fits(found).as_bytes()), Err(NoteError::TooLong { found }));
}

#[test]
fn each_flipped_bit_of_a_signed_note_is_noticed() {
    for signer in &signers() {
        let note = signed(TEXT, &[signer]);
        let keys = std::slice::from_ref(&signer.key);
        for (at, changed) in flips(note.as_bytes()) {
            let verified = Note::parse(&changed).is_ok_and(|note| note.verify(keys).is_ok());
            assert!(!verified, "byte {at} of {note}");
        }
    }
}

#[test]
fn cosignatures_are_of_their_text_their_time_and_their_witness() {
    let text = format!("{ORIGIN}\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    let (witness, line) = cosign("witness.example", 5, 1_700_000_000, &text);
    let (_, later) = cosign("witness.example", 5, 1_700_000_001, &text);
    let (_, impossible) = cosign("witness.example", 5, 1 << 63, &text);
    let (_, of_another_text) = cosign("witness.example", 5, 1_700_000_000, TEXT);
    let (another, _) = cosign("witness.example", 6, 0, &text);
    let note = |lines: &str| parse(&format!("{text}\n{lines}"));
    assert_eq!(witness.verify(&note(&line)), Ok(1_700_000_000));
    assert_eq!(witness.verify(&note(&(later.clone() + &line))), Ok(1_700_000_001));
    let missing = CosignatureError::Missing {
        name: another.name().to_owned(),
        key_id: another.key_id(),
    };
    assert_eq!(another.verify(&note(&line)), Err(missing));
    let bad = || {
        Err(CosignatureError::BadCosignature {
            name: witness.name().to_owned(),
            key_id: witness.key_id(),
        })
    };
    assert_eq!(witness.verify(&note(&impossible)), bad());
    assert_eq!(witness.verify(&note(&of_another_text)), bad());
    assert_eq!(witness.verify(&note(&(line.clone() + &of_another_text))), bad());
    assert_eq!(
        witness.verify(&note(&signature_line("witness.example", witness.key_id().0, &[1; 7]))),
        bad()
    );
    for (at, changed) in flips(note(&line).raw().as_bytes()) {
        let cosigned = Note::parse(&changed).is_ok_and(|note| witness.verify(&note).is_ok());
        assert!(!cosigned, "byte {at}");
    }
}
