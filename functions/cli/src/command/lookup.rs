//! `lookup`: what a Rekor v1 server's search index lists for an artifact, an address or a key, each entry proven against
//! our own record. The index is a hint: that it lists nothing proves nothing.

use crate::args::Lookup;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::trust;
use crate::wiring::{self, Access};
use alerts::Identity;
use alerts::text::escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::{Clock as _, Fault, Freshness, LogKind, Outcome, Sources as _, SystemClock};
use pass::{Standing, Store, WatchedLog};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore::{Entry, Field, LeafKind, Scratch, Timestamp};
use sources::{Hint, Logs, LookedUp, RekorV1Server};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use tlog::Hash;

/// A key file: a certificate with its chain has a few kB, an OpenPGP key with many signatures some hundred.
const MAX_KEY_BYTES: u64 = 1024 * 1024;

/// Characters of what a server or an entry says.
const SHOWN: usize = 300;

pub(crate) async fn lookup(args: Lookup) -> Result<ExitCode, Failure> {
    let hint = hint(&args)?;
    let loaded = config::load(&args.common).await?;
    let inventory = config::inventory(&args.common.store).await;
    let now = SystemClock::new().now();
    let logs = Logs::new()?;
    let trust = trust::look(&loaded, logs.http(), &args.common.store).await?;
    let coverage = pass::coverage(&loaded.in_force.settings, &trust, &inventory, now)?;
    let server = server(coverage.watched, args.log.as_deref())?;
    let speaks = logs.rekor_v1(&server)?;
    let mut only = pass::Coverage::default();
    only.watched.push(server);
    let shards: Vec<WatchedLog> = pass::discover(&only, &inventory, &logs)
        .await
        .found
        .iter()
        .map(|found| found.log().clone())
        .filter(|log| log.shard.is_some())
        .collect();
    let store = wiring::store(&args.common.store, Access::Read).await?;
    let uuids = speaks
        .search(&hint, Freshness::Cached)
        .await
        .map_err(Fault::from_source)?;
    let shown = uuids.len().min(args.limit);
    say(&format!(
        "the index of {} lists {} entries{}; that it lists no more proves nothing",
        escape(&speaks.url(), SHOWN),
        uuids.len(),
        if shown < uuids.len() {
            format!(", of which the first {shown} are looked at (--limit)")
        } else {
            String::new()
        }
    ));
    let mut worst = Outcome::Clean;
    for uuid in uuids.iter().take(args.limit) {
        let seen = see(uuid, &speaks, &shards, &logs, store.as_ref()).await?;
        worst = worst.max(seen.outcome());
        print(&if args.json {
            alerts::json_line(&seen.json(&hint))
        } else {
            seen.text(&hint)
        });
    }
    Ok(ExitCode::from(worst.exit_code()))
}

/// What is looked up.
fn hint(args: &Lookup) -> Result<Hint, Failure> {
    if let Some(digest) = &args.digest {
        let bare = digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
        let hash = bare
            .parse()
            .map_err(|error| Failure::Usage(format!("error: --digest {digest}: {error}")))?;
        return Ok(Hint::Sha256(hash));
    }
    if let Some(email) = &args.email {
        return Ok(Hint::Email(email.clone()));
    }
    if let Some(key) = &args.key {
        let content = read(key, MAX_KEY_BYTES)?;
        let format = key_format(&content).to_owned();
        return Ok(Hint::PublicKey { format, content });
    }
    match &args.file {
        Some(file) => Ok(Hint::Sha256(hash_of(file)?)),
        None => Err(Failure::Usage(
            "error: name a FILE, or give --digest, --email or --key".to_owned(),
        )),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("error: {} cannot be read: {error}", file.display()))
}

fn read(file: &Path, cap: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).and_then(|opened| opened.take(cap + 1).read_to_end(&mut bytes));
    opened.map_err(|error| unreadable(file, &error))?;
    if bytes.len() as u64 > cap {
        return Err(Failure::Usage(format!(
            "error: {} is longer than the {cap} bytes of a key",
            file.display()
        )));
    }
    Ok(bytes)
}

/// An artifact of any size, piece by piece.
fn hash_of(file: &Path) -> Result<Hash, Failure> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    loop {
        let read = opened.read(&mut piece).map_err(|error| unreadable(file, &error))?;
        match piece.get(..read).filter(|piece| !piece.is_empty()) {
            Some(piece) => hasher.update(piece),
            None => return Ok(Hash::from_bytes(hasher.finalize().into())),
        }
    }
}

