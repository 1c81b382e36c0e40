//! The store that remembers: which questions it asks, and what it never takes for granted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use sentinel_pass::{
    Clock, MemoryStore, Object, PutOnce, Remembering, Store, StoreError, StoreErrorKind, Swap, Version,
};
use sigstore::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const CAP: usize = 1 << 20;
const STATE: &str = "state/log.example.com.json";
const RECORD: &str = "audit/log.example.com/";
const TIP: &str = "public/tip.json";
const INVENTORY: &str = "state/deployment.json";
const CONFIG: &str = "config/sentinel.yaml";

/// Writes down what reaches the store.
#[derive(Default)]
struct Counting {
    inner: MemoryStore,
    calls: Mutex<Vec<String>>,
}

impl Counting {
    fn note(&self, call: &str, name: &str) {
        self.calls.lock().unwrap().push(format!("{call} {name}"));
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Store for Counting {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.note("read", name);
        self.inner.read(name, max_bytes).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        self.note("put", name);
        self.inner.put_once(name, bytes).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        self.note("swap", name);
        self.inner.swap(name, expected, bytes).await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.note("publish", name);
        self.inner.publish(name, bytes).await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.note("list", prefix);
        self.inner.list(prefix, from, limit).await
    }
}

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

struct World {
    store: Arc<Counting>,
    clock: Arc<SetClock>,
    warm: Remembering,
}

fn receipt(from: u64) -> String {
    format!("{RECORD}receipts/{from:020}.json")
}

fn head(size: u64) -> String {
    format!("{RECORD}checkpoints/{size:020}-ab.json")
}

impl World {
    /// A log with one head and one receipt, and a process that knows nothing yet.
    async fn new() -> Self {
        let store = Arc::new(Counting::default());
        let (head, receipt) = (head(256), receipt(0));
        let start = format!("{RECORD}start.json");
        for name in [STATE, INVENTORY, TIP, CONFIG, &head, &receipt, &start] {
            store.inner.put_once(name, b"first").await.unwrap();
        }
        let clock = Arc::new(SetClock(AtomicI64::new(1_800_000_000)));
        let warm = Remembering::with_clock(Arc::clone(&store) as _, Arc::clone(&clock) as _);
        Self { store, clock, warm }
    }

    /// What a pass over a quiet log asks; what reached the store of that.
    async fn quiet(&self, size: u64, last: u64) -> Vec<String> {
        self.store.taken();
        self.warm.read(CONFIG, CAP).await.unwrap();
        self.warm.read(INVENTORY, CAP).await.unwrap();
        self.warm.read(STATE, CAP).await.unwrap();
        let names = self.warm.list(RECORD, &head(size), 1_000).await.unwrap();
        let there = self.store.inner.list(RECORD, &head(size), 1_000).await.unwrap();
        assert_eq!(names, there);
        let end = self.warm.read(&receipt(last), CAP).await.unwrap();
        let truth = self.store.inner.read(&receipt(last), CAP).await.unwrap();
        assert_eq!(end.map(|end| end.bytes), truth.map(|truth| truth.bytes));
        self.warm.read(TIP, CAP).await.unwrap();
        self.store.taken()
    }

