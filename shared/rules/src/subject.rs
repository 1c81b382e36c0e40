//! What the matcher reads: an entry, and the log that it stands in.

use sigstore::{Entry, Field, Timestamp};

/// What does not stand in the entry.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The readable name of the log, as in the configuration and in findings: its origin.
    pub log: &'a str,
    /// Now: an allowance counts until it ends.
    pub now: Timestamp,
}

/// An entry as the matcher sees it. [`Entry`] is one; tests have simpler ones.
///
/// Nothing is asked for twice: of each entry the matcher asks for each field that its rules use at most once, and of
/// each signer likewise. What makes a rule worth asking is asked for always, the rest only when the outcome of such a rule
/// depends on it.
pub trait Subject {
    /// The kind of the entry, such as `hashedrekord`.
    fn kind(&self) -> &str;
    /// Every artifact digest, lower hex without prefix.
    fn digests(&self, each: &mut dyn FnMut(&str));
    /// How many signers it has; possibly none.
    fn signers(&self) -> usize;
    /// Every value that signer `signer` (counted from zero) has of a field that belongs to signers.
    fn values(&self, signer: usize, field: &Field, each: &mut dyn FnMut(&str));
}

impl Subject for Entry<'_> {
    fn kind(&self) -> &str {
        self.kind()
    }

    fn digests(&self, each: &mut dyn FnMut(&str)) {
        self.digests().for_each(each);
    }

    fn signers(&self) -> usize {
        self.signers().len()
    }

    fn values(&self, signer: usize, field: &Field, each: &mut dyn FnMut(&str)) {
        if let Some(signer) = self.signers().get(signer) {
            signer.values(field, each);
        }
    }
}
