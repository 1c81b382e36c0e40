//! The published checkpoint of a log: authentic, and one of the heads on record.

use super::heads::Heads;
use super::keys::Keys;
use super::{Content, Desk};
use crate::names::LogFolder;
use crate::record::HeadRef;
use crate::trouble::Fault;
use tlog::{Hash, MAX_NOTE_BYTES};

/// What is published, and what the record says of it.
pub(super) struct Published {
    name: String,
    head: Option<HeadRef>,
    held: bool,
    other: Option<Hash>,
}

impl Published {
    /// Reads it; before the record, which a pass that is under way brings further.
    pub(super) async fn read(desk: &mut Desk<'_>, folder: &LogFolder, keys: &Keys) -> Result<Self, Fault> {
        let name = folder.public_checkpoint();
        let head = match desk.content(&name, MAX_NOTE_BYTES).await? {
            Content::Unfit => None,
            Content::Missing => {
                desk.audit
                    .note(format!("{name} is missing: there is nothing for others to compare"));
                None
            }
            Content::Bytes(bytes) => match keys.open(&String::from_utf8_lossy(&bytes), &mut desk.audit) {
                Ok(signed) => Some(HeadRef {
                    size: signed.size(),
                    root: signed.root(),
                }),
                Err(error) => {
                    desk.audit.defect(&name, format!("does not verify: {error}"));
                    None
                }
            },
        };
        Ok(Self {
            name,
            head,
            held: false,
            other: None,
        })
    }

    /// Compares it with the heads of an epoch; the newest epoch comes last.
    pub(super) fn compare(&mut self, heads: &Heads) {
        if let Some(head) = self.head {
            self.held |= heads.holds(head);
            self.other = heads.root(head.size).filter(|root| *root != head.root);
        }
    }

    /// Says what came of it.
    pub(super) fn end(self, desk: &mut Desk<'_>) {
        let Some(head) = self.head.filter(|_| !self.held) else {
            return;
        };
        let what = match self.other {
            Some(root) => format!(
                "contradicts the head of size {} on record, whose root is {root}",
                head.size
            ),
            None => format!("is of size {}, and that head is not on record", head.size),
        };
        desk.audit.defect(&self.name, what);
    }
}
