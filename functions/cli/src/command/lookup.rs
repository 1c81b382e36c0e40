//! `lookup`: what a Rekor v1 server's search index lists for an artifact, an address or a key, each entry proven against
//! our own record. The index is a hint: that it lists nothing proves nothing.

mod hint;

use crate::args::Lookup;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::trust;
use crate::wiring::{self, Access};
use alerts::Identity;
use alerts::text::escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hint::{hint, names};
use pass::{Clock as _, Fault, Freshness, LogKind, Outcome, SourceError, SourceErrorKind, Sources as _};
use pass::{Standing, Store, SystemClock, WatchedLog};
use serde_json::{Value, json};
use sigstore::{Authorities, ChainVerdict, LeafKind, Scratch, Signer, Timestamp};
use sources::{Hint, Logs, LookedUp, RekorV1Server};
use std::process::ExitCode;
use tlog::Hash;

/// Characters of what a server or an entry says.
const SHOWN: usize = 300;

pub(crate) async fn lookup(args: Lookup) -> Result<ExitCode, Failure> {
    let hint = hint(&args)?;
    let loaded = config::load(&args.common).await?;
    let inventory = config::inventory(&args.common.store).await;
    let now = SystemClock::new().now();
    let logs = Logs::new()?;
    let trust = trust::look(&loaded, logs.http(), &args.common.store).await?;
    let asked = Asked {
        hint,
        authorities: Authorities::of(&trust.root),
    };
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
    let found = speaks.search(&asked.hint, Freshness::Cached).await;
    let uuids = found.map_err(|error| refused(error, &asked.hint))?;
    say(&listed(&speaks.url(), uuids.len(), args.limit));
    let mut worst = Outcome::Clean;
    for uuid in uuids.iter().take(args.limit) {
        let seen = see(uuid, &speaks, &shards, &logs, store.as_ref()).await?;
        worst = worst.max(seen.outcome());
        print(&if args.json {
            alerts::json_line(&seen.json(&asked))
        } else {
            seen.text(&asked)
        });
    }
    Ok(ExitCode::from(worst.exit_code()))
}

/// What the index says, and how little that is.
fn listed(url: &str, count: usize, limit: usize) -> String {
    let url = escape(url, SHOWN);
    match count {
        0 => format!("the index of {url} lists nothing, and that proves nothing"),
        1 => format!("the index of {url} lists 1 entry; that it lists no more proves nothing"),
        _ if count > limit => {
            format!("the index of {url} lists {count} entries; the first {limit} in its order are looked at (--limit)")
        }
        _ => format!("the index of {url} lists {count} entries; that it lists no more proves nothing"),
    }
}

