//! The stores and sinks of this machine, and those in memory, held to their contracts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use alerts::Alert;
use pass::{AlertSink, MemorySink, MemoryStore, PutOnce, Store, StoreErrorKind};
use sentinel_local::contract::{sample_alert, sink_contract, store_contract};
use sentinel_local::{Colour, ConsoleSink, FileSink, FileSinkError, FolderStore, OpenError};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory() {
    let store = Arc::new(MemoryStore::new());
    store_contract(|| store.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("made/on/the/way");
    store_contract(|| Arc::new(FolderStore::open(&root).unwrap())).await;
    store_contract_left_nothing_behind(&root);
}

fn store_contract_left_nothing_behind(root: &Path) {
    let mut odd = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if item.file_type().unwrap().is_dir() {
                folders.push(item.path());
            } else if item.file_name().to_str().unwrap().contains('+') {
                odd.push(item.file_name());
            }
        }
    }
    assert_eq!(odd, [".+lock"], "no temporary file stays");
}

/// Handles of other processes: this test runs itself, and the copies race with each other.
#[test]
fn processes_race_for_one_name() {
    const FOLDER: &str = "SENTINEL_TEST_STORE";
    let run = |root: &Path| {
        let store = FolderStore::open(root).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mine = std::process::id().to_string();
        let won: Vec<_> = (0..40)
            .filter(|round| {
                let name = format!("round/{round:02}");
                runtime.block_on(store.put_once(&name, mine.as_bytes())).unwrap() == PutOnce::Created
            })
            .collect();
        let wins = won.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        fs::write(root.join(format!("+wins-{mine}")), wins).unwrap();
    };
    if let Some(root) = std::env::var_os(FOLDER) {
        return run(Path::new(&root));
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = || {
        let mut copy = std::process::Command::new(std::env::current_exe().unwrap());
        copy.args(["--exact", "processes_race_for_one_name"])
            .env(FOLDER, folder.path());
        copy.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let copies: Vec<_> = (0..4).map(|_| copy()).collect();
    let mut all: Vec<u32> = Vec::new();
    for mut copy in copies {
        let id = copy.id();
        assert!(copy.wait().unwrap().success());
        for round in fs::read_to_string(folder.path().join(format!("+wins-{id}")))
            .unwrap()
            .split_whitespace()
        {
            let winner = fs::read_to_string(
                folder
                    .path()
                    .join(format!("round/{:02}", round.parse::<u32>().unwrap())),
            );
            assert_eq!(winner.unwrap(), id.to_string(), "who won is who is there");
            all.push(round.parse().unwrap());
        }
    }
    assert_eq!(all.len(), 40, "each round has one winner");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 40);
}

#[tokio::test]
async fn what_is_no_object_is_neither_listed_nor_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    store.put_once("a/b", b"1").await.unwrap();
    // What a killed writer leaves, and what people leave.
    for name in [".+lock", "a/.+123-4", "a/with blank", "a/ä"] {
        fs::write(folder.path().join(name), b"half").unwrap();
    }
    fs::create_dir_all(folder.path().join("empty/folder")).unwrap();
    assert_eq!(store.list("", "", 100).await.unwrap(), ["a/b"]);
    assert_eq!(store.read("empty", 10).await.unwrap(), None);
    assert_eq!(
        store.put_once("a/c", b"2").await.unwrap(),
        PutOnce::Created,
        "leftovers are harmless"
    );

    let error = store.put_once("a/b/c", b"3").await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Io(_)), "{error}");
    assert!(format!("{:?}", error.kind).contains("making its folder"), "{error:?}");
    assert_eq!(store.read("a/b", 10).await.unwrap().unwrap().bytes, b"1");
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), b"secret").unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    symlink(outside.path(), folder.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    for name in ["out/secret", "out/new", "file", "dangling"] {
        assert!(store.read(name, 100).await.is_err(), "{name}");
        assert!(store.put_once(name, b"x").await.is_err(), "{name}");
        assert!(store.swap(name, None, b"x").await.is_err(), "{name}");
    }
    assert!(store.publish("out/new", b"x").await.is_err());
    assert_eq!(store.list("", "", 100).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.list("out/", "", 100).await.unwrap(), Vec::<String>::new());
    assert_eq!(
        fs::read_dir(outside.path()).unwrap().count(),
        1,
        "nothing was written outside"
    );
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
}

