//! Offline proofs: written, read, verified, and refused when anything changes.

use sentinel_tlog::{CheckpointError, MerkleError, ProofError, TlogProof, inclusion_proof};

use crate::support::{ORIGIN, Signer, checkpoint_text, flips, frontier, leaf, node, signed};

fn proof(index: u64, size: u64) -> (TlogProof, Signer) {
    let signer = Signer::ed25519(ORIGIN, 1);
    let checkpoint = signed(&checkpoint_text(ORIGIN, size, frontier(size).root()), &[&signer]);
    let hashes = inclusion_proof(index, size, node).unwrap();
    (
        TlogProof {
            extra: None,
            index,
            hashes,
            checkpoint,
        },
        signer,
    )
}

#[test]
fn proofs_come_back_from_their_text_and_verify() {
    for (index, size) in [(0, 1), (0, 2), (4, 5), (6, 13), (12, 13)] {
        let (plain, signer) = proof(index, size);
        let with_extra = TlogProof {
            extra: Some(b"why".to_vec()),
            ..plain.clone()
        };
        let with_nothing = TlogProof {
            extra: Some(Vec::new()),
            ..plain.clone()
        };
        for proof in [plain, with_extra, with_nothing] {
            assert_eq!(TlogProof::parse(&proof.to_text()), Ok(proof.clone()));
            let checkpoint = proof
                .verify(leaf(index), ORIGIN, std::slice::from_ref(&signer.key))
                .unwrap();
            assert_eq!(checkpoint.size(), size);
        }
    }
}

#[test]
fn the_text_is_that_of_the_specification() {
    let (proof, _) = proof(0, 2);
    let expect = format!(
        "c2sp.org/tlog-proof@v1\nindex 0\n{}\n\n{}",
        leaf(1).to_base64(),
        proof.checkpoint
    );
    assert_eq!(proof.to_text(), expect);
    let with_extra = TlogProof {
        extra: Some(b"why".to_vec()),
        ..proof
    };
    assert!(
        with_extra
            .to_text()
            .starts_with("c2sp.org/tlog-proof@v1\nextra d2h5\nindex 0\n")
    );
}

#[test]
fn near_misses_are_refused() {
    fn check(text: &str, expect: &ProofError) {
        assert_eq!(TlogProof::parse(text).as_ref(), Err(expect), "{text}");
    }
    let (proof, _) = proof(0, 2);
    let text = proof.to_text();
    check("", &ProofError::Header);
    check(&text.replace("@v1", "@v2"), &ProofError::Header);
    check(&text.replace("@v1\n", "@v1 \n"), &ProofError::Header);
    check(&text.replace("index 0", "extra @\nindex 0"), &ProofError::Extra);
    check(
        &text.replace("index 0", "extra d2h5\nextra d2h5\nindex 0"),
        &ProofError::Index,
    );
    check(&text.replace("index 0", "index 00"), &ProofError::Index);
    check(&text.replace("index 0", "index -1"), &ProofError::Index);
    check(&text.replace("index 0\n", ""), &ProofError::Index);
    check(&text.replacen("=\n", "\n", 1), &ProofError::Hash { line: 1 });
    check(&text.replacen("=\n", "=\r\n", 1), &ProofError::Hash { line: 1 });
    check(text.split_once("\n\n").unwrap().0, &ProofError::NoCheckpoint);
    check("c2sp.org/tlog-proof@v1\nindex 0\n\n", &ProofError::NoCheckpoint);
    let hash = format!("{}\n", leaf(0).to_base64());
    check(
        &text.replace("index 0\n", &format!("index 0\n{}", hash.repeat(63))),
        &ProofError::Hash { line: 64 },
    );
    check(
        &"x".repeat(sentinel_tlog::MAX_PROOF_BYTES + 1),
        &ProofError::TooLong { found: 2_097_153 },
    );
}

#[test]
fn each_flipped_bit_of_a_proof_is_noticed() {
    let (proof, signer) = proof(5, 13);
    let keys = [signer.key];
    for (at, changed) in flips(proof.to_text().as_bytes()) {
        let Ok(changed) = String::from_utf8(changed) else {
            continue;
        };
        let verified = TlogProof::parse(&changed).and_then(|proof| proof.verify(leaf(5), ORIGIN, &keys));
        assert!(verified.is_err(), "byte {at}: {changed}");
    }
}

#[test]
fn a_proof_holds_for_its_leaf_its_place_its_log_and_its_keys() {
    let (proof, signer) = proof(5, 13);
    let keys = [signer.key];
    assert!(matches!(
        proof.verify(leaf(6), ORIGIN, &keys),
        Err(ProofError::Inclusion(MerkleError::RootMismatch { size: 13, .. }))
    ));
    let elsewhere = TlogProof {
        index: 4,
        ..proof.clone()
    };
    assert!(matches!(
        elsewhere.verify(leaf(5), ORIGIN, &keys),
        Err(ProofError::Inclusion(MerkleError::RootMismatch { .. }))
    ));
    let outside = TlogProof {
        index: 13,
        ..proof.clone()
    };
    assert_eq!(
        outside.verify(leaf(5), ORIGIN, &keys),
        Err(ProofError::Inclusion(MerkleError::IndexOutside { index: 13, size: 13 }))
    );
    assert!(matches!(
        proof.verify(leaf(5), "log.example/two", &keys),
        Err(ProofError::Checkpoint(CheckpointError::WrongOrigin { .. }))
    ));
    assert!(matches!(
        proof.verify(leaf(5), ORIGIN, &[Signer::ed25519(ORIGIN, 2).key]),
        Err(ProofError::Checkpoint(CheckpointError::NoTrustedSignature { .. }))
    ));
}
