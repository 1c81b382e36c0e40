//! Simulated worlds: one log, many observers, and perhaps a fork that shows each side to some.
//!
//! We watch one side. Observers look at either side, at whatever size, whenever they like, and lag as they like.
//! Whenever one of them was seen to hold the other side, there is a violation once our side is as long; without a fork
//! there is never a word.

use crate::support::{BEGINNING, SetClock};
use alerts::{Alert, Class};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use pass::{
    AlertSink, Anchor, Budget, Clock, EntryStream, Environment, Fault, FixedTrust, Freshness, InForce, LeafBatch,
    LogKind, LogSource, MemorySink, MemoryStore, Outcome, PassReport, Probed, Reports, Settings, SourceError,
    SourceErrorKind, Sources, Unwatching, ViewSettings, ViewSource, WatchedLog,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::{Arc, Mutex};
use testlog::{SigningKey, TreeLog};
use tlog::{Frontier, Hash, Node, range_nodes};

const ORIGIN: &str = "world.example";
const VIEWS: usize = 4;
const TRUSTED_ROOT: &[u8] = br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;

/// What is there to be seen.
struct World {
    ours: TreeLog,
    theirs: TreeLog,
    /// What the log shows us, which may be older than what it has.
    published: u64,
    /// Whether the log serves tiles beyond what it published.
    ahead: bool,
    shown: [Option<String>; VIEWS],
}

#[derive(Clone)]
struct Window(Arc<Mutex<World>>);

struct Peep(Window, usize);

#[derive(Clone, Debug)]
enum Act {
    Grow {
        ours: bool,
        by: u64,
    },
    /// The log publishes all that it has on our side.
    Publish,
    Look {
        view: usize,
        ours: bool,
        back: u64,
    },
    Hide {
        view: usize,
    },
    Wait {
        secs: i64,
    },
    Pass,
}

fn leaf(side: u8, index: u64) -> Vec<u8> {
    [&[side], &index.to_be_bytes()[..]].concat()
}

fn grow(tree: &mut TreeLog, side: u8, by: u64) {
    for _ in 0..by {
        let at = tree.size();
        tree.append(&leaf(side, at));
    }
}

fn node(log: &TreeLog, at: Node) -> Hash {
    let Some(level) = at.level.checked_sub(1) else {
        return Hash::leaf(&log.leaf(at.index).unwrap());
    };
    let child = |index| node(log, Node { level, index });
    Hash::node(&child(2 * at.index), &child(2 * at.index + 1))
}

fn missing() -> SourceError {
    SourceError {
        object: "memory".to_owned(),
        kind: SourceErrorKind::NotFound,
    }
}

#[async_trait]
impl LogSource for Window {
    fn place(&self) -> &'static str {
        "memory"
    }

    async fn checkpoint(&self, _: Freshness) -> Result<Vec<u8>, SourceError> {
        let world = self.0.lock().unwrap();
        Ok(world.ours.checkpoint(world.published).into_bytes())
    }

    async fn anchor(&self, at: u64, head: u64, _: Freshness) -> Result<Anchor, SourceError> {
        let world = self.0.lock().unwrap();
        if head
            > if world.ahead {
                world.ours.size()
            } else {
                world.published
            }
        {
            return Err(missing());
        }
        let hashes = |from, to| {
            range_nodes(from, to)
                .into_iter()
                .map(|at| node(&world.ours, at))
                .collect()
        };
        Ok(Anchor {
            frontier: Frontier::new(at, hashes(0, at)).unwrap(),
            rest: hashes(at, head),
        })
    }

    fn entries(&self, from: u64, to: u64, _head: u64, _: Freshness) -> EntryStream {
        let world = self.0.lock().unwrap();
        let (mut bytes, mut leaves) = (Vec::new(), Vec::new());
        for index in from..to {
            let first = bytes.len();
            bytes.extend_from_slice(&world.ours.leaf(index).unwrap());
            leaves.push(first..bytes.len());
        }
        let batch = LeafBatch {
            first: from,
            bytes: Bytes::from(bytes),
            leaves,
            extras: Vec::new(),
        };
        futures::stream::iter([Ok(batch)]).boxed()
    }
}

#[async_trait]
impl ViewSource for Peep {
    fn place(&self) -> &'static str {
        "peep"
    }

    async fn checkpoint(&self, _: Freshness) -> Result<Vec<u8>, SourceError> {
        let world = self.0.0.lock().unwrap();
        world.shown[self.1].clone().map(String::into_bytes).ok_or_else(missing)
    }
}

#[async_trait]
impl Sources for Window {
    fn open(&self, _: &WatchedLog, _: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        Ok(Arc::new(self.clone()))
    }

    async fn probe(&self, _: &WatchedLog) -> Result<Probed, Fault> {
        unreachable!("the kind is configured")
    }

    async fn view(&self, view: &ViewSettings, _: &WatchedLog) -> Result<Arc<dyn ViewSource>, Fault> {
        Ok(Arc::new(Peep(self.clone(), view.name.parse().unwrap())))
    }
}

/// Who watches.
struct Watch {
    store: Arc<MemoryStore>,
    sink: Arc<MemorySink>,
    clock: Arc<SetClock>,
    window: Window,
}

impl Watch {
    fn new(fork: u64, ahead: bool) -> Watch {
        let mut ours = TreeLog::new(ORIGIN, SigningKey::ed25519(&[7; 32]));
        grow(&mut ours, 0, fork);
        let theirs = ours.fork_at(fork);
        let world = World {
            published: fork,
            ours,
            theirs,
            ahead,
            shown: [const { None }; VIEWS],
        };
        Watch {
            store: Arc::new(MemoryStore::new()),
            sink: Arc::new(MemorySink::new("memory")),
            clock: Arc::new(SetClock::new(BEGINNING)),
            window: Window(Arc::new(Mutex::new(world))),
        }
    }

