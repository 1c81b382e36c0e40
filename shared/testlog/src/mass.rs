//! Leaves by the million: certificates and entries are made once and patched for each index.
//!
//! Everything has the right form and length. A patched certificate has another serial number, and another name
//! where the name has room for a number, under the signature of the one it was made from.

use crate::certificate::{Authority, Identity, LeafCertificate, SERIAL_PREFIX};
use crate::leaf::{self, LeafSigner};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Makes `hashedrekord` leaves from templates, one after the other.
///
/// ```
/// use testlog::MassLeaves;
/// use testlog::certificate::{Authority, Identity};
///
/// let someone = Identity::email(&format!("build-{}@acme.example", MassLeaves::ROOM), "https://issuer.example");
/// let leaves = MassLeaves::new(&Authority::new("acme", &[1; 32]), &[someone], 1_700_000_000);
/// assert_ne!(leaves.leaf(1), leaves.leaf(2));
/// ```
#[derive(Clone)]
pub struct MassLeaves {
    templates: Vec<Template>,
}

#[derive(Clone)]
struct Template {
    certificate: Vec<u8>,
    /// Where the last eight bytes of the serial number stand.
    serial_at: usize,
    /// Where the number stands in names and extensions.
    rooms: Vec<usize>,
    /// The entry before the digest, between digest and certificate, and after it.
    head: String,
    middle: String,
    tail: String,
}

impl MassLeaves {
    /// Ten digits: wherever an identity has them, a leaf has its index there.
    pub const ROOM: &'static str = "0000000000";

    /// A template for each identity; the leaf at index `i` is of identity `i` modulo their number. Without any
    /// identity there is one without a name.
    pub fn new(authority: &Authority, identities: &[Identity], not_before: u64) -> MassLeaves {
        let mut templates: Vec<Template> = identities
            .iter()
            .map(|identity| Template::new(authority, identity.clone(), not_before))
            .collect();
        if templates.is_empty() {
            templates.push(Template::new(authority, Identity::default(), not_before));
        }
        MassLeaves { templates }
    }

    /// The leaf at `index`, over an artifact whose digest is the SHA-256 of the index as eight big-endian bytes.
    pub fn leaf(&self, index: u64) -> Vec<u8> {
        let count = self.templates.len() as u64;
        let which = usize::try_from(index % count).unwrap_or_default();
        self.templates
            .get(which)
            .map(|template| template.leaf(index))
            .unwrap_or_default()
    }

    /// The certificate inside [`MassLeaves::leaf`].
    pub fn certificate(&self, index: u64) -> Vec<u8> {
        let count = self.templates.len() as u64;
        let which = usize::try_from(index % count).unwrap_or_default();
        self.templates
            .get(which)
            .map(|template| template.patched(index))
            .unwrap_or_default()
    }
}

impl Template {
    fn new(authority: &Authority, identity: Identity, not_before: u64) -> Template {
        let certificate = authority.issue(&LeafCertificate::new(identity, 0, not_before));
        let serial_at = positions(&certificate, &SERIAL_PREFIX).next().unwrap_or_default() + SERIAL_PREFIX.len();
        let rooms = apart(
            positions(&certificate, MassLeaves::ROOM.as_bytes()),
            MassLeaves::ROOM.len(),
        );
        // Cut an entry open at its digest and its certificate; both are base64 of a known length.
        let entry = leaf::hashedrekord(&[0; 32], &LeafSigner::certificate(&certificate));
        let entry = String::from_utf8(entry).unwrap_or_default();
        let (head, rest) = entry.split_once(&STANDARD.encode([0; 32])).unwrap_or_default();
        let (middle, tail) = rest.split_once(&STANDARD.encode(&certificate)).unwrap_or_default();
        let (head, middle, tail) = (String::from(head), String::from(middle), String::from(tail));
        Template {
            certificate,
            serial_at,
            rooms,
            head,
            middle,
            tail,
        }
    }

    fn leaf(&self, index: u64) -> Vec<u8> {
        let mut out = String::with_capacity(self.head.len() + self.middle.len() + self.certificate.len() * 3 / 2);
        out.push_str(&self.head);
        STANDARD.encode_string(Sha256::digest(index.to_be_bytes()), &mut out);
        out.push_str(&self.middle);
        STANDARD.encode_string(self.patched(index), &mut out);
        out.push_str(&self.tail);
        out.into_bytes()
    }

    fn patched(&self, index: u64) -> Vec<u8> {
        let mut der = self.certificate.clone();
        overwrite(&mut der, self.serial_at, &index.to_be_bytes());
        let digits = format!("{:010}", index % 10_000_000_000);
        for room in &self.rooms {
            overwrite(&mut der, *room, digits.as_bytes());
        }
        der
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    bytes.iter_mut().skip(at).zip(with).for_each(|(to, from)| *to = *from);
}

/// Without those that begin within the one before: the tag of a SEQUENCE is a `0`, so that a name that ends in ten
/// digits and has such a tag behind it seems to have two rooms.
fn apart(positions: impl Iterator<Item = usize>, length: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for position in positions {
        if kept.last().is_none_or(|last| position >= last + length) {
            kept.push(position);
        }
    }
    kept
}

fn positions<'a>(bytes: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes
        .windows(part.len())
        .enumerate()
        .filter(move |(_, window)| *window == part)
        .map(|(at, _)| at)
}