/// A question that the server does not take is the asker's mistake.
fn refused(error: SourceError, hint: &Hint) -> Failure {
    let SourceErrorKind::Status {
        status: status @ (400 | 422),
        ..
    } = error.kind
    else {
        return Fault::from_source(error).into();
    };
    let what = match hint {
        Hint::Email(_) => "an e-mail address".to_owned(),
        Hint::Sha256(_) => "a digest".to_owned(),
        Hint::PublicKey { format, .. } => format!("a public key of the format `{format}`"),
    };
    let url = escape(&error.object, SHOWN);
    Failure::Usage(format!(
        "error: {url} does not take this for {what} (HTTP status {status})"
    ))
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

/// What is looked up, and who may have issued the certificates that are found.
struct Asked {
    hint: Hint,
    authorities: Authorities,
}

impl Asked {
    /// What a signer says of itself, and what the trusted root says of its certificate.
    fn signer(&self, signer: &Signer<'_>) -> Value {
        let mut said = json!(Identity::of(signer));
        if let Some(certificate) = signer.certificate() {
            said["trust"] = json!(self.authorities.judge(certificate));
        }
        said
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

/// What came of one uuid of the index.
enum Seen {
    Entry(Box<SeenEntry>),
    /// The server did not give the entry.
    Missing {
        uuid: String,
        fault: Fault,
        is_gone: bool,
    },
}

/// One entry, and what was shown of it.
struct SeenEntry {
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
    let entry = match server.entry(uuid, Freshness::Cached).await {
        Ok(entry) => entry,
        Err(error) => {
            let is_gone = matches!(error.kind, SourceErrorKind::NotFound);
            let (uuid, fault) = (uuid.to_owned(), Fault::from_source(error));
            return Ok(Seen::Missing { uuid, fault, is_gone });
        }
    };
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
        return Ok(Seen::Entry(Box::new(SeenEntry {
            entry,
            log: None,
            shown: Shown::Unproven(why),
            promised: false,
        })));
    };
    let promised = log.keys.iter().any(|key| promised(key, &entry));
    let shown = match pass::standing(store, &log.origin).await? {
        None => Shown::Unknown(format!(
            "{} holds no record of its log; `rekor-sentinel run` begins one",
            store.place()
        )),
        Some(standing) => prove(&entry, log, logs, standing).await?,
    };
    Ok(Seen::Entry(Box::new(SeenEntry {
        log: Some(log.origin.clone()),
        entry,
        shown,
        promised,
    })))
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
        match self {
            Self::Entry(seen) => seen.outcome(),
            Self::Missing { is_gone: true, .. } => Outcome::Degraded,
            Self::Missing { .. } => Outcome::Fault,
        }
    }

    fn json(&self, asked: &Asked) -> Value {
        match self {
            Self::Entry(seen) => seen.json(asked),
            Self::Missing { uuid, fault, .. } => {
                json!({"schema": 1, "uuid": uuid, "log": null, "proven": false, "why": fault.message})
            }
        }
    }

    fn text(&self, asked: &Asked) -> String {
        match self {
            Self::Entry(seen) => seen.text(asked),
            Self::Missing { uuid, fault, .. } => {
                let why = escape(&fault.message, SHOWN);
                format!("NOT SHOWN   the index lists {uuid}, and the server did not give it: {why}")
            }
        }
    }
}

impl SeenEntry {
    fn outcome(&self) -> Outcome {
        match &self.shown {
            Shown::Proven { .. } => Outcome::Clean,
            Shown::Unknown(_) => Outcome::Degraded,
            Shown::Unproven(_) => Outcome::Unproven,
        }
    }

    /// What is proven is under `proven`, what is only the server's word under `said`.
    fn json(&self, asked: &Asked) -> Value {
        let mut scratch = Scratch::new();
        let (kind, signers, digests, named) = match sigstore::decode(LeafKind::RekorV1, &self.entry.leaf, &mut scratch)
        {
            Ok(entry) => (
                format!("{} {}", entry.kind(), entry.version()),
                entry.signers().iter().map(|signer| asked.signer(signer)).collect(),
                entry.digests().map(str::to_owned).collect(),
                names(&entry, &asked.hint),
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

    fn text(&self, asked: &Asked) -> String {
        let facts = self.json(asked);
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
            let verdict: Option<ChainVerdict> = serde_json::from_value(signer["trust"].clone()).ok();
            let said = verdict.iter().flat_map(alerts::chain_facts);
            lines.extend(said.map(|fact| format!("  {}: {}", fact.name, fact.value)));
        }
        for digest in facts["digests"].as_array().into_iter().flatten() {
            lines.push(format!(
                "  digest    {}",
                escape(digest.as_str().unwrap_or_default(), SHOWN)
            ));
        }
        match facts["names_what_was_asked"].as_bool() {
            Some(true) => lines.push("  the entry itself names what was asked for".to_owned()),
            Some(false) if matches!(asked.hint, Hint::Sha256(_)) && holds_a_statements_hash(facts["kind"].as_str()) => {
                let words = "  the entry holds only the hash of its statement: that it is about this artifact, the index alone says";
                lines.push(words.to_owned());
            }
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

/// Entries about attestations: the statement, which names its subjects, is not in the log.
fn holds_a_statements_hash(kind: Option<&str>) -> bool {
    let kind = kind.and_then(|kind| kind.split(' ').next());
    matches!(kind, Some("intoto" | "dsse" | "cose"))
}
