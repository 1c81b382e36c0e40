//! What every store must do.

use pass::{PutOnce, Store, StoreErrorKind, Swap, Version};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tasks that race for one name.
const RACERS: u64 = 16;

/// How often each racer of a counter counts.
const ROUNDS: u64 = 5;

const CAP: usize = 1 << 20;

/// Holds a store to its contract. Each call of `make` gives another handle on **one and the same** store, which is
/// empty at first.
pub async fn store_contract(make: impl Fn() -> Arc<dyn Store>) {
    let (store, other) = (make(), make());
    assert!(!store.place().is_empty(), "a store says where it is");
    listing_of_nothing(store.as_ref()).await;
    objects_read_as_written(store.as_ref(), other.as_ref()).await;
    puts_happen_once(store.as_ref(), other.as_ref()).await;
    swaps_compare(store.as_ref(), other.as_ref()).await;
    publishing_replaces(store.as_ref(), other.as_ref()).await;
    bad_names_are_refused(store.as_ref()).await;
    listings_are_in_order(store.as_ref()).await;
    one_racer_puts(&make).await;
    one_racer_creates(&make).await;
    no_swap_is_lost(&make).await;
    readers_see_whole_objects(&make).await;
}

async fn bytes_of(store: &dyn Store, name: &str) -> Option<Vec<u8>> {
    store.read(name, CAP).await.unwrap().map(|object| object.bytes)
}

async fn version_of(store: &dyn Store, name: &str) -> Version {
    store
        .read(name, CAP)
        .await
        .unwrap()
        .unwrap_or_else(|| panic!("{name} is gone"))
        .version
}

async fn listing_of_nothing(store: &dyn Store) {
    assert_eq!(
        store.list("", "", 10).await.unwrap(),
        Vec::<String>::new(),
        "the store must be empty at first"
    );
    assert_eq!(store.list("nothing/here/", "", 10).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.read("nothing/here", CAP).await.unwrap(), None);
}

async fn objects_read_as_written(store: &dyn Store, other: &dyn Store) {
    let all: Vec<u8> = (0..=255).collect();
    for (name, bytes) in [
        ("read/empty", &[][..]),
        ("read/all", &all),
        ("read/large", &vec![b'x'; 300_000]),
    ] {
        assert_eq!(store.put_once(name, bytes).await.unwrap(), PutOnce::Created);
        for store in [store, other] {
            let object = store.read(name, bytes.len()).await.unwrap().unwrap();
            assert_eq!(object.bytes, bytes, "{name}");
            assert_eq!(store.read(name, CAP).await.unwrap(), Some(object), "{name}");
        }
        let Some(short) = bytes.len().checked_sub(1) else {
            continue;
        };
        let error = store.read(name, short).await.expect_err("longer than the cap");
        assert!(
            matches!(error.kind, StoreErrorKind::TooLarge { cap } if cap == short),
            "{error}"
        );
    }
    let longest = format!("{}/{}", "read/".repeat(150), "n".repeat(200));
    for name in [
        "read/-._~%2F0AZaz",
        ".read",
        "read/...",
        longest.replace("//", "/").as_str(),
    ] {
        assert_eq!(
            store.put_once(name, name.as_bytes()).await.unwrap(),
            PutOnce::Created,
            "{name}"
        );
        assert_eq!(bytes_of(other, name).await.as_deref(), Some(name.as_bytes()), "{name}");
    }
    assert_eq!(store.read("read", CAP).await.unwrap(), None, "a prefix is no object");
    assert_eq!(
        store.read("read/all/more", CAP).await.unwrap(),
        None,
        "an object is no prefix"
    );
}

async fn puts_happen_once(store: &dyn Store, other: &dyn Store) {
    assert_eq!(store.put_once("once", b"first").await.unwrap(), PutOnce::Created);
    for (store, again) in [
        (store, &b"second"[..]),
        (other, b"third"),
        (store, b"first"),
        (store, b""),
    ] {
        assert_eq!(store.put_once("once", again).await.unwrap(), PutOnce::Exists);
        assert_eq!(bytes_of(store, "once").await.as_deref(), Some(&b"first"[..]));
    }
}

