//! A bucket, a topic with a queue behind it, logs, and functions that watch them.

use serde_json::Value;
use stage::emulator::{Moto, Proxy, Queue, emulator};
use stage::hostile::{HostedLog, Hostile, LogSpec};
use stage::runtime::{Answer, Function};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// A trusted root that names no log: nobody on the network is asked.
const NO_LOGS: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[],"certificateAuthorities":[],"timestampAuthorities":[]}"#;

/// Every fourth of the hostile log's usual entries, from 0 on, is this release's.
pub(crate) const RELEASE: &str = "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0";

/// What Lambda gives an invocation here.
pub(crate) const TIME: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) moto: &'static Moto,
    pub(crate) proxy: Proxy,
    pub(crate) hostile: Hostile,
    pub(crate) bucket: String,
    pub(crate) topic: String,
    queue: Queue,
}

/// The program: as cargo has built it, or the file that `SENTINEL_MONITOR_BIN` names (what is uploaded).
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let ours = || PathBuf::from(env!("CARGO_BIN_EXE_sentinel-monitor"));
    PROGRAM.get_or_init(|| named().map_or_else(ours, PathBuf::from))
}

/// Whether it is the file that is uploaded to Lambda, and not one that was built for tests.
pub(crate) fn is_uploaded() -> bool {
    named().is_some()
}

fn named() -> Option<OsString> {
    std::env::var_os("SENTINEL_MONITOR_BIN").filter(|path| !path.is_empty())
}

impl World {
    /// A world of this name; nothing if the emulator cannot be had.
    pub(crate) fn new(name: &str) -> Option<World> {
        let moto = emulator()?;
        let bucket = format!("lambda-{name}");
        moto.create_bucket(&bucket);
        let topic = moto.create_topic(&format!("lambda-{name}"));
        let queue = moto.subscribe(&topic, &format!("lambda-{name}"));
        let proxy = Proxy::start(moto.address());
        Some(World {
            moto,
            proxy,
            hostile: Hostile::start().unwrap(),
            bucket,
            topic,
            queue,
        })
    }

    /// A world that watches one log of so many entries from its beginning, for [`RELEASE`].
    pub(crate) fn watching(name: &str, entries: u64) -> Option<(World, HostedLog)> {
        let world = World::new(name)?;
        let log = world.log("one", entries);
        world.configure(&[&log], "limits: {unproven_after: 0s}\n");
        Some((world, log))
    }

    /// A log of so many entries.
    pub(crate) fn log(&self, name: &str, entries: u64) -> HostedLog {
        let log = self.hostile.add(&LogSpec::new(name));
        log.grow(entries);
        log
    }

    /// Puts `config/sentinel.yaml`: these logs alone, from their beginning, and a rule for [`RELEASE`].
    pub(crate) fn configure(&self, logs: &[&HostedLog], rest: &str) {
        let items: String = logs.iter().map(|log| item(log)).collect();
        self.configure_with(&format!(
            "logs:\n{items}{rest}rules:\n  - {{name: release, match: {{san: \"{RELEASE}\"}}}}\n"
        ));
    }

    /// Puts `config/sentinel.yaml` with this after its first lines.
    pub(crate) fn configure_with(&self, text: &str) {
        let text = format!("schema: 1\ntrust: {{trusted_root: trusted_root.json}}\n{text}");
        self.put("config/trusted_root.json", NO_LOGS.as_bytes());
        self.put("config/sentinel.yaml", text.as_bytes());
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.moto.put(&self.bucket, key, bytes);
    }

    /// The environment of the function, with these changes; an empty value is an empty variable.
    pub(crate) fn environment(&self, changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let mut all = self.moto.variables(&self.proxy.url());
        all.extend([
            ("SENTINEL_STORE", format!("s3://{}", self.bucket)),
            ("SENTINEL_TOPIC", self.topic.clone()),
            ("SENTINEL_CHAT_TOPIC", String::new()),
            ("SENTINEL_INTERVAL", "60".to_owned()),
            ("SENTINEL_WATCH", String::new()),
            ("SENTINEL_LOCK_DAYS", "0".to_owned()),
            ("SENTINEL_HEARTBEAT_URL", String::new()),
            ("SENTINEL_NAMESPACE", "RekorSentinel".to_owned()),
            ("SENTINEL_DEPLOYMENT", "tests".to_owned()),
        ]);
        for (name, value) in changes {
            all.retain(|(known, _)| known != name);
            all.push((name, (*value).to_owned()));
        }
        all
    }

    pub(crate) fn function(&self) -> Function {
        self.function_with(&[])
    }

    pub(crate) fn function_with(&self, changes: &[(&'static str, &str)]) -> Function {
        Function::start(program(), &self.environment(changes))
    }

    /// The alerts since the last look, of this class.
    pub(crate) fn alerts(&self, class: &str) -> Vec<Value> {
        let all = self.all_alerts();
        all.into_iter().filter(|alert| alert["class"] == class).collect()
    }

    /// Every alert since the last look.
    pub(crate) fn all_alerts(&self) -> Vec<Value> {
        let messages = self.moto.receive(&self.queue);
        let parse = |message: &stage::emulator::Message| serde_json::from_str(&message.body).unwrap();
        messages.iter().map(parse).collect()
    }

    /// An object of the record.
    pub(crate) fn object(&self, key: &str) -> Value {
        let object = self
            .moto
            .get(&self.bucket, key)
            .unwrap_or_else(|| panic!("there is no {key}"));
        serde_json::from_slice(&object.bytes).unwrap()
    }

    /// The keys of the record that have all of this in them.
    pub(crate) fn keys(&self, parts: &[&str]) -> Vec<String> {
        let mut keys = self.moto.keys(&self.bucket, "");
        keys.retain(|key| parts.iter().all(|part| key.contains(part)));
        keys
    }

    /// The cursor that the state of a log stands at.
    pub(crate) fn cursor(&self, log: &HostedLog) -> Value {
        let tip = self.object("public/tip.json");
        tip["logs"][log.origin()]["cursor"].clone()
    }
}

/// An item of `logs:`.
pub(crate) fn item(log: &HostedLog) -> String {
    format!(
        "  - {{url: \"{}\", kind: rekor-v2, origin: \"{}\", key: \"{}\", from: 0}}\n",
        log.url(),
        log.origin(),
        log.vkey()
    )
}

/// One tick, which succeeds: what came of it.
#[track_caller]
pub(crate) fn tick(function: &mut Function) -> Value {
    succeeds(function, "{}")
}

/// An event that is answered: the answer.
#[track_caller]
pub(crate) fn succeeds(function: &mut Function, event: &str) -> Value {
    match function.ask(event, TIME) {
        Answer::Response(body) => serde_json::from_str(&body).unwrap(),
        other => panic!("{other:?}\n{}", function.said().join("\n")),
    }
}

/// An event that fails: its kind and its message.
#[track_caller]
pub(crate) fn fails(function: &mut Function, event: &str) -> (String, String) {
    match function.ask(event, TIME) {
        Answer::Error { kind, message } => (kind, message),
        other => panic!("{other:?}\n{}", function.said().join("\n")),
    }
}

/// The metrics of the newest pass.
#[track_caller]
pub(crate) fn metrics(function: &Function) -> Value {
    let newest = function.lines().into_iter().rfind(|line| line.get("_aws").is_some());
    newest.unwrap_or_else(|| panic!("no metrics:\n{}", function.said().join("\n")))
}
