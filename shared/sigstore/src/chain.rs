//! Whether a CA of the trusted root issued a certificate: a fact beside a match, never a condition of it.
//!
//! The moment that counts is the certificate's own `notBefore`, never the present: certificates of Fulcio live ten minutes
//! and are judged for years. Each authority of the trusted root is asked by itself, and the first under which everything
//! holds wins: the issuer's name, its signature, and for every certificate from there to the last one of the authority's
//! chain validity, `basicConstraints` with its path length, `keyUsage` and `extKeyUsage`. The last one is the trust anchor:
//! its own signature is not asked for. Where nothing holds, the most telling reason is given.
//!
//! Three answers besides yes are kept apart, because they mean different things. *Untrusted*: no CA of the trusted root
//! signed this; anybody can make such a certificate. *Refused*: a CA signed it, and verifiers refuse it all the same. *Unknown*:
//! we cannot say, for instance because the CA signs with RSA, for which there is no code here; another verifier may accept
//! it. What a verifier of this trusted root might accept is never called untrusted.
//!
//! Revocation is not looked at (Fulcio revokes nothing), nor whether the names in the certificate are true.

mod signature;
mod parts;
mod extensions;
mod verdict;
mod authority;
mod sct;

use crate::certificate::Certificate;
use crate::trusted_root::TrustedRoot;

use authority::{Prepared, Ruling};
use parts::Parts;
use sct::CtLog;

pub use authority::{MAX_AUTHORITIES, MAX_CERTIFICATE_BYTES, MAX_CHAIN_CERTIFICATES, Trouble, Unusable};
pub use sct::MAX_SCTS;
pub use verdict::{ChainVerdict, Sct, Why};

/// Issuers of one name that a certificate is held against: each may cost a check of a signature, and the public trusted root
/// has two.
const MAX_CANDIDATES: usize = 8;

/// The certificate authorities and certificate transparency logs of a trusted root, read once for many certificates.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    prepared: Vec<Prepared>,
    unusable: Vec<Unusable>,
    logs: Vec<CtLog>,
}

impl Authorities {
    /// Those of `root`. What cannot be used is kept with its reason, see [`Authorities::unusable`].
    pub fn of(root: &TrustedRoot) -> Self {
        let mut all = Self {
            logs: root.ctlogs().iter().map(CtLog::of).collect(),
            ..Self::default()
        };
        for (place, authority) in root.certificate_authorities().iter().enumerate() {
            match Prepared::of(authority, place) {
                Ok(prepared) => all.prepared.push(prepared),
                Err(unusable) => all.unusable.push(unusable),
            }
        }
        all
    }

    /// Whether the trusted root names no authority at all: then every verdict is [`Why::NoAuthority`].
    pub fn is_empty(&self) -> bool {
        self.prepared.is_empty() && self.unusable.is_empty()
    }

    /// The authorities that cannot be used. While there are any, a certificate that no other authority issued is
    /// [`ChainVerdict::Unknown`].
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// Whether one of these authorities issued `certificate`, at its own time, and what certificate transparency says of it.
    pub fn judge(&self, certificate: &Certificate<'_>) -> ChainVerdict {
        if self.is_empty() {
            return ChainVerdict::of(Why::NoAuthority, None);
        }
        let Some(leaf) = Parts::read(certificate.der()) else {
            return ChainVerdict::of(Why::Unreadable, None);
        };
        let mut worst = Ruling {
            why: if self.unusable.is_empty() {
                Why::NoSuchAuthority
            } else {
                Why::UnusableAuthority
            },
            authority: None,
        };
        let issuers = self.prepared.iter().flat_map(Prepared::issuers);
        let mut named = issuers.filter(|(_, issuer)| issuer.is_named(leaf.issuer));
        for (authority, issuer) in named.by_ref().take(MAX_CANDIDATES) {
            match issuer.rule(&leaf) {
                Ok(()) => {
                    return ChainVerdict::Trusted {
                        authority: authority.name.clone(),
                        sct: sct::judge(&leaf, issuer.key_hash(), &self.logs),
                    };
                }
                Err(why) if why > worst.why => {
                    worst = Ruling {
                        why,
                        authority: Some(&authority.name),
                    };
                }
                Err(_) => {}
            }
        }
        if named.next().is_some() && worst.why < Why::TooManyAuthorities {
            worst.why = Why::TooManyAuthorities;
        }
        ChainVerdict::of(worst.why, worst.authority)
    }
}
