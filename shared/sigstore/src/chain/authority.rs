//! An authority of the trusted root, read and checked once: which of its certificates may issue, and when.
//!
//! Its certificates stand in order, the issuing one first (`X509CertificateChain` of Sigstore's protobuf-specs). A leaf may be
//! issued by any of them; what counts is the rest of the list from there, up to the last, which is the trust anchor.

use tlog::Hash;

use super::extensions::{self, PathLength};
use super::parts::Parts;
use super::signature::{Checked, PublicKey};
use super::verdict::Why;
use crate::document::Validity;
use crate::trusted_root::Authority;

/// Authorities of one trusted root that are used. The public one has two; a deployment that renews yearly has few more.
pub const MAX_AUTHORITIES: usize = 256;

/// Certificates of one authority. Fulcio's have one and two; OpenSSL takes paths of 100, and nobody has more than a handful.
pub const MAX_CHAIN_CERTIFICATES: usize = 8;

/// The longest certificate of an authority: those of RSA with 16,384 bits take 5 kB.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// An authority that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authority {authority} of the trusted root cannot be used: {trouble}")]
pub struct Unusable {
    /// Where it is, or its place in the list.
    pub authority: String,
    /// Why.
    pub trouble: Trouble,
}

/// Why an authority cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The trusted root names more than [`MAX_AUTHORITIES`].
    #[error("more than {MAX_AUTHORITIES} authorities are named")]
    TooMany,
    /// It has no certificate, or more than [`MAX_CHAIN_CERTIFICATES`].
    #[error("it has {certificates} certificates; 1 to {MAX_CHAIN_CERTIFICATES} are read")]
    Certificates {
        /// How many it has.
        certificates: usize,
    },
    /// A certificate is longer than [`MAX_CERTIFICATE_BYTES`], or is none.
    #[error(
        "its certificate {place}, counted from 0, is no certificate of at most {MAX_CERTIFICATE_BYTES} bytes in DER"
    )]
    Certificate {
        /// Which one, counted from 0.
        place: usize,
    },
}

/// An authority, ready to judge.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) name: String,
    issuers: Vec<Issuer>,
}

/// A certificate of an authority that may have issued a leaf.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    subject: Vec<u8>,
    key: PublicKey,
    key_hash: Hash,
    /// When the trusted root trusts the authority.
    trusted: Validity,
    /// When every certificate from here to the anchor is valid.
    valid: Validity,
    /// What is wrong from here to the anchor at any time, if anything.
    defect: Option<Why>,
}

/// Why a certificate is not trusted, and by whom it was signed all the same.
pub(crate) struct Ruling<'a> {
    pub(crate) why: Why,
    pub(crate) authority: Option<&'a str>,
}

impl Prepared {
    /// Reads the authority that stands at `place` of the trusted root.
    pub(crate) fn of(authority: &Authority, place: usize) -> Result<Self, Unusable> {
        let name = authority.uri.clone();
        let name = name.unwrap_or_else(|| format!("certificateAuthorities[{place}]"));
        match issuers(authority, place) {
            Ok(issuers) => Ok(Self { name, issuers }),
            Err(trouble) => Err(Unusable {
                authority: name,
                trouble,
            }),
        }
    }

    pub(crate) fn issuers(&self) -> impl Iterator<Item = (&Self, &Issuer)> {
        self.issuers.iter().map(move |issuer| (self, issuer))
    }
}

