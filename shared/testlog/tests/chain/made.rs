//! Chains to begin with, and trusted roots around them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore::certificate::index;
use sigstore::{Authorities, Certificate, ChainVerdict, Sct, Timestamp, TrustedRoot, Why};
use testlog::SigningKey;
use testlog::certificate::Identity;
use testlog::certificate::chain::{CtLog, Draft};

pub(crate) const NOON: u64 = 1_800_000_000;
pub(crate) const YEAR: u64 = 31_536_000;
pub(crate) const CA: &str = "https://ca.example";
pub(crate) const CT: &str = "https://ct.example/2027";

pub(crate) const CODE_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 3];

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::p256(&[seed; 32])
}

pub(crate) fn ct_log() -> CtLog {
    CtLog { key: key(70) }
}

/// Root, intermediate and leaf, each of which a test may change before it is signed.
pub(crate) struct Chain {
    pub(crate) root: (Draft, SigningKey),
    pub(crate) intermediate: (Draft, SigningKey),
    pub(crate) leaf: Draft,
    /// When the trusted root trusts the authority.
    pub(crate) trusted: (Option<u64>, Option<u64>),
}

impl Chain {
    pub(crate) fn new() -> Chain {
        let (root, intermediate) = (SigningKey::p384(&[1; 32]), SigningKey::p384(&[2; 32]));
        let years = (NOON - YEAR, NOON + YEAR);
        let identity = Identity::email("a@acme.example", "https://issuer.example");
        Chain {
            root: (Draft::ca("root", "root", years, &root), root.clone()),
            intermediate: (
                Draft::ca("root", "intermediate", years, &intermediate)
                    .with_path_length(0)
                    .with_usage(CODE_SIGNING),
                intermediate.clone(),
            ),
            leaf: Draft::leaf("intermediate", &identity, NOON, &key(3)),
            trusted: (Some(NOON - YEAR), None),
        }
    }

    pub(crate) fn authority(&self) -> Value {
        let certificates = [
            self.intermediate.0.signed(&self.root.1),
            self.root.0.signed(&self.root.1),
        ];
        authority(CA, &certificates, self.trusted)
    }

    pub(crate) fn verdict(&self) -> ChainVerdict {
        judge(&root(&[self.authority()], &[]), &self.leaf.signed(&self.intermediate.1))
    }

    /// Trusted before `change`, and `expect` after it.
    #[track_caller]
    pub(crate) fn check(change: impl FnOnce(&mut Chain), expect: Why) {
        let mut chain = Chain::new();
        assert_eq!(chain.verdict(), trusted(Sct::NotEmbedded));
        change(&mut chain);
        assert_eq!(why(&chain.verdict()), Some(expect));
    }
}

pub(crate) fn authority(uri: &str, certificates: &[Vec<u8>], (start, end): (Option<u64>, Option<u64>)) -> Value {
    let certificates: Vec<Value> = certificates
        .iter()
        .map(|der| json!({"rawBytes": STANDARD.encode(der)}))
        .collect();
    json!({"uri": uri, "certChain": {"certificates": certificates}, "validFor": {"start": moment(start), "end": moment(end)}})
}

pub(crate) fn moment(unix: Option<u64>) -> Option<String> {
    let moment = |unix| Timestamp::from_unix(i64::try_from(unix).unwrap()).to_string();
    unix.map(moment)
}

pub(crate) fn logged(key: &SigningKey, (start, end): (Option<u64>, Option<u64>)) -> Value {
    json!({"baseUrl": CT, "hashAlgorithm": "SHA2_256", "publicKey": {
        "rawBytes": STANDARD.encode(key.spki_der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "validFor": {"start": moment(start), "end": moment(end)},
    }})
}

pub(crate) fn root(authorities: &[Value], logs: &[Value]) -> Authorities {
    let root = json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [], "ctlogs": logs, "certificateAuthorities": authorities,
    });
    Authorities::of(&TrustedRoot::parse(root.to_string().as_bytes()).unwrap())
}

pub(crate) fn judge(authorities: &Authorities, der: &[u8]) -> ChainVerdict {
    let mut slots = Vec::new();
    let layout = index(der, &mut slots).unwrap();
    authorities.judge(&Certificate::new(der, &layout, &slots))
}

pub(crate) fn trusted(sct: Sct) -> ChainVerdict {
    ChainVerdict::Trusted {
        authority: CA.to_owned(),
        sct,
    }
}

pub(crate) fn why(verdict: &ChainVerdict) -> Option<Why> {
    match verdict {
        ChainVerdict::Trusted { .. } => None,
        ChainVerdict::Refused { authority, why } => {
            assert_eq!(authority, CA);
            Some(*why)
        }
        ChainVerdict::Untrusted { why } | ChainVerdict::Unknown { why } => Some(*why),
    }
}
