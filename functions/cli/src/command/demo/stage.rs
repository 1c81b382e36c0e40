//! The demo's log, as plain files, and what is done to it.

use sigstore::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{LeafSigner, hashedrekord};
use testlog::{SigningKey, TreeLog};

/// The origin of the demo's log. `example.com` belongs to nobody (RFC 2606).
const ORIGIN: &str = "log.example.com/demo";

/// When the demo's certificates were valid.
const NOT_BEFORE: u64 = 1_767_225_600;

/// The log, the folder that it is served from, and who certifies its signers.
pub(crate) struct Stage {
    folder: PathBuf,
    log: TreeLog,
    authority: Authority,
}

impl Stage {
    /// A log of 300 entries by others, and a configuration that watches it from 0. The folder must be new.
    pub(crate) fn set(folder: &Path) -> io::Result<Self> {
        fs::create_dir(folder)?;
        // A key for this folder alone: it signs nothing that anybody else would trust.
        let seed = tlog::Hash::of(folder.display().to_string().as_bytes());
        let log = TreeLog::new(ORIGIN, SigningKey::ed25519(seed.as_bytes()));
        let authority = Authority::new("demo", &[7; 32]);
        let mut stage = Self {
            folder: fs::canonicalize(folder)?,
            log,
            authority,
        };
        stage.others(300);
        stage.write()?;
        fs::write(stage.folder.join("trusted_root.json"), TRUSTED_ROOT)?;
        fs::write(stage.folder.join("sentinel.yaml"), stage.configuration())?;
        Ok(stage)
    }

    /// How many entries the log has.
    pub(crate) fn size(&self) -> u64 {
        self.log.size()
    }

    /// 400 more entries: one by our release workflow, one by another workflow of ours, the rest by others.
    pub(crate) fn grow_with_findings(&mut self) -> io::Result<()> {
        self.others(150);
        self.append(&Identity::github_workflow(
            "example-corp",
            "tool",
            "release.yml",
            "refs/tags/v1.2.3",
        ));
        self.others(100);
        self.append(&Identity::github_workflow(
            "example-corp",
            "tool",
            "nightly.yml",
            "refs/heads/main",
        ));
        self.others(148);
        self.write()
    }

    /// 100 more entries, of which one is served with a changed byte.
    pub(crate) fn tamper(&mut self) -> io::Result<()> {
        self.others(100);
        self.write()?;
        let last = self
            .log
            .resources(self.size())
            .into_iter()
            .map(|resource| resource.path());
        let Some(bundle) = last.filter(|path| path.contains("entries")).max() else {
            return Ok(());
        };
        let file = self.folder.join("log").join(bundle);
        let mut bytes = fs::read(&file)?;
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        fs::write(file, bytes)
    }

    /// The right bytes again.
    pub(crate) fn heal(&mut self) -> io::Result<()> {
        self.write()
    }

    /// Another history that shares all but the last 50 entries, signed with the same key, 10 entries larger.
    pub(crate) fn fork(&mut self) -> io::Result<()> {
        self.log = self.log.fork_at(self.size() - 50);
        for _ in 0..60 {
            self.append(&Identity::email("somebody@example.org", "https://accounts.example.org"));
        }
        self.write()
    }

    fn others(&mut self, count: u64) {
        for _ in 0..count {
            let name = format!("maintainer-{}@example.org", self.size() % 7);
            self.append(&Identity::email(&name, "https://accounts.example.org"));
        }
    }

    fn append(&mut self, identity: &Identity) {
        let index = self.size();
        let certificate = self
            .authority
            .issue(&LeafCertificate::new(identity.clone(), index, NOT_BEFORE + index));
        let digest = tlog::Hash::of(format!("artifact {index}").as_bytes());
        self.log
            .append(&hashedrekord(digest.as_bytes(), &LeafSigner::certificate(&certificate)));
    }

    fn write(&self) -> io::Result<()> {
        for resource in self.log.resources(self.size()) {
            let Some(bytes) = self.log.read_resource(resource, self.size()) else {
                continue;
            };
            let file = self.folder.join("log").join(resource.path());
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, bytes)?;
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        let made = Timestamp::from_unix(i64::try_from(NOT_BEFORE).unwrap_or(0));
        format!(
            "\
# The demonstration's configuration: one log in a folder, one rule.
schema: 1
trust: {{trusted_root: trusted_root.json}}   # names no log: the demonstration asks nobody on the network
logs:
  - url: file://{url}/log
    kind: rekor-v2
    key: {vkey}
    from: 0
limits: {{unproven_after: 0s}}
# The certificates in the log are of {made}.
rules:
  - name: our-repositories
    severity: high
    note: Nobody but the release workflow may sign. Page the release captain.
    match: {{source-repository-owner-uri: https://github.com/example-corp}}
    allow:
      - san: \"glob:https://github.com/example-corp/**/.github/workflows/release.yml@refs/tags/**\"
",
            url = in_url(&self.folder.to_string_lossy()),
            vkey = self.log.vkey(),
        )
    }
}

/// A path as a URL has it: percent-encoded (RFC 3986, section 2.1).
fn in_url(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// A trusted root without logs and authorities.
const TRUSTED_ROOT: &str = "\
{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"tlogs\":[],\"ctlogs\":[],\"certificateAuthorities\":[],\"timestampAuthorities\":[]}
";