async fn swaps_compare(store: &dyn Store, other: &dyn Store) {
    let stale = version_of(store, "once").await;
    assert_eq!(
        store.swap("swap/a", Some(&stale), b"x").await.unwrap(),
        Swap::Lost,
        "there is nothing to replace"
    );
    assert_eq!(bytes_of(store, "swap/a").await, None, "a lost swap writes nothing");
    let Swap::Done(first) = store.swap("swap/a", None, b"1").await.unwrap() else {
        panic!("nothing was there")
    };
    assert_eq!(
        first,
        version_of(other, "swap/a").await,
        "a swap returns the version that is read"
    );
    assert_eq!(
        other.swap("swap/a", None, b"2").await.unwrap(),
        Swap::Lost,
        "something is there"
    );
    let Swap::Done(second) = other.swap("swap/a", Some(&first), b"2").await.unwrap() else {
        panic!("it was current")
    };
    assert_ne!(first, second);
    assert_eq!(
        store.swap("swap/a", Some(&first), b"3").await.unwrap(),
        Swap::Lost,
        "the version is old"
    );
    assert_eq!(bytes_of(store, "swap/a").await.as_deref(), Some(&b"2"[..]));
    assert_eq!(
        store.put_once("swap/a", b"4").await.unwrap(),
        PutOnce::Exists,
        "one name, one object"
    );
    let put = version_of(store, "once").await;
    assert!(
        matches!(store.swap("once", Some(&put), b"swapped").await.unwrap(), Swap::Done(_)),
        "a put has a version too"
    );
    assert_eq!(bytes_of(other, "once").await.as_deref(), Some(&b"swapped"[..]));
}

async fn publishing_replaces(store: &dyn Store, other: &dyn Store) {
    for bytes in [&b"1"[..], b"22", b"", b"22"] {
        store.publish("public/tip", bytes).await.unwrap();
        assert_eq!(bytes_of(other, "public/tip").await.as_deref(), Some(bytes));
    }
    let version = version_of(store, "public/tip").await;
    other.publish("public/tip", b"333").await.unwrap();
    assert_eq!(
        store.swap("public/tip", Some(&version), b"4").await.unwrap(),
        Swap::Lost,
        "publishing moves the version"
    );
}

async fn bad_names_are_refused(store: &dyn Store) {
    let long = "n".repeat(1025);
    let bad = [
        "", "/", "/etc/x", "a/", "a//b", "..", "../x", "a/../x", "a/./b", ".", "a b", "a\\b", "a\nb", "ä", "a+b",
        "a:b", "a\0",
    ];
    for name in bad.into_iter().chain([long.as_str()]) {
        let refused = |result: Result<(), pass::StoreError>| {
            let error = result.expect_err(name);
            assert!(matches!(error.kind, StoreErrorKind::BadName), "{name:?}: {error}");
        };
        refused(store.read(name, CAP).await.map(drop));
        refused(store.put_once(name, b"x").await.map(drop));
        refused(store.swap(name, None, b"x").await.map(drop));
        refused(store.publish(name, b"x").await);
    }
}

async fn listings_are_in_order(store: &dyn Store) {
    let names = [
        "list/a-b",
        "list/a.b",
        "list/a/00000000000000000010",
        "list/a/00000000000000000009",
        "list/a/b/c",
        "list/a0",
        "list/aa",
        "list/A",
        "list/a%2F",
        "list/a~2/x",
        "listed",
    ];
    for name in names {
        assert_eq!(
            store.put_once(name, name.as_bytes()).await.unwrap(),
            PutOnce::Created,
            "{name}"
        );
    }
    let sorted = BTreeSet::from(names);
    let prefixes = [
        "list",
        "list/",
        "list/a",
        "list/a/",
        "list/a/b",
        "list/a/b/c",
        "list/a/b/cd",
        "list/b",
        "list/a~",
        "lis/t",
    ];
    let froms = [
        "",
        "list/",
        "list/a/00000000000000000010",
        "list/a/0000000000000000001",
        "list/a0",
        "zzz",
        "k",
    ];
    for prefix in prefixes {
        for from in froms {
            let expect: Vec<_> = sorted
                .iter()
                .copied()
                .filter(|name| name.starts_with(prefix) && *name >= from)
                .collect();
            for limit in [0, 1, 2, 100] {
                let listed = store.list(prefix, from, limit).await.unwrap();
                let expect: Vec<_> = expect.iter().take(limit).copied().collect();
                assert_eq!(listed, expect, "prefix {prefix:?}, from {from:?}, limit {limit}");
            }
        }
    }
    for odd in ["..", "../", "/", "list//", "list/../", "list/./", "a b"] {
        assert_eq!(
            store.list(odd, "", 10).await.unwrap_or_default(),
            Vec::<String>::new(),
            "no name begins with {odd:?}"
        );
    }
}

