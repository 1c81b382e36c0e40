//! Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), from the signer's side.
//!
//! Nothing is checked: a caller may put its name to any size, root and text, which is how forks are made.

use crate::key::SigningKey;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::Hash;

/// Who puts a line under a note.
#[derive(Clone)]
pub enum NoteSigner {
    /// A log: the signature is over the text, the key id as the signed-note specification has it.
    Log {
        /// The name on the line.
        name: String,
        /// The key that signs.
        key: SigningKey,
    },
    /// A Rekor v1 server: as a log, but the key id is cut from SHA-256 of the SPKI for every kind of key.
    RekorV1 {
        /// The name on the line.
        name: String,
        /// The key that signs.
        key: SigningKey,
    },
    /// A witness (tlog-cosignature). A key that is not Ed25519 leaves no line.
    Witness {
        /// The name on the line.
        name: String,
        /// The key that signs.
        key: SigningKey,
        /// What the witness says the time is, in Unix seconds.
        time: u64,
    },
}

impl NoteSigner {
    /// The signature line over `text`, with its line end; empty for a witness that cannot cosign.
    pub fn line(&self, text: &str) -> String {
        match self {
            NoteSigner::Log { name, key } => line(name, key.key_id(name), &key.sign(text.as_bytes())),
            NoteSigner::RekorV1 { name, key } => line(name, key.spki_key_id(), &key.sign(text.as_bytes())),
            NoteSigner::Witness { name, key, time } => match key.cosigner_key_id(name) {
                Some(id) => line(name, id, &cosignature(key, *time, text)),
                None => String::new(),
            },
        }
    }
}

/// The text of a checkpoint: origin, size, root, and one line for each extension.
pub fn checkpoint_text(origin: &str, size: u64, root: Hash, extensions: &[&str]) -> String {
    let mut text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.as_bytes()));
    for extension in extensions {
        text.push_str(extension);
        text.push('\n');
    }
    text
}

/// The extension line with which an operator freezes a log for good.
pub fn frozen_extension(date: &str) -> String {
    format!("Log frozen \u{2014} {date}")
}

/// A note: its text, which must end in a line end, a blank line, and the lines of its signers in that order.
pub fn signed(text: &str, signers: &[NoteSigner]) -> String {
    let mut note = format!("{text}\n");
    for signer in signers {
        note.push_str(&signer.line(text));
    }
    note
}

/// One signature line: `— <name> <base64(key id ‖ signature)>`.
pub fn line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", STANDARD.encode([&key_id, signature].concat()))
}

fn cosignature(key: &SigningKey, time: u64, text: &str) -> Vec<u8> {
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    [&time.to_be_bytes(), key.sign(message.as_bytes()).as_slice()].concat()
}
