//! Evidence: each verdict, each near-miss, and what a third party reads.

use sentinel_tlog::{
    CheckpointError, Evidence, EvidenceError, Frontier, Hash, MerkleError, PrefixProof, Verdict, consistency_proof,
    range_nodes, split_consistency,
};

use crate::support::{ORIGIN, Signer, checkpoint_text, flips, frontier, node, signed};

fn signer() -> Signer {
    Signer::ed25519(ORIGIN, 1)
}

fn note(size: u64, root: Hash) -> String {
    signed(&checkpoint_text(ORIGIN, size, root), &[&signer()])
}

fn evidence(first: &str, second: &str, proof: Option<PrefixProof>) -> Evidence {
    let (first, second) = (first.to_owned(), second.to_owned());
    Evidence {
        origin: ORIGIN.to_owned(),
        keys: vec![signer().key],
        first,
        second,
        proof,
    }
}

fn proof(from: u64, to: u64) -> PrefixProof {
    let rest = range_nodes(from, to)
        .into_iter()
        .map(node)
        .collect::<Result<_, _>>()
        .unwrap();
    PrefixProof {
        frontier: frontier(from),
        rest,
    }
}

fn root(size: u64) -> Hash {
    frontier(size).root()
}

const OTHER: Hash = Hash::from_bytes([7; 32]);

#[test]
fn two_roots_for_one_size_need_no_proof() {
    let two = evidence(&note(5, root(5)), &note(5, OTHER), None);
    assert_eq!(two.verdict(), Ok(Verdict::TwoRoots { size: 5 }));
    let same = evidence(&note(5, root(5)), &note(5, root(5)), None);
    assert_eq!(same.verdict(), Err(EvidenceError::Consistent));
}

#[test]
fn an_excluded_root_takes_the_proof_that_rebuilds_the_larger_one() {
    let (wrong, right, head) = (note(5, OTHER), note(5, root(5)), note(13, root(13)));
    let (smaller, larger) = (5, 13);
    for (first, second) in [(&wrong, &head), (&head, &wrong)] {
        let excluded = evidence(first, second, Some(proof(5, 13)));
        assert_eq!(excluded.verdict(), Ok(Verdict::Excluded { smaller, larger }));
    }
    assert_eq!(
        evidence(&right, &head, Some(proof(5, 13))).verdict(),
        Err(EvidenceError::Consistent)
    );
    assert_eq!(
        evidence(&wrong, &head, None).verdict(),
        Err(EvidenceError::NoProof { smaller, larger })
    );
    let shape = |source| {
        Err(EvidenceError::ProofShape {
            smaller,
            larger,
            source,
        })
    };
    assert_eq!(evidence(&wrong, &head, Some(proof(6, 13))).verdict(), shape(None));
    let (expected, found) = (proof(5, 13).rest.len(), proof(5, 8).rest.len());
    let length = MerkleError::RangeLength {
        from: 5,
        to: 13,
        expected,
        found,
    };
    assert_eq!(
        evidence(&wrong, &head, Some(proof(5, 8))).verdict(),
        shape(Some(length))
    );
    // As long as the folded form of the right one, and not it.
    assert!(matches!(
        evidence(&wrong, &head, Some(proof(5, 12))).verdict(),
        Err(EvidenceError::ProofDoesNotVerify { size: 13, .. })
    ));
}

/// What a log without tiles serves: the two sides of an RFC 6962 consistency proof.
#[test]
fn a_consistency_proof_accuses_as_well() {
    let served = consistency_proof(5, 13, node).unwrap();
    let split = split_consistency(5, 13, &served).unwrap();
    let folded = PrefixProof {
        frontier: split.frontier.unwrap(),
        rest: split.rest,
    };
    assert_eq!(folded.frontier, frontier(5));
    assert_ne!(folded.rest.len(), proof(5, 13).rest.len());
    let (wrong, right, head) = (note(5, OTHER), note(5, root(5)), note(13, root(13)));
    let (smaller, larger) = (5, 13);
    assert_eq!(
        evidence(&wrong, &head, Some(folded.clone())).verdict(),
        Ok(Verdict::Excluded { smaller, larger })
    );
    assert_eq!(
        evidence(&right, &head, Some(folded.clone())).verdict(),
        Err(EvidenceError::Consistent)
    );
    for at in 0..folded.rest.len() {
        let mut forged = folded.clone();
        forged.rest[at] = OTHER;
        assert!(matches!(
            evidence(&wrong, &head, Some(forged)).verdict(),
            Err(EvidenceError::ProofDoesNotVerify { size: 13, .. })
        ));
    }
}