/// Runs one task for each racer, each with a handle of its own, and collects what they return.
async fn race<T: Send + 'static, F>(
    make: &impl Fn() -> Arc<dyn Store>,
    run: impl Fn(Arc<dyn Store>, u64) -> F,
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..RACERS).map(|racer| tokio::spawn(run(make(), racer))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

async fn one_racer_puts(make: &impl Fn() -> Arc<dyn Store>) {
    let results = race(make, |store, racer| async move {
        (
            racer,
            store.put_once("race/put/deep", &racer.to_be_bytes()).await.unwrap(),
        )
    });
    let won: Vec<_> = results
        .await
        .into_iter()
        .filter(|(_, put)| *put == PutOnce::Created)
        .collect();
    let [(winner, _)] = won.as_slice() else {
        panic!("{} racers were told that they won", won.len())
    };
    assert_eq!(
        bytes_of(make().as_ref(), "race/put/deep").await.as_deref(),
        Some(&winner.to_be_bytes()[..])
    );
}

async fn one_racer_creates(make: &impl Fn() -> Arc<dyn Store>) {
    let results = race(make, |store, racer| async move {
        (
            racer,
            store.swap("race/create", None, &racer.to_be_bytes()).await.unwrap(),
        )
    });
    let won: Vec<_> = results
        .await
        .into_iter()
        .filter(|(_, swap)| *swap != Swap::Lost)
        .collect();
    let [(winner, _)] = won.as_slice() else {
        panic!("{} racers were told that they won", won.len())
    };
    assert_eq!(
        bytes_of(make().as_ref(), "race/create").await.as_deref(),
        Some(&winner.to_be_bytes()[..])
    );
}

/// A counter that many count up by compare-and-swap ends at the number of counts.
async fn no_swap_is_lost(make: &impl Fn() -> Arc<dyn Store>) {
    make().put_once("race/count", b"0").await.unwrap();
    race(make, |store, _| async move {
        for _ in 0..ROUNDS {
            loop {
                let object = store.read("race/count", CAP).await.unwrap().unwrap();
                let count: u64 = String::from_utf8(object.bytes).unwrap().parse().unwrap();
                let next = (count + 1).to_string();
                if store
                    .swap("race/count", Some(&object.version), next.as_bytes())
                    .await
                    .unwrap()
                    != Swap::Lost
                {
                    break;
                }
            }
        }
    })
    .await;
    let expect = (RACERS * ROUNDS).to_string();
    assert_eq!(bytes_of(make().as_ref(), "race/count").await, Some(expect.into_bytes()));
}

/// Whoever reads while others write sees one of the objects that were written, whole.
async fn readers_see_whole_objects(make: &impl Fn() -> Arc<dyn Store>) {
    make().publish("race/whole", &[0; 20_000]).await.unwrap();
    race(make, |store, racer| async move {
        for round in 0..ROUNDS {
            if racer % 2 == 0 {
                let byte = u8::try_from(racer * ROUNDS + round).unwrap();
                store
                    .publish("race/whole", &vec![byte; 20_000 + usize::from(byte)])
                    .await
                    .unwrap();
            } else {
                let bytes = bytes_of(store.as_ref(), "race/whole").await.unwrap();
                let byte = bytes.first().copied().unwrap();
                assert!(
                    bytes.len() == 20_000 + usize::from(byte) && bytes.iter().all(|each| *each == byte),
                    "torn"
                );
            }
            let listed = store.list("race/", "", 100).await.unwrap();
            assert!(
                listed
                    .iter()
                    .all(|name| ["put/deep", "create", "count", "whole"].contains(&&name[5..])),
                "{listed:?}"
            );
        }
    })
    .await;
}
