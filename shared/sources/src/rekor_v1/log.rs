//! One shard of a Rekor v1 server as a source of the pass.

use crate::rekor_v1::anchor::Anchors;
use crate::rekor_v1::batch::Fetch;
use crate::rekor_v1::entries;
use crate::rekor_v1::server::RekorV1Server;
use crate::rekor_v1::tree_id::TreeId;
use async_trait::async_trait;
use pass::{Anchor, EntryStream, Freshness, LogSource, SourceError, SourceErrorKind};
use tlog::MAX_NOTE_BYTES;

/// The tree of one shard. Its indexes are those within the shard; what the server counts over all shards is these and the
/// shard's offset.
#[derive(Debug, Clone)]
pub struct RekorV1Log {
    server: RekorV1Server,
    tree: TreeId,
    offset: u64,
    place: String,
}

impl RekorV1Log {
    /// The shard with this tree id, whose first entry the server counts as number `offset`. A wrong offset is found out
    /// with the first answer, which then contradicts itself.
    #[must_use]
    pub fn new(server: RekorV1Server, tree: TreeId, offset: u64) -> Self {
        let place = format!("{} (tree {tree})", server.url());
        Self {
            server,
            tree,
            offset,
            place,
        }
    }
}

#[async_trait]
impl LogSource for RekorV1Log {
    fn place(&self) -> &str {
        &self.place
    }

    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        let info = self.server.info(freshness).await?;
        let mut trees = core::iter::once(info.active).chain(info.inactive.unwrap_or_default().0);
        let found = trees.find(|tree| tree.id == self.tree);
        let refused = |kind| SourceError {
            object: format!("{}: tree {}", self.server.at("log"), self.tree),
            kind,
        };
        let note = found.ok_or_else(|| refused(SourceErrorKind::NotFound))?.note;
        if note.len() > MAX_NOTE_BYTES {
            return Err(refused(SourceErrorKind::TooLarge {
                cap: MAX_NOTE_BYTES,
                announced: None,
            }));
        }
        Ok(note.into_bytes())
    }

    async fn anchor(&self, at: u64, head: u64, freshness: Freshness) -> Result<Anchor, SourceError> {
        let anchors = Anchors {
            server: &self.server,
            tree: self.tree,
            offset: self.offset,
            freshness,
        };
        anchors.anchor(at, head).await
    }

    fn entries(&self, from: u64, to: u64, _head: u64, freshness: Freshness) -> EntryStream {
        let fetch = Fetch {
            server: self.server.clone(),
            tree: self.tree,
            offset: self.offset,
            freshness,
        };
        entries::entries(fetch, from..to)
    }
}
