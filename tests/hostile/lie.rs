//! Checkpoints that are not what they should be.

use crate::hostile::rule::Lie;
use testlog::{NoteSigner, SigningKey, TreeLog, note};
use tlog::Hash;

/// What is served in the place of the checkpoint of `published` entries.
pub(crate) fn checkpoint(lie: &Lie, tree: &TreeLog, published: u64) -> String {
    let root = tree.root(published).unwrap_or(Hash::EMPTY_ROOT);
    let own = NoteSigner::Log {
        name: tree.origin().to_owned(),
        key: tree.key().clone(),
    };
    let text = |origin| note::checkpoint_text(origin, published, root, &[]);
    match lie {
        Lie::SizeNoNumber => note::signed(&format!("{}\nmany\n{}\n", tree.origin(), root.to_base64()), &[own]),
        Lie::WrongKey => {
            let key = SigningKey::new(tree.key().algorithm(), &[0xEE; 32]);
            note::signed(
                &text(tree.origin()),
                &[NoteSigner::Log {
                    name: tree.origin().to_owned(),
                    key,
                }],
            )
        }
        Lie::WrongOrigin => note::signed(&text("elsewhere.example"), &[own]),
        Lie::Unsigned => note::signed(&text(tree.origin()), &[]),
        Lie::DamagedSignature => damaged(&text(tree.origin()), tree),
        Lie::Stale { size } => tree.checkpoint((*size).min(published)),
        Lie::ImpossibleRoot { size } => tree.checkpoint_with(size.unwrap_or(published), Hash::of(b"no tree"), &[], &[]),
    }
}

/// The right name and key id over a signature with one bit changed.
fn damaged(text: &str, tree: &TreeLog) -> String {
    let mut signature = tree.key().sign(text.as_bytes());
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    format!(
        "{text}\n{}",
        note::line(tree.origin(), tree.key().key_id(tree.origin()), &signature)
    )
}
