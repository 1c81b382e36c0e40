//! Tiled logs (C2SP tlog-tiles, Rekor v2) over HTTP and from files, and the shards of Rekor v1 servers.
//!
//! A source fetches and frames; it trusts nothing and proves nothing. What it bounds is what a log may cost: bytes,
//! time, connections, memory. What it decides is what may pass by itself (tried again) and what may not.
//!
//! [`resolve`] turns a URL of the configuration into a [`Base`], [`Http`] is the one client of the process, and
//! [`TiledLog`] is the `LogSource`. [`probe()`] finds out what a log of a trusted root speaks when nobody says so, and
//! [`Logs`] opens whatever log the configuration and the trusted root name. [`heartbeat()`] tells somebody outside that a
//! pass was complete. [`TufTrust`] is the `TrustSource` that reads a TUF repository.

mod base;
mod turn;
mod buffers;
mod patience;
mod pace;
mod body;
mod http;
mod heartbeat;
mod reader;
mod anchor;
mod entries;
mod tiled;
mod probe;
mod rekor_v1;
mod view;
mod logs;
mod tuf;

pub use base::{Base, Layout, MAX_URL_BYTES, UrlError, resolve};
pub use entries::Flight;
pub use heartbeat::{Heartbeat, HeartbeatError, heartbeat};
pub use http::{Http, HttpSetupError, MAX_REDIRECTS};
pub use logs::{Logs, base_of};
pub use pace::{PUBLIC_CEILING, Pace};
pub use patience::HttpPatience;
pub use probe::{MAX_LOG_INFO_BYTES, ProbeError, Served, probe};
pub use reader::{FolderReader, HttpReader, TileReader};
pub use rekor_v1::{
    Hint, LookedUp, LookedUpProof, MAX_ANSWER_BYTES, MAX_HINTS, MAX_PROOF_ANSWER_BYTES, RekorV1Log, RekorV1Server,
    Shard, TreeId, TreeIdError,
};
pub use tiled::TiledLog;
pub use tuf::{REFRESH_SECS, TufError, TufTrust, check_repository, open_trust};
pub use turn::Turn;
pub use view::{RemoteView, view_base, view_path};
