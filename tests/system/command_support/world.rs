//! A working folder, and the real command run in it as a script would.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A trusted root that names no log: nobody on the network is asked.
pub(crate) const NO_LOGS: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[],"certificateAuthorities":[],"timestampAuthorities":[]}"#;

/// A folder with a `sentinel.yaml` and a store, as the command finds them by default.
pub(crate) struct World {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// How a command ended, and what it said.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::Builder::new().prefix("sentinel-command-").tempdir().unwrap();
        fs::write(folder.path().join("trusted_root.json"), NO_LOGS).unwrap();
        World {
            folder,
            variables: Vec::new(),
        }
    }

    /// What the command finds in its environment besides.
    #[allow(dead_code, reason = "not every target that has this folder needs it")]
    pub(crate) fn with_variables(self, variables: Vec<(&'static str, String)>) -> World {
        World { variables, ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes `sentinel.yaml`: these logs alone, and these rules.
    pub(crate) fn configure(&self, logs: &[String], rest: &str) {
        let logs: String = logs.iter().map(|log| format!("  - {log}\n")).collect();
        let logs = if logs.is_empty() {
            "logs: []\n".to_owned()
        } else {
            format!("logs:\n{logs}")
        };
        self.write(
            "sentinel.yaml",
            format!("schema: 1\ntrust: {{trusted_root: trusted_root.json}}\n{logs}{rest}"),
        );
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs the command in the folder, with this on its standard input.
    #[track_caller]
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rekor-sentinel"))
            .args(args)
            .current_dir(self.folder.path())
            .env("USER", "tester")
            .env("TMPDIR", self.folder.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended without a look at its input.
        let _closed = child.stdin.take().unwrap().write_all(input.as_bytes()).is_err();
        let (out, err) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("{args:?} did not end within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let code = status.code().unwrap_or_else(|| panic!("{args:?} was killed: {status}"));
        Ran {
            code,
            out: out.join().unwrap(),
            err: err.join().unwrap(),
        }
    }

    /// Every file below a folder with its bytes, the store's lock left out.
    pub(crate) fn snapshot(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files);
        files.retain(|name, _| !name.contains(".+lock"));
        files
    }

    /// Puts a folder back to what it was.
    pub(crate) fn restore(&self, folder: &str, snapshot: &BTreeMap<String, Vec<u8>>) {
        for name in self
            .snapshot(folder)
            .keys()
            .filter(|name| !snapshot.contains_key(*name))
        {
            fs::remove_file(self.path(folder).join(name)).unwrap();
        }
        for (name, bytes) in snapshot {
            self.write(&format!("{folder}/{name}"), bytes);
        }
    }
}

fn drain(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("the command writes UTF-8")
    })
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

impl Ran {
    /// Fails with everything that was said, unless the command ended so.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard error holds all of this.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Ran {
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in:\n{}", self.err);
        }
        self
    }

    /// Fails unless standard output holds all of this.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Ran {
        for word in words {
            assert!(
                self.out.contains(word),
                "{word:?} is not in:\n{}\n--- err\n{}",
                self.out,
                self.err
            );
        }
        self
    }

    /// Standard output as one JSON object a line and nothing else.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| -> Value {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
            assert!(value.is_object(), "{line}");
            value
        };
        assert!(self.out.is_empty() || self.out.ends_with('\n'), "{:?}", self.out);
        self.out.lines().map(parse).collect()
    }

    /// The line of the run as a whole.
    #[track_caller]
    pub(crate) fn whole(&self) -> Value {
        let last = self
            .lines()
            .pop()
            .unwrap_or_else(|| panic!("nothing was printed: {}", self.err));
        assert!(last["log"].is_null(), "{last}");
        last
    }

    /// The line of the only log.
    #[track_caller]
    pub(crate) fn only(&self) -> Value {
        let lines = self.lines();
        assert_eq!(lines.len(), 2, "{}", self.out);
        lines[0].clone()
    }
}