/// How Rekor names the format of a key.
fn key_format(content: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(content);
    let text = text.trim_start();
    if text.starts_with("-----BEGIN PGP") {
        "pgp"
    } else if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("sk-") {
        "ssh"
    } else if text.starts_with("untrusted comment:") {
        "minisign"
    } else {
        "x509"
    }
}

/// The Rekor v1 server that is asked.
fn server(watched: Vec<WatchedLog>, named: Option<&str>) -> Result<WatchedLog, Failure> {
    let mut servers: Vec<WatchedLog> = watched
        .into_iter()
        .filter(|log| log.kind == Some(LogKind::RekorV1))
        .collect();
    let names: Vec<String> = servers.iter().map(|log| log.origin.clone()).collect();
    if let Some(named) = named {
        let name = pass::find(&names, named)?;
        servers.retain(|log| log.origin == name);
    }
    match (servers.pop(), servers.is_empty()) {
        (Some(server), true) => Ok(server),
        (Some(_), false) => Err(Failure::Usage(format!(
            "error: say with --log which one to ask: {}",
            names.join(", ")
        ))),
        (None, _) => Err(Failure::Usage(
            "error: no Rekor v1 server is watched, and only those have a search index".to_owned(),
        )),
    }
}

/// What was shown of one entry.
enum Shown {
    /// In the tree of our head, at this index; and whether our record covers it.
    Proven { index: u64, head: u64, read: bool },
    /// Not in it, as far as what was served goes.
    Unproven(String),
    /// Nothing could be shown, for want of a head that reaches it.
    Unknown(String),
}

/// One entry, and what was shown of it.
struct Seen {
    entry: LookedUp,
    log: Option<String>,
    shown: Shown,
    promised: bool,
}

async fn see(
    uuid: &str,
    server: &RekorV1Server,
    shards: &[WatchedLog],
    logs: &Logs,
    store: &dyn Store,
) -> Result<Seen, Failure> {
    let entry = server
        .entry(uuid, Freshness::Cached)
        .await
        .map_err(Fault::from_source)?;
    let tree = entry.tree.as_ref().map(ToString::to_string);
    let of_tree = |log: &&WatchedLog| {
        log.shard.as_ref().is_some_and(|shard| match &tree {
            Some(tree) => shard.tree == *tree,
            // The oldest uuids name no tree: the global index tells.
            None => shard.offset.checked_add(entry.proof.index) == Some(entry.global_index),
        })
    };
    let Some(log) = shards.iter().find(of_tree) else {
        let why = "it is of a tree that the server does not list".to_owned();
        return Ok(Seen {
            entry,
            log: None,
            shown: Shown::Unproven(why),
            promised: false,
        });
    };
    let promised = log.keys.iter().any(|key| promised(key, &entry));
    let shown = match pass::standing(store, &log.origin).await? {
        None => Shown::Unknown(format!(
            "{} holds no record of its log; `rekor-sentinel run` begins one",
            store.place()
        )),
        Some(standing) => prove(&entry, log, logs, standing).await?,
    };
    Ok(Seen {
        log: Some(log.origin.clone()),
        entry,
        shown,
        promised,
    })
}

fn promised(key: &tlog::VerifierKey, entry: &LookedUp) -> bool {
    let (time, index) = (entry.integrated_time, entry.global_index);
    let log_id = Hash::of(key.spki());
    log_id.to_string() == entry.log_id
        && sigstore::set::verify(key, &entry.leaf, time, &log_id, index, &entry.set).is_ok()
}

/// The entry's own proof gives the frontier after it; what leads from there to our head is asked of the server. Both count
/// only if they rebuild the root of our head.
async fn prove(entry: &LookedUp, log: &WatchedLog, logs: &Logs, standing: Standing) -> Result<Shown, Failure> {
    let (index, head) = (entry.proof.index, standing.head);
    if index >= head.size {
        let why = format!(
            "our newest head has {} entries, and this is entry {index}: run a pass first",
            head.size
        );
        return Ok(Shown::Unknown(why));
    }
    let Ok(frontier) = entry.frontier() else {
        return Ok(Shown::Unproven("its inclusion proof cannot be one".to_owned()));
    };
    let source = logs.open(log, LogKind::RekorV1)?;
    Ok(if pass::leads_to(source.as_ref(), &frontier, head).await? {
        Shown::Proven {
            index,
            head: head.size,
            read: index < standing.cursor,
        }
    } else {
        Shown::Unproven(format!(
            "what was served does not rebuild the root of our head of size {}",
            head.size
        ))
    })
}