impl Issuer {
    /// Whether this is its distinguished name, byte by byte.
    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        self.subject == name
    }

    /// SHA-256 of its SubjectPublicKeyInfo.
    pub(crate) fn key_hash(&self) -> &Hash {
        &self.key_hash
    }

    /// Whether it issued `leaf`, and verifiers accept that.
    pub(crate) fn rule(&self, leaf: &Parts<'_>) -> Result<(), Why> {
        match self.key.check(leaf.scheme, leaf.signed, leaf.signature) {
            Checked::Verifies => {}
            Checked::DoesNot => return Err(Why::Signature),
            Checked::CannotTell => return Err(Why::Algorithm),
        }
        if extensions::is_precertificate(leaf) {
            return Err(Why::Precertificate);
        }
        if extensions::code_signing(leaf) != Some(true) {
            return Err(Why::ExtendedKeyUsage);
        }
        well_formed(leaf)?;
        self.defect.map_or(Ok(()), Err)?;
        if !self.valid.contains(leaf.not_before) {
            return Err(Why::OutsideValidity);
        }
        if !self.trusted.contains(leaf.not_before) {
            return Err(Why::OutsideAuthority);
        }
        if leaf.not_after < leaf.not_before {
            return Err(Why::NeverValid);
        }
        Ok(())
    }
}

fn issuers(authority: &Authority, place: usize) -> Result<Vec<Issuer>, Trouble> {
    let certificates = authority.certificates.len();
    if place >= MAX_AUTHORITIES {
        return Err(Trouble::TooMany);
    }
    if !(1..=MAX_CHAIN_CERTIFICATES).contains(&certificates) {
        return Err(Trouble::Certificates { certificates });
    }
    let mut chain = Vec::with_capacity(certificates);
    for (place, der) in authority.certificates.iter().enumerate() {
        let parts = Parts::read(der).filter(|_| der.len() <= MAX_CERTIFICATE_BYTES);
        chain.push(parts.ok_or(Trouble::Certificate { place })?);
    }
    let suffixes = (0..chain.len()).filter_map(|from| chain.get(from..));
    Ok(suffixes.filter_map(|path| issuer(path, authority.valid_for)).collect())
}

/// The first certificate of `path`, whose last one is the anchor.
fn issuer(path: &[Parts<'_>], trusted: Validity) -> Option<Issuer> {
    let (first, _) = path.split_first()?;
    Some(Issuer {
        subject: first.subject.to_vec(),
        key: PublicKey::of(first.spki),
        key_hash: Hash::of(first.spki),
        trusted,
        valid: Validity {
            start: path.iter().map(|it| it.not_before).max(),
            end: path.iter().map(|it| it.not_after).min(),
        },
        defect: links(path).and_then(|()| authorised(path)).err(),
    })
}

/// Each certificate is issued by the next one.
fn links(path: &[Parts<'_>]) -> Result<(), Why> {
    for (child, parent) in path.iter().zip(path.iter().skip(1)) {
        if child.issuer != parent.subject {
            return Err(Why::BrokenAuthority);
        }
        match PublicKey::of(parent.spki).check(child.scheme, child.signed, child.signature) {
            Checked::Verifies => {}
            Checked::DoesNot => return Err(Why::BrokenAuthority),
            Checked::CannotTell => return Err(Why::Algorithm),
        }
    }
    Ok(())
}

/// Each certificate may issue what stands below it, for signing code.
fn authorised(path: &[Parts<'_>]) -> Result<(), Why> {
    let mut below = 0;
    for ca in path {
        let length = extensions::path_length(ca).ok_or(Why::NotACa)?;
        if !extensions::may_sign_certificates(ca) {
            return Err(Why::NotACa);
        }
        if matches!(length, PathLength::AtMost(length) if length < below) {
            return Err(Why::PathTooLong);
        }
        // RFC 5280 says nothing of it; Fulcio and Go's verifier let usages nest.
        if extensions::code_signing(ca) == Some(false) {
            return Err(Why::ExtendedKeyUsage);
        }
        if extensions::constrains(ca) {
            return Err(Why::Constraints);
        }
        well_formed(ca)?;
        // RFC 5280 4.2.1.9: what is self-issued does not count.
        below += u64::from(!ca.is_self_issued());
    }
    Ok(())
}

fn well_formed(parts: &Parts<'_>) -> Result<(), Why> {
    if extensions::has_unknown_critical(parts) {
        return Err(Why::CriticalExtension);
    }
    if extensions::has_duplicates(parts) {
        return Err(Why::DuplicateExtension);
    }
    Ok(())
}
