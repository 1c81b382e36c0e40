//! A stage whose logs come from a trusted root alone: one that a TUF repository vouches for, or a file.

use super::{BEGINNING, Stage};
use alerts::{Class, Phase};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::{Limit, Trust, TrustSource, TufRepository as Given};
use serde_json::{Value, json};
use sigstore::{MonitorConfig, Timestamp, TrustedRoot};
use sources::{Http, HttpPatience, TufTrust};
use stage::hostile::HostedLog;
use std::sync::Arc;
use testlog::TufRepository;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// So many days after the beginning.
pub(crate) fn later(days: i64) -> String {
    Timestamp::from_unix(BEGINNING + days * DAY).to_string()
}

/// What is trusted, and the stage that trusts it.
pub(crate) struct Trusting {
    pub(crate) stage: Stage,
    pub(crate) made: TufRepository,
    folder: tempfile::TempDir,
    is_file: bool,
    pub(crate) logs: Vec<Value>,
    read: Vec<Value>,
}

struct File(Trust);

#[async_trait]
impl TrustSource for File {
    async fn trust(&self, _now: Timestamp) -> Result<Trust, pass::Fault> {
        Ok(self.0.clone())
    }
}

impl Trusting {
    /// A repository in a folder.
    pub(crate) fn tuf() -> Trusting {
        let mut world = Trusting::file();
        world.is_file = false;
        let given = Given {
            url: format!("file://{}", world.folder.path().display()),
            root_name: "the pinned root".to_owned(),
            root: world.made.root(1).to_vec(),
        };
        let http = Http::new(HttpPatience::default(), None).unwrap();
        let grace = Limit::After(3 * 86_400);
        let source = TufTrust::new(given, &http, Arc::clone(&world.stage.store) as _, grace);
        world.stage.trust = Some(Arc::new(source));
        world
    }

    /// A file that its operator replaces.
    pub(crate) fn file() -> Trusting {
        let (folder, made) = (tempfile::tempdir().unwrap(), TufRepository::new(7, &later(365)));
        let mut stage = Stage::new();
        stage.config["from"] = json!(0);
        Trusting {
            stage,
            made,
            folder,
            is_file: true,
            logs: Vec::new(),
            read: Vec::new(),
        }
    }

    /// Lists a log whose key is valid from this day on.
    pub(crate) fn list(&mut self, log: &HostedLog, from: i64) {
        let vkey = log.vkey();
        let key = STANDARD.decode(vkey.splitn(3, '+').nth(2).unwrap()).unwrap();
        let spki = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], &key[1..]].concat();
        self.logs.push(json!({
            "baseUrl": format!("https://{}", log.origin()), "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": STANDARD.encode(spki), "keyDetails": "PKIX_ED25519", "validFor": {"start": later(from)}},
        }));
        self.read
            .push(json!({"readUrl": log.url(), "logOrigin": log.origin(), "majorApiVersion": 2}));
        // A trusted root does not say by which rule a key's id is made.
        let root = TrustedRoot::parse(json!({"tlogs": self.logs}).to_string().as_bytes()).unwrap();
        let keys = root.tlogs().last().unwrap().verifier_keys();
        self.stage.keys.insert(log.origin(), keys);
    }

    /// The key of a listed log is valid until this day.
    pub(crate) fn ends(&mut self, log: &HostedLog, day: i64) {
        let url = format!("https://{}", log.origin());
        let listed = self.logs.iter_mut().find(|listed| listed["baseUrl"] == url.as_str());
        listed.unwrap()["publicKey"]["validFor"]["end"] = json!(later(day));
    }

    /// Signs what is listed, and lays it out.
    pub(crate) fn publish(&mut self) {
        let root = json!({"tlogs": self.logs}).to_string();
        let monitor = json!({"rekorLogs": self.read}).to_string();
        if self.is_file {
            self.stage.trust = Some(Arc::new(File(Trust {
                root: TrustedRoot::parse(root.as_bytes()).unwrap(),
                signing: Vec::new(),
                monitor: Some(MonitorConfig::parse(monitor.as_bytes()).unwrap()),
                bytes: root.into_bytes(),
                tuf: None,
            })));
            return;
        }
        self.made.put("trusted_root.json", root.as_bytes());
        self.made.put("monitor_config.json", monitor.as_bytes());
        self.lay_out();
    }

    pub(crate) fn lay_out(&self) {
        for (name, bytes) in self.made.publish() {
            let file = self.folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    /// The alerts of a class, each with its phase.
    pub(crate) fn phases(&self, class: Class) -> Vec<Phase> {
        self.stage.alerts_of(class).iter().map(|alert| alert.phase).collect()
    }
}