#[test]
fn a_proof_that_rebuilds_nothing_accuses_nobody() {
    let (wrong, head) = (note(5, OTHER), note(13, root(13)));
    let honest = proof(5, 13);
    for at in 0..honest.rest.len() {
        let mut forged = honest.clone();
        forged.rest[at] = OTHER;
        let calculated = forged.frontier.root_with(&forged.rest, 13).unwrap();
        let verdict = evidence(&wrong, &head, Some(forged)).verdict();
        assert_eq!(verdict, Err(EvidenceError::ProofDoesNotVerify { size: 13, calculated }));
    }
    for at in 0..honest.frontier.hashes().len() {
        let mut hashes = honest.frontier.hashes().to_vec();
        hashes[at] = OTHER;
        let forged = PrefixProof {
            frontier: Frontier::new(5, hashes).unwrap(),
            rest: honest.rest.clone(),
        };
        let verdict = evidence(&wrong, &head, Some(forged)).verdict();
        assert!(matches!(
            verdict,
            Err(EvidenceError::ProofDoesNotVerify { size: 13, .. })
        ));
    }
}

#[test]
fn the_tree_of_no_leaves_has_one_root() {
    let (empty, impossible, head) = (note(0, Hash::EMPTY_ROOT), note(0, OTHER), note(13, root(13)));
    assert_eq!(
        evidence(&impossible, &impossible, None).verdict(),
        Ok(Verdict::ImpossibleRoot)
    );
    assert_eq!(
        evidence(&head, &impossible, None).verdict(),
        Ok(Verdict::ImpossibleRoot)
    );
    assert_eq!(
        evidence(&empty, &impossible, None).verdict(),
        Ok(Verdict::ImpossibleRoot)
    );
    assert_eq!(evidence(&empty, &head, None).verdict(), Err(EvidenceError::Consistent));
    assert_eq!(evidence(&empty, &empty, None).verdict(), Err(EvidenceError::Consistent));
}

#[test]
fn unsigned_or_foreign_checkpoints_accuse_nobody() {
    let (good, wrong) = (note(5, root(5)), note(5, OTHER));
    let unsigned = signed(&checkpoint_text(ORIGIN, 5, OTHER), &[&Signer::ed25519(ORIGIN, 9)]);
    let none = CheckpointError::NoTrustedSignature {
        origin: ORIGIN.to_owned(),
    };
    assert_eq!(
        evidence(&good, &unsigned, None).verdict(),
        Err(EvidenceError::Second(none.clone()))
    );
    assert_eq!(
        evidence(&unsigned, &good, None).verdict(),
        Err(EvidenceError::First(none))
    );
    let foreign = signed(&checkpoint_text("log.example/two", 5, OTHER), &[&signer()]);
    assert!(matches!(
        evidence(&good, &foreign, None).verdict(),
        Err(EvidenceError::Second(CheckpointError::WrongOrigin { .. }))
    ));
    for (at, changed) in flips(wrong.as_bytes()) {
        let Ok(changed) = String::from_utf8(changed) else {
            continue;
        };
        assert!(evidence(&good, &changed, None).verdict().is_err(), "byte {at}");
    }
}

#[test]
fn json_holds_all_that_a_third_party_needs() {
    let v1 = Signer::ed25519_by(ORIGIN, 3, sentinel_tlog::KeyIdRule::Spki);
    let mut excluded = evidence(&note(5, OTHER), &note(13, root(13)), Some(proof(5, 13)));
    excluded.keys.push(v1.key);
    let json = serde_json::to_value(&excluded).unwrap();
    let read: Evidence = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read, excluded);
    assert_eq!(read.verdict(), Ok(Verdict::Excluded { smaller: 5, larger: 13 }));
    assert_eq!(json["keys"][0], signer().key.to_vkey().unwrap());
    assert_eq!(json["proof"]["frontier"]["size"], 5);
    assert_eq!(
        serde_json::to_value(Verdict::TwoRoots { size: 5 }).unwrap(),
        serde_json::json!({"verdict": "two-roots", "size": 5})
    );
    let mut misshapen = json;
    misshapen["proof"]["frontier"]["size"] = 7.into();
    assert!(serde_json::from_value::<Evidence>(misshapen).is_err());
}