impl Seen {
    fn outcome(&self) -> Outcome {
        match &self.shown {
            Shown::Proven { .. } => Outcome::Clean,
            Shown::Unknown(_) => Outcome::Degraded,
            Shown::Unproven(_) => Outcome::Unproven,
        }
    }

    /// What is proven is under `proven`, what is only the server's word under `said`.
    fn json(&self, hint: &Hint) -> Value {
        let mut scratch = Scratch::new();
        let (kind, signers, digests, named) = match sigstore::decode(LeafKind::RekorV1, &self.entry.leaf, &mut scratch)
        {
            Ok(entry) => (
                format!("{} {}", entry.kind(), entry.version()),
                entry.signers().iter().map(Identity::of).collect(),
                entry.digests().map(str::to_owned).collect(),
                names(&entry, hint),
            ),
            Err(undecodable) => (
                undecodable.reason.name().to_owned(),
                Vec::new(),
                Vec::<String>::new(),
                None,
            ),
        };
        let (proven, index, head, why) = match &self.shown {
            Shown::Proven { index, head, .. } => (true, Some(*index), Some(*head), None),
            Shown::Unproven(why) | Shown::Unknown(why) => (false, None, None, Some(why)),
        };
        json!({
            "schema": 1, "uuid": self.entry.uuid, "log": self.log, "proven": proven, "why": why,
            "index": index, "head": head, "read": matches!(self.shown, Shown::Proven { read: true, .. }),
            "leaf_hash": self.entry.leaf_hash, "leaf": STANDARD.encode(&self.entry.leaf),
            "kind": kind, "signers": signers, "digests": digests, "names_what_was_asked": named,
            "said": {
                "global_index": self.entry.global_index,
                "integrated_time": Timestamp::from_unix(self.entry.integrated_time),
                "promise_verified": self.promised,
            },
        })
    }

    fn text(&self, hint: &Hint) -> String {
        let facts = self.json(hint);
        let mut lines = vec![match &self.shown {
            Shown::Proven { index, head, read } => {
                let read = if *read { "" } else { ", not read by a pass yet" };
                let log = self.log.as_deref().unwrap_or_default();
                format!(
                    "PROVEN      entry {index} of {}, in the tree of our head of size {head}{read}",
                    escape(log, SHOWN)
                )
            }
            Shown::Unproven(why) => format!("UNPROVEN    {}", escape(why, SHOWN)),
            Shown::Unknown(why) => format!("NOT SHOWN   {}", escape(why, SHOWN)),
        }];
        lines.push(format!("  uuid      {}", self.entry.uuid));
        lines.push(format!(
            "  entry     {}",
            escape(facts["kind"].as_str().unwrap_or_default(), SHOWN)
        ));
        for signer in facts["signers"].as_array().into_iter().flatten() {
            let list = |key: &str| signer[key].as_array().cloned().unwrap_or_default();
            for name in list("san").iter().chain(&list("names")).chain(&list("fingerprints")) {
                lines.push(format!(
                    "  signer    {}",
                    escape(name.as_str().unwrap_or_default(), SHOWN)
                ));
            }
        }
        for digest in facts["digests"].as_array().into_iter().flatten() {
            lines.push(format!(
                "  digest    {}",
                escape(digest.as_str().unwrap_or_default(), SHOWN)
            ));
        }
        match facts["names_what_was_asked"].as_bool() {
            Some(true) => lines.push("  the entry itself names what was asked for".to_owned()),
            Some(false) => {
                lines.push("  the entry itself does NOT name what was asked for: the index alone says so".to_owned());
            }
            None => {}
        }
        let word = if self.promised {
            "signed by the log"
        } else {
            "NOT signed by the log"
        };
        let (time, index) = (
            Timestamp::from_unix(self.entry.integrated_time),
            self.entry.global_index,
        );
        lines.push(format!(
            "  the server's word: index {index} over all shards, taken in {time} ({word})"
        ));
        lines.join("\n")
    }
}

/// Whether the entry itself names what was asked for; `None` where that cannot be seen from it.
fn names(entry: &Entry<'_>, hint: &Hint) -> Option<bool> {
    match hint {
        Hint::Sha256(hash) => {
            let hash = hash.to_string();
            Some(entry.digests().any(|digest| digest == hash))
        }
        Hint::Email(email) => {
            let mut found = false;
            for signer in entry.signers() {
                signer.values(&Field::Subject, &mut |subject| {
                    found |= subject.eq_ignore_ascii_case(email);
                });
            }
            Some(found)
        }
        Hint::PublicKey { .. } => None,
    }
}
