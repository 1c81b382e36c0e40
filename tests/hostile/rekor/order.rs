//! Orders to a Rekor v1 server, within a command of the tool.

use crate::hostile::rekor::hosted::{HostedRekor, RekorView};
use crate::hostile::rekor::rule::RekorRule;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a server is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum RekorOrder {
    /// Tells about the server.
    Show,
    /// Appends made-up entries, to the active tree if none is named.
    Grow {
        /// How many.
        count: u64,
        /// To which tree.
        #[serde(default)]
        tree: Option<u64>,
    },
    /// Appends entries given in base64; what is not base64 is left out.
    Append {
        /// Their bytes.
        leaves: Vec<String>,
    },
    /// Retires the active tree and begins another.
    ShardOver {
        /// Its id.
        tree: u64,
    },
    /// Serves another tree in the place of one.
    Fork {
        /// Which one; the active one where absent.
        #[serde(default)]
        tree: Option<u64>,
        /// Entries in common.
        at: u64,
        /// Entries in all.
        size: u64,
    },
    /// Serves the trees from before the fork again.
    Unfork,
    /// What is appended from now on is not published.
    Stall,
    /// Publishes everything again.
    Resume,
    /// How long each answer takes.
    Latency {
        /// So long.
        millis: u64,
    },
    /// Adds a rule.
    Behave {
        /// The rule.
        #[serde(flatten)]
        rule: RekorRule,
    },
    /// Removes all rules.
    Clear,
    /// Lists a uuid in the search index.
    List {
        /// An address, `sha256:<hex>`, a key in base64.
        hint: String,
        /// The uuid.
        uuid: String,
    },
    /// Tells how often each path was asked for.
    Requests,
}

/// What a server replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekorReply {
    /// The server afterwards.
    pub server: RekorView,
    /// Questions by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<BTreeMap<String, u64>>,
}

impl RekorOrder {
    /// Does what the order says.
    pub(crate) fn apply(self, server: &HostedRekor) -> RekorReply {
        let mut requests = None;
        match self {
            Self::Show => {}
            Self::Grow { count, tree: None } => server.grow(count),
            Self::Grow {
                count,
                tree: Some(tree),
            } => server.grow_tree(tree, count),
            Self::Append { leaves } => {
                let decoded = leaves.iter().filter_map(|leaf| STANDARD.decode(leaf).ok());
                decoded.for_each(|leaf| server.append(&leaf));
            }
            Self::ShardOver { tree } => server.shard_over(tree),
            Self::Fork { tree, at, size } => server.fork(tree, at, size),
            Self::Unfork => server.unfork(),
            Self::Stall => server.stall(),
            Self::Resume => server.resume(),
            Self::Latency { millis } => server.latency(Duration::from_millis(millis)),
            Self::Behave { rule } => server.behave(rule),
            Self::Clear => server.clear(),
            Self::List { hint, uuid } => server.list(&hint, &uuid),
            Self::Requests => requests = Some(server.requests()),
        }
        let server = server.view();
        RekorReply { server, requests }
    }
}