#[tokio::test]
async fn reading_alone_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    assert!(matches!(
        FolderStore::open_read_only(&root),
        Err(OpenError::NotThere { .. })
    ));
    assert!(matches!(
        FolderStore::open_existing(&root),
        Err(OpenError::NotThere { .. })
    ));
    assert!(!root.exists());
    FolderStore::open(&root).unwrap().put_once("a", b"1").await.unwrap();
    fs::remove_file(root.join(".+lock")).unwrap();

    let existing = FolderStore::open_existing(&root).unwrap();
    assert_eq!(existing.put_once("a", b"2").await.unwrap(), PutOnce::Exists);
    fs::remove_file(root.join(".+lock")).unwrap();

    let store = FolderStore::open_read_only(&root).unwrap();
    assert_eq!(store.read("a", 10).await.unwrap().unwrap().bytes, b"1");
    assert_eq!(store.list("", "", 10).await.unwrap(), ["a"]);
    for refused in [
        store.put_once("b", b"").await.map(drop),
        store.swap("a", None, b"").await.map(drop),
        store.publish("a", b"").await,
    ] {
        assert!(matches!(refused.unwrap_err().kind, StoreErrorKind::Io(_)));
    }
    assert!(!root.join(".+lock").exists());
    fs::write(folder.path().join("file"), b"").unwrap();
    for path in ["file", "file/below"] {
        let opened = FolderStore::open(&folder.path().join(path));
        assert!(
            matches!(opened, Err(OpenError::NotAFolder { .. })),
            "{path}: {opened:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sink_in_memory() {
    let sink = Arc::new(MemorySink::new("memory"));
    sink_contract(
        || sink.clone(),
        || sink.taken().into_iter().map(|alert| alert.id).collect(),
    )
    .await;
}

/// A writer that the test can look into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_console() {
    for colour in [Colour::Yes, Colour::No] {
        let written = Shared::default();
        let sink = Arc::new(ConsoleSink::to(Box::new(written.clone()), colour));
        let text = || String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        // A sample's title stands in the first line of its block.
        let id = |title: &str| {
            title
                .split_once("sample ")
                .map(|(_, rest)| rest.split('\u{1b}').next().unwrap().trim().parse().unwrap())
        };
        let ids = || {
            text()
                .lines()
                .filter_map(id)
                .map(|number: usize| sample_alert(number).id)
                .collect()
        };
        sink_contract(|| sink.clone(), ids).await;
        assert_eq!(sink.name(), "console");
        assert_eq!(text().contains('\u{1b}'), colour == Colour::Yes);
        assert!(
            !text().contains("\u{1b}[2J") && !text().contains('\u{202e}'),
            "no text of an alert acts on the terminal"
        );
        assert!(text().ends_with("\n\n") && !text().contains("\n\n\n"));
    }
}

/// A writer that is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[tokio::test]
async fn a_console_that_is_gone_takes_nothing() {
    let error = ConsoleSink::to(Box::new(Gone), Colour::No)
        .deliver(&sample_alert(7))
        .await
        .unwrap_err();
    assert_eq!((error.sink.as_str(), error.alert), ("console", sample_alert(7).id));
}

fn lines(path: &Path) -> Vec<Alert> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.jsonl");
    let make = || -> Arc<dyn AlertSink> { Arc::new(FileSink::open(&path).unwrap()) };
    sink_contract(make, || lines(&path).into_iter().map(|alert| alert.id).collect()).await;
    assert_eq!(make().name(), format!("file:{}", path.display()));
    assert_eq!(lines(&path)[0], sample_alert(1), "a line is the whole alert");
}

#[tokio::test]
async fn half_a_line_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.jsonl");
    fs::write(&path, b"{\"id\":\"ha").unwrap();
    let sink = FileSink::open(&path).unwrap();
    sink.deliver(&sample_alert(1)).await.unwrap();
    sink.deliver(&sample_alert(2)).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.split('\n').collect();
    assert_eq!(lines.len(), 4);
    assert_eq!((lines[0], lines[3]), ("{\"id\":\"ha", ""));
    assert_eq!(serde_json::from_str::<Alert>(lines[2]).unwrap(), sample_alert(2));
}

#[tokio::test]
async fn a_path_that_cannot_be_a_sink() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| FileSink::open(&folder.path().join(name));
    assert!(matches!(open("missing/a.jsonl"), Err(FileSinkError::NoFolder { .. })));
    assert!(matches!(
        FileSink::open(folder.path()),
        Err(FileSinkError::NotAFile { .. })
    ));
    assert!(matches!(open(&"n".repeat(256)), Err(FileSinkError::Name)));
    assert!(matches!(FileSink::open(Path::new("")), Err(FileSinkError::Name)));
    assert!(!folder.path().join("missing").exists());

    let sink = open("later.jsonl").unwrap();
    fs::create_dir(folder.path().join("later.jsonl")).unwrap();
    let error = sink.deliver(&sample_alert(1)).await.unwrap_err();
    assert_eq!(error.alert, sample_alert(1).id);
}
