//! Whole TUF repositories, made and signed: roots that follow one another, timestamp, snapshot, targets, and the files.
//!
//! What is signed is written in canonical JSON from the start (keys in order, no blanks), so that the bytes of the file
//! are those under the signature. Honest as they are made; dishonest ones are made by mixing the files of two.

use crate::key::SigningKey;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// Files of a repository by their path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A repository with consistent snapshots. Its roots need two signatures of two; all else is signed by one key.
#[derive(Clone)]
pub struct TufRepository {
    roots: Vec<Vec<u8>>,
    keys: [SigningKey; 2],
    online: SigningKey,
    /// The version of the timestamp, and of what it leads to.
    pub timestamp: u64,
    /// The version of the snapshot.
    pub snapshot: u64,
    /// The version of the list of targets.
    pub targets: u64,
    /// When each role expires: root, timestamp, snapshot, targets; RFC 3339.
    pub expires: [String; 4],
    /// The targets.
    pub files: Files,
}

impl TufRepository {
    /// A repository with one root, in which everything expires at `expires`.
    pub fn new(seed: u8, expires: &str) -> TufRepository {
        let key = |part: u8| SigningKey::ed25519(&[seed, part].repeat(16).try_into().unwrap_or([seed; 32]));
        let mut made = TufRepository {
            roots: Vec::new(),
            keys: [key(1), key(2)],
            online: key(3),
            timestamp: 1,
            snapshot: 1,
            targets: 1,
            expires: [(); 4].map(|()| expires.to_string()),
            files: Files::new(),
        };
        made.sign_root(&[]);
        made
    }

    /// The root of this version, from 1.
    pub fn root(&self, version: usize) -> &[u8] {
        version
            .checked_sub(1)
            .and_then(|at| self.roots.get(at))
            .map_or(&[], Vec::as_slice)
    }

    /// A new root, with the expiry that is set now, signed by the keys before and by new ones, which take their place.
    pub fn rotate(&mut self, seed: u8) {
        let before = self.keys.clone();
        self.keys =
            [1, 2].map(|part: u8| SigningKey::ed25519(&[seed, part].repeat(16).try_into().unwrap_or([seed; 32])));
        self.sign_root(&before);
    }

    /// A new root that is signed by nobody but one of its own two keys.
    pub fn usurp(&mut self) {
        let signed = self.root_text(self.roots.len().saturating_add(1));
        self.roots.push(envelope(&signed, &self.keys[..1]));
    }

    /// Lists a target, or replaces it, under new versions of everything.
    pub fn put(&mut self, name: &str, content: &[u8]) {
        self.files.insert(name.to_string(), content.to_vec());
        self.renew();
    }

    /// Signs everything but the root anew, one version on.
    pub fn renew(&mut self) {
        for version in [&mut self.timestamp, &mut self.snapshot, &mut self.targets] {
            *version = version.saturating_add(1);
        }
    }

    /// All files, as a server has them.
    pub fn publish(&self) -> Files {
        let [_, timestamp, snapshot, targets] = &self.expires;
        let mut out = Files::new();
        for (at, root) in self.roots.iter().enumerate() {
            out.insert(format!("{}.root.json", at.saturating_add(1)), root.clone());
        }
        let sign = |signed: &str| envelope(signed, core::slice::from_ref(&self.online));
        let listed = self.files.iter().map(|(name, content)| {
            let hash = hex(&Sha256::digest(content));
            out.insert(format!("targets/{hash}.{name}"), content.clone());
            format!(
                r#""{name}":{{"hashes":{{"sha256":"{hash}"}},"length":{}}}"#,
                content.len()
            )
        });
        let listed: Vec<String> = listed.collect();
        let body = format!(r#""spec_version":"1.0.31","targets":{{{}}}"#, listed.join(","));
        let targets_file = sign(&role("targets", targets, "", &format!("{body},"), self.targets));
        let meta = |name: &str, version: u64, file: &[u8]| {
            let hash = hex(&Sha256::digest(file));
            format!(
                r#""meta":{{"{name}.json":{{"hashes":{{"sha256":"{hash}"}},"length":{},"version":{version}}}}},"#,
                file.len()
            )
        };
        const SPEC: &str = r#""spec_version":"1.0.31","#;
        let meta_targets = meta("targets", self.targets, &targets_file);
        let snapshot_file = sign(&role("snapshot", snapshot, &meta_targets, SPEC, self.snapshot));
        let meta_snapshot = meta("snapshot", self.snapshot, &snapshot_file);
        let timestamp_file = sign(&role("timestamp", timestamp, &meta_snapshot, SPEC, self.timestamp));
        out.insert(format!("{}.targets.json", self.targets), targets_file);
        out.insert(format!("{}.snapshot.json", self.snapshot), snapshot_file);
        out.insert("timestamp.json".to_string(), timestamp_file);
        out
    }

    fn sign_root(&mut self, before: &[SigningKey]) {
        let signed = self.root_text(self.roots.len().saturating_add(1));
        let mut signers = self.keys.to_vec();
        signers.extend(before.iter().cloned());
        self.roots.push(envelope(&signed, &signers));
    }

    fn root_text(&self, version: usize) -> String {
        let keys = self.keys.iter().chain([&self.online]);
        let mut listed: Vec<String> = keys
            .map(|key| {
                let public = public(key);
                format!(
                    r#""{}":{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#,
                    id(key)
                )
            })
            .collect();
        listed.sort();
        let ids = |keys: &[SigningKey]| {
            let ids: Vec<String> = keys.iter().map(|key| format!("\"{}\"", id(key))).collect();
            format!(r#"{{"keyids":[{}],"threshold":{}}}"#, ids.join(","), keys.len())
        };
        let online = ids(core::slice::from_ref(&self.online));
        format!(
            r#"{{"_type":"root","consistent_snapshot":true,"expires":"{}","keys":{{{}}},"roles":{{"root":{},"snapshot":{online},"targets":{online},"timestamp":{online}}},"spec_version":"1.0.31","version":{version}}}"#,
            self.expires[0],
            listed.join(","),
            ids(&self.keys),
        )
    }
}

/// The signed part of a role. `meta` and `rest` end in a comma, or are empty.
fn role(kind: &str, expires: &str, meta: &str, rest: &str, version: u64) -> String {
    format!(r#"{{"_type":"{kind}","expires":"{expires}",{meta}{rest}"version":{version}}}"#)
}

fn envelope(signed: &str, signers: &[SigningKey]) -> Vec<u8> {
    let sign = |key: &SigningKey| {
        let signature = hex(&key.sign(signed.as_bytes()));
        format!(r#"{{"keyid":"{}","sig":"{signature}"}}"#, id(key))
    };
    let signatures: Vec<String> = signers.iter().map(sign).collect();
    format!(r#"{{"signatures":[{}],"signed":{signed}}}"#, signatures.join(",")).into_bytes()
}

/// The 32 bytes at the end of a SubjectPublicKeyInfo.
fn public(key: &SigningKey) -> String {
    let spki = key.spki_der();
    hex(spki.last_chunk::<32>().map_or(&[], <[u8; 32]>::as_slice))
}

fn id(key: &SigningKey) -> String {
    hex(&Sha256::digest(key.spki_der()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