    async fn state_version(&self) -> Version {
        self.store.inner.read(STATE, CAP).await.unwrap().unwrap().version
    }
}

fn is_changed(error: &StoreError) -> bool {
    matches!(&error.kind, StoreErrorKind::Io(source) if source.to_string().contains("somebody else changed it"))
}

#[tokio::test]
async fn a_quiet_pass_asks_for_state_and_configuration_alone() {
    let world = World::new().await;
    let cold = world.quiet(256, 0).await;
    assert_eq!(cold.len(), 6, "{cold:?}");
    let expect = [format!("read {CONFIG}"), format!("read {STATE}")];
    for _ in 0..3 {
        assert_eq!(world.quiet(256, 0).await, expect);
    }
}

/// A pass of this process that grew the log: what it wrote is known to it, and was confirmed before.
#[tokio::test]
async fn what_this_process_wrote_it_need_not_ask_for() {
    let world = World::new().await;
    world.quiet(256, 0).await;
    world.quiet(256, 0).await;
    let version = world.state_version().await;
    let Swap::Done(version) = world.warm.swap(STATE, Some(&version), b"second").await.unwrap() else {
        panic!()
    };
    assert_eq!(
        world.warm.put_once(&head(512), b"head").await.unwrap(),
        PutOnce::Created
    );
    assert_eq!(
        world.warm.put_once(&receipt(256), b"receipt").await.unwrap(),
        PutOnce::Created
    );
    assert!(matches!(
        world.warm.swap(STATE, Some(&version), b"third").await.unwrap(),
        Swap::Done(_)
    ));
    world.warm.publish(TIP, b"tips").await.unwrap();
    let calls = world.store.taken();
    let confirmed = [
        format!("read {}", receipt(0)),
        format!("list {RECORD}"),
        format!("swap {STATE}"),
    ];
    assert_eq!(calls[..3], confirmed, "asked again, once, before anything is written");
    assert_eq!(
        calls[3..]
            .iter()
            .filter(|call| !call.starts_with("put") && !call.starts_with("swap"))
            .count(),
        2
    );
    assert_eq!(
        calls[calls.len() - 2..],
        [format!("read {TIP}"), format!("publish {TIP}")]
    );
    let expect = [format!("read {CONFIG}"), format!("read {STATE}")];
    assert_eq!(world.quiet(512, 256).await, expect);
}

#[tokio::test]
async fn another_writer_of_the_state_makes_it_forget() {
    let world = World::new().await;
    world.quiet(256, 0).await;
    let version = world.state_version().await;
    world.store.inner.swap(STATE, Some(&version), b"theirs").await.unwrap();
    world
        .store
        .inner
        .put_once(&format!("{RECORD}evidence/violation-1.json"), b"!")
        .await
        .unwrap();
    world.store.inner.publish(TIP, b"theirs").await.unwrap();
    let calls = world.quiet(256, 0).await;
    assert_eq!(
        calls.len(),
        5,
        "all but the inventory, which was answered before: {calls:?}"
    );
    assert_eq!(world.warm.read(TIP, CAP).await.unwrap().unwrap().bytes, b"theirs");
    let calls = world.quiet(256, 0).await;
    assert_eq!(calls.len(), 3, "and then the inventory: {calls:?}");
}

/// A pass that died after it had put evidence, before it wrote the state; a record of which something is gone.
#[tokio::test]
async fn nothing_is_written_on_the_strength_of_what_no_longer_holds() {
    for spoil in ["evidence", "gone", "altered"] {
        let world = World::new().await;
        world.quiet(256, 0).await;
        world.quiet(256, 0).await;
        match spoil {
            "evidence" => world
                .store
                .inner
                .set(&format!("{RECORD}evidence/violation-1.json"), Some(b"!".to_vec())),
            "gone" => world.store.inner.set(&receipt(0), None),
            _ => world.store.inner.set(&receipt(0), Some(b"other".to_vec())),
        }
        let version = world.state_version().await;
        // As a quiet pass sees it: from memory.
        for name in [CONFIG, INVENTORY, STATE] {
            world.warm.read(name, CAP).await.unwrap();
        }
        world.warm.list(RECORD, &head(256), 1_000).await.unwrap();
        world.warm.read(&receipt(0), CAP).await.unwrap();
        let before = world.store.inner.objects();
        let refused = world.warm.put_once(&receipt(256), b"x").await.unwrap_err();
        assert!(is_changed(&refused), "{spoil}: {refused}");
        let refused = world.warm.put_once(&receipt(256), b"x").await.unwrap_err();
        assert!(is_changed(&refused), "{spoil}: until the state is read again");
        let refused = world.warm.swap(STATE, Some(&version), b"x").await.unwrap_err();
        assert!(is_changed(&refused), "{spoil}");
        assert_eq!(world.store.inner.objects(), before, "{spoil}");
        // The next pass sees what is there, and may write.
        world.quiet(256, 0).await;
        assert_eq!(
            world.warm.put_once(&receipt(256), b"x").await.unwrap(),
            PutOnce::Created
        );
    }
}

#[tokio::test]
async fn tips_are_not_published_over_those_of_another() {
    let world = World::new().await;
    world.quiet(256, 0).await;
    world.quiet(256, 0).await;
    world.store.inner.publish(TIP, b"theirs").await.unwrap();
    assert!(is_changed(&world.warm.publish(TIP, b"ours").await.unwrap_err()));
    assert_eq!(world.warm.read(TIP, CAP).await.unwrap().unwrap().bytes, b"theirs");
    world.warm.publish(TIP, b"ours").await.unwrap();
    assert_eq!(world.warm.read(TIP, CAP).await.unwrap().unwrap().bytes, b"ours");
    let version = world.warm.read(TIP, CAP).await.unwrap().unwrap().version;
    assert_eq!(
        world.warm.swap(TIP, Some(&version), b"x").await.unwrap(),
        Swap::Lost,
        "a version that was never learnt is nobody's"
    );
}

#[tokio::test]
async fn the_inventory_is_swapped_against_what_is_remembered() {
    let world = World::new().await;
    let known = world.warm.read(INVENTORY, CAP).await.unwrap().unwrap();
    let Swap::Done(next) = world.warm.swap(INVENTORY, Some(&known.version), b"ours").await.unwrap() else {
        panic!()
    };
    world.store.taken();
    let remembered = world.warm.read(INVENTORY, CAP).await.unwrap().unwrap();
    assert_eq!(
        (remembered.bytes.as_slice(), &remembered.version),
        (&b"ours"[..], &next)
    );
    assert_eq!(world.store.taken(), [] as [String; 0]);
    world.store.inner.swap(INVENTORY, Some(&next), b"theirs").await.unwrap();
    let stale = world.warm.read(INVENTORY, CAP).await.unwrap().unwrap();
    assert_eq!(stale.bytes, b"ours");
    assert_eq!(
        world.warm.swap(INVENTORY, Some(&stale.version), b"x").await.unwrap(),
        Swap::Lost
    );
    assert_eq!(world.warm.read(INVENTORY, CAP).await.unwrap().unwrap().bytes, b"theirs");
}

#[tokio::test]
async fn nothing_is_remembered_for_long() {
    let world = World::new().await;
    world.quiet(256, 0).await;
    world.clock.0.fetch_add(3_599, Ordering::Relaxed);
    assert_eq!(world.quiet(256, 0).await.len(), 2);
    world.clock.0.fetch_add(1, Ordering::Relaxed);
    assert_eq!(world.quiet(256, 0).await.len(), 6);
    assert_eq!(world.quiet(256, 0).await.len(), 2);
    world.clock.0.fetch_sub(10, Ordering::Relaxed);
    assert_eq!(
        world.quiet(256, 0).await.len(),
        6,
        "nor from a time that is yet to come"
    );
}

/// Without the state before it, nothing of a record is answered from memory; and of nothing else at any time.
#[tokio::test]
async fn other_questions_always_reach_the_store() {
    let world = World::new().await;
    for _ in 0..2 {
        world.store.taken();
        for name in [
            receipt(0),
            format!("{RECORD}findings/x"),
            "audit/config/ab.yaml".to_owned(),
        ] {
            world.warm.read(&name, CAP).await.unwrap();
        }
        for (prefix, limit) in [(RECORD, 1_000), ("audit/", 1_000), ("state/", 1), ("", 1_000)] {
            world.warm.list(prefix, prefix, limit).await.unwrap();
        }
        assert_eq!(world.store.taken().len(), 7);
    }
    world.quiet(256, 0).await;
    world.store.inner.set(STATE, None);
    assert_eq!(world.warm.read(STATE, CAP).await.unwrap(), None);
    world.store.taken();
    world.warm.list(RECORD, &head(256), 1_000).await.unwrap();
    assert_eq!(world.store.taken().len(), 1, "a state that is gone takes all with it");
}