    async fn pass(&self) -> PassReport {
        let key = self.window.0.lock().unwrap().ours.vkey();
        let views: Vec<_> = (0..VIEWS)
            .map(|view| json!({"name": view.to_string(), "kind": "witness", "url": "https://view.example"}))
            .collect();
        let log = json!({"url": "https://world.example", "kind": "tlog", "origin": ORIGIN, "key": key, "from": 0});
        // Whether a view can be read is not what these worlds are about.
        let config = json!({ "schema": 1, "logs": [log], "views": views, "limits": {"max_lag": "never"},
            "rules": [{"name": "nobody", "match": {"digest": "0".repeat(64)}}] });
        let in_force = InForce {
            settings: Settings::from_value(&config).unwrap_or_else(|problems| panic!("{problems:?}")),
            config: serde_json::to_vec(&config).unwrap(),
            fell_back: None,
            read_rules: local::configuration::rules_of,
        };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let environment = Environment {
            store: Arc::clone(&self.store) as _,
            sinks: vec![Arc::clone(&self.sink) as Arc<dyn AlertSink>],
            budget: Budget::new(Arc::clone(&clock), None).0,
            clock,
            pass: "pass".to_owned(),
            watcher: Arc::new(Unwatching),
            reports: Reports::NONE,
        };
        let trust = FixedTrust::from_bytes("the world's trust", TRUSTED_ROOT.to_vec()).unwrap();
        let report = pass::run(Arc::new(environment), in_force, &trust, &self.window).await;
        report.unwrap()
    }

    fn told(&self, class: Class) -> Vec<Alert> {
        let mut taken = self.sink.taken();
        taken.retain(|alert| alert.class == class);
        taken
    }
}

fn acts(fork: bool) -> impl Strategy<Value = Vec<Act>> {
    let side = move || {
        if fork {
            any::<bool>().boxed()
        } else {
            Just(true).boxed()
        }
    };
    let act = prop_oneof![
        3 => (side(), 1_u64..20).prop_map(|(ours, by)| Act::Grow { ours, by }),
        2 => Just(Act::Publish),
        4 => (0..VIEWS, side(), 0_u64..40).prop_map(|(view, ours, back)| Act::Look { view, ours, back }),
        1 => (0..VIEWS).prop_map(|view| Act::Hide { view }),
        1 => (1_i64..7_000).prop_map(|secs| Act::Wait { secs }),
        4 => Just(Act::Pass),
    ];
    prop::collection::vec(act, 1..30)
}

/// Plays a world to its end. True if a pass was made while a view held the other side.
async fn play(watch: &Watch, fork: u64, acts: &[Act], between: impl Fn(&PassReport)) -> bool {
    let mut seen = false;
    for act in acts {
        if let Act::Pass = act {
            let other = |note: &String| is_other(&watch.window, fork, note);
            let held = watch.window.0.lock().unwrap().shown.clone();
            seen |= held.iter().flatten().any(other);
            between(&watch.pass().await);
            continue;
        }
        let mut world = watch.window.0.lock().unwrap();
        match act {
            Act::Grow { ours: true, by } => grow(&mut world.ours, 0, *by),
            Act::Grow { ours: false, by } => grow(&mut world.theirs, 1, *by),
            Act::Publish => world.published = world.ours.size(),
            Act::Look { view, ours, back } => {
                let tree = if *ours { &world.ours } else { &world.theirs };
                world.shown[*view] = Some(tree.checkpoint(tree.size().saturating_sub(*back)));
            }
            Act::Hide { view } => world.shown[*view] = None,
            Act::Wait { secs } => watch.clock.pass_secs(*secs),
            Act::Pass => {}
        }
    }
    seen
}

fn is_other(window: &Window, fork: u64, note: &str) -> bool {
    let world = window.0.lock().unwrap();
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    size > fork && note.lines().nth(2) == Some(world.theirs.root(size).unwrap_or(Hash::EMPTY_ROOT).to_base64().as_str())
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without a fork: whoever lags, leads or hides, for however long, nothing is said.
    #[test]
    fn mere_lag_is_never_an_alarm(begun in 0_u64..60, acts in acts(false)) {
        block_on(async {
            let watch = Watch::new(begun, true);
            let seen = play(&watch, begun, &acts, |report| {
                assert!(report.logs.iter().all(|log| log.outcome == Outcome::Clean), "{report:?}");
            });
            assert!(!seen.await);
            assert!(watch.sink.taken().is_empty(), "{:?}", watch.sink.taken());
        });
    }

    /// With a fork: a side that any view was seen to hold comes out, as soon as ours is as long; and nothing comes out
    /// that no view held.
    #[test]
    fn the_other_side_comes_out(fork in 0_u64..60, ahead in any::<bool>(), acts in acts(true)) {
        block_on(async {
            let watch = Watch::new(fork, ahead);
            watch.pass().await;
            let seen = play(&watch, fork, &acts, |_| ()).await;
            {
                let mut world = watch.window.0.lock().unwrap();
                let missing = world.theirs.size().saturating_sub(world.ours.size());
                grow(&mut world.ours, 0, missing + 1);
                world.published = world.ours.size();
                world.shown = [const { None }; VIEWS];
            }
            let last = watch.pass().await;
            let violations = watch.told(Class::Violation);
            if seen {
                assert!(!violations.is_empty(), "nobody noticed");
                assert_eq!(last.outcome(), Outcome::Violation);
            } else {
                assert!(violations.is_empty(), "{violations:?}");
                assert_eq!(last.outcome(), Outcome::Clean, "{:?}", last.logs);
            }
        });
    }
}
