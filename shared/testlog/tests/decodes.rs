//! `sigstore` reads in the leaves what was written into them, and refuses the broken ones for the right reason.

use sigstore::{Field, LeafKind, Reason, Scratch, decode};
use testlog::certificate::broken::Broken;
use testlog::certificate::{Authority, GITHUB_ISSUER, Identity, LeafCertificate};
use testlog::leaf::{self, LeafSigner};
use testlog::{Algorithm, MassLeaves, SigningKey};

const NOON: u64 = 1_800_000_000;

fn authority() -> Authority {
    Authority::new("acme", &[9; 32])
}

fn signer(identity: Identity) -> LeafSigner {
    LeafSigner::certificate(&authority().issue(&LeafCertificate::new(identity, 5, NOON)))
}

/// The values of a field, signer by signer; nothing for a leaf that does not decode.
fn values(leaf: &[u8], field: &Field) -> Option<Vec<Vec<String>>> {
    let mut scratch = Scratch::new();
    let entry = decode(LeafKind::RekorV2, leaf, &mut scratch).ok()?;
    let of = |signer: &sigstore::Signer| {
        let mut all = Vec::new();
        signer.values(field, &mut |value| all.push(value.to_owned()));
        all
    };
    Some(entry.signers().iter().map(of).collect())
}

fn refusal(leaf: &[u8]) -> Option<Reason> {
    decode(LeafKind::RekorV2, leaf, &mut Scratch::new())
        .err()
        .map(|refused| refused.reason)
}

#[test]
fn a_workflow_is_seen_as_such() {
    let signer = signer(Identity::github_workflow("acme", "tool", "release.yml", "refs/tags/v1"));
    let leaf = leaf::hashedrekord(&[7; 32], &signer);
    let san = "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1";
    let field = |name| values(&leaf, &Field::parse(name).unwrap()).unwrap();
    assert_eq!(field("san"), [[san]]);
    assert_eq!(field("issuer"), [[GITHUB_ISSUER]]);
    assert_eq!(field("source-repository-owner-uri"), [["https://github.com/acme"]]);
    assert_eq!(field("github-workflow-repository"), [["acme/tool"]]);
    let mut scratch = Scratch::new();
    let entry = decode(LeafKind::RekorV2, &leaf, &mut scratch).unwrap();
    assert_eq!((entry.kind(), entry.version()), ("hashedrekord", "0.0.2"));
    assert_eq!(entry.digests().collect::<Vec<_>>(), ["07".repeat(32)]);
}

#[test]
fn signers_stay_apart() {
    let email = |address| signer(Identity::email(address, "https://i.example"));
    let user = signer(Identity::user_name("octo", "https://i.example"));
    let leaf = leaf::dsse(&[7; 32], &[email("a@acme.example"), user, email("b@acme.example")]);
    assert_eq!(
        values(&leaf, &Field::San).unwrap(),
        [["a@acme.example"], ["octo"], ["b@acme.example"]]
    );
}

#[test]
fn keys_have_fingerprints() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384] {
        let key = SigningKey::new(algorithm, &[1; 32]);
        let leaf = leaf::hashedrekord(&[7; 32], &LeafSigner::key(&key));
        let fingerprint = tlog::Hash::of(&key.spki_der()).to_string();
        assert_eq!(
            values(&leaf, &Field::Fingerprint).unwrap(),
            [[fingerprint]],
            "{algorithm:?}"
        );
    }
}

#[test]
fn mass_leaves_decode_with_their_numbers() {
    let someone = Identity::email(&format!("build-{}@acme.example", MassLeaves::ROOM), "https://i.example");
    let leaves = MassLeaves::new(&authority(), &[someone], NOON);
    for index in [0, 1, 4321] {
        let expected = format!("build-{index:010}@acme.example");
        assert_eq!(values(&leaves.leaf(index), &Field::San).unwrap(), [[expected]]);
    }
}

/// Behind a name at the end of an extension stands the tag of the next one, which is a digit to those who read it so.
#[test]
fn mass_leaves_of_workflows_decode() {
    let repository = format!("project-{}", MassLeaves::ROOM);
    let someone = Identity::github_workflow("acme", &repository, "build.yml", "refs/heads/main");
    let leaves = MassLeaves::new(&authority(), &[someone], NOON);
    let field = Field::parse("github-workflow-repository").unwrap();
    for index in [0, 1, 4321, 9_999_999_999] {
        let expected = format!("acme/project-{index:010}");
        assert_eq!(values(&leaves.leaf(index), &field).unwrap(), [[expected]]);
    }
}

#[test]
fn what_nobody_knows_is_refused_by_name() {
    assert_eq!(refusal(&leaf::unknown("moon", "0.0.2")), Some(Reason::UnknownKind));
    assert_eq!(
        refusal(&leaf::unknown("hashedrekord", "9.0.0")),
        Some(Reason::UnknownVersion)
    );
    assert_eq!(
        refusal(&leaf::identity_service(&[[1; 32]])),
        Some(Reason::IdentityService)
    );
    assert_eq!(refusal(&leaf::dsse(&[7; 32], &[])), Some(Reason::MissingVerifier));
}

#[test]
fn broken_certificates_are_refused_or_read_to_the_end() {
    for broken in Broken::ALL {
        let certificate = broken.certificate(&authority(), 1, NOON);
        let found = refusal(&leaf::hashedrekord(&[7; 32], &LeafSigner::certificate(&certificate)));
        let expected = match broken {
            Broken::Truncated | Broken::Trailing | Broken::Overlong => Some(Reason::BadCertificate),
            Broken::NulInSan | Broken::SanNotUtf8 => Some(Reason::BadSanText),
            Broken::NoSan | Broken::IssuerNotDer | Broken::IssuerNotUtf8 | Broken::IssuerTwice | Broken::HugeSan => {
                None
            }
        };
        assert_eq!(found, expected, "{broken:?}");
    }
}
