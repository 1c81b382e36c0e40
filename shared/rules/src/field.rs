//! The names of the fields that a rule may speak of, and to what each belongs.

use sigstore::Field;

/// Whether a field belongs to a signer or to the whole entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Read anew for every signer: rules must hold within one of them.
    Signer,
    /// Read once; it holds for every signer.
    Entry,
}

pub(crate) fn scope(field: &Field) -> Scope {
    if field.is_of_signer() {
        Scope::Signer
    } else {
        Scope::Entry
    }
}
