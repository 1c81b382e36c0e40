//! Which configuration stands when the one that is meant cannot be used.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use pass::record::Deployment;
use pass::{GivenTrust, LedgerSettings, LogSettings, MemoryStore, Store, TufRepository, ViewSettings, names, record};
use sentinel_local::configuration::{Refused, UrlCheck};
use sentinel_local::standing::{CONFIG, Standing, of_store, watch_text};
use sigstore::Timestamp;
use tlog::Hash;

const GOOD: &str = "schema: 1\nrules: [{name: us, match: {san: us@example.com}}]\n";

struct Any;

impl UrlCheck for Any {
    fn log(&self, _log: &LogSettings) -> Result<(), String> {
        Ok(())
    }

    fn repository(&self, repository: &TufRepository) -> Result<(), (&'static str, String)> {
        let refused = !repository.root.starts_with(b"{");
        if refused {
            Err(("root", "no root".to_owned()))
        } else {
            Ok(())
        }
    }

    fn view(&self, _view: &ViewSettings) -> Result<(), String> {
        Ok(())
    }

    fn ledger(&self, ledger: &LedgerSettings) -> Result<(), String> {
        match ledger.is_bucket() {
            true => Err("no buckets".to_owned()),
            false => Ok(()),
        }
    }
}

fn fixed(standing: &Standing) -> &pass::Trust {
    match &standing.loaded.trust {
        GivenTrust::Fixed(fixed) => fixed.in_force(),
        GivenTrust::Tuf(repository) => panic!("{}", repository.url),
    }
}

async fn stands(store: &MemoryStore, watch: Option<&str>) -> Result<Standing, Refused> {
    of_store(store, watch, &Any).await
}

/// A store in which this configuration was in force.
async fn in_force(text: &str) -> MemoryStore {
    let store = MemoryStore::new();
    let hash = Hash::of(text.as_bytes());
    store.put_once(&names::config(&hash), text.as_bytes()).await.unwrap();
    let mut deployment = Deployment::new(Timestamp::from_unix(1));
    deployment.config = Some(hash);
    store
        .publish(names::DEPLOYMENT, &record::encode(&deployment))
        .await
        .unwrap();
    store
}

async fn put(store: &MemoryStore, text: &str) {
    store.publish(CONFIG, text.as_bytes()).await.unwrap();
}

fn rules(standing: &Standing) -> Vec<String> {
    let specs = standing.loaded.in_force.settings.rules.specs();
    specs.iter().map(|rule| rule.name.clone()).collect()
}

/// The last good one stands in, and says so.
fn fell_back(standing: &Standing, words: &[&str]) {
    let why = standing.loaded.in_force.fell_back.clone().unwrap();
    for word in words {
        assert!(why.contains(word), "{word} is not in: {why}");
    }
    assert!(why.contains("the last good one (audit/config/"), "{why}");
    assert!(standing.broken.is_some());
    assert_eq!(rules(standing), ["us"]);
}

#[tokio::test]
async fn before_there_is_one_an_identity_stands_for_it() {
    let store = MemoryStore::new();
    let standing = stands(&store, Some(" https://github.com/acme ")).await.unwrap();
    assert_eq!(rules(&standing), ["signs-as-us"]);
    assert_eq!((&standing.broken, &standing.loaded.in_force.fell_back), (&None, &None));
    for nobody in [None, Some(""), Some("  ")] {
        let standing = stands(&store, nobody).await.unwrap();
        assert!(
            rules(&standing).is_empty(),
            "nobody is watched for, which the pass tells"
        );
    }
    assert!(matches!(
        stands(&store, Some("two\nlines")).await,
        Err(Refused::Broken(_))
    ));
    put(&store, GOOD).await;
    assert_eq!(rules(&stands(&store, Some("a@example.com")).await.unwrap()), ["us"]);
}

#[tokio::test]
async fn an_identity_may_change_as_long_as_there_was_nothing_else() {
    let store = in_force(&watch_text("old@example.com").unwrap()).await;
    let standing = stands(&store, Some("new@example.com")).await.unwrap();
    assert_eq!(standing.loaded.in_force.fell_back, None);
    let text = String::from_utf8(standing.loaded.in_force.config).unwrap();
    assert!(text.contains("new@example.com"), "{text}");
}

#[tokio::test]
async fn what_is_broken_is_stood_in_for() {
    let store = in_force(GOOD).await;
    for broken in [
        "rule: []",
        "",
        "schema: 1\nrules: [{name: x}]\n",
        "\t{",
        &"#".repeat(2 << 20),
    ] {
        put(&store, broken).await;
        fell_back(
            &stands(&store, Some("other@example.com")).await.unwrap(),
            &["config/sentinel.yaml"],
        );
    }
    store.publish(CONFIG, b"schema: 1 # \xff\n").await.unwrap();
    fell_back(&stands(&store, None).await.unwrap(), &["not UTF-8"]);
    let nothing = MemoryStore::new();
    put(&nothing, "rule: []").await;
    let refused = stands(&nothing, Some("other@example.com")).await;
    assert!(matches!(refused, Err(Refused::Broken(text)) if text.contains("rule")));
}

#[tokio::test]
async fn what_vanished_is_stood_in_for_and_never_by_the_identity() {
    let store = in_force(GOOD).await;
    fell_back(
        &stands(&store, Some("other@example.com")).await.unwrap(),
        &["there is no such object any more"],
    );
    fell_back(&stands(&store, None).await.unwrap(), &["config put"]);
    // Not even where its copy is gone as well.
    let store = in_force(GOOD).await;
    store
        .publish(&names::config(&Hash::of(GOOD.as_bytes())), b"schema: 1\n")
        .await
        .unwrap();
    let refused = stands(&store, Some("other@example.com")).await;
    assert!(matches!(refused, Err(Refused::Broken(text)) if text.contains("no such object any more")));
}

#[tokio::test]
async fn a_trusted_root_that_vanished_is_stood_in_for() {
    let text = format!("{GOOD}trust: {{trusted_root: root.json}}\n");
    let store = in_force(&text).await;
    let root = br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;
    put(&store, &text).await;
    store.publish("config/root.json", root).await.unwrap();
    let standing = stands(&store, None).await.unwrap();
    assert_eq!(standing.loaded.in_force.fell_back, None);
    assert!(fixed(&standing).root.tlogs().is_empty());

    store.publish("config/root.json", b"{").await.unwrap();
    assert!(
        matches!(stands(&store, None).await, Err(Refused::Broken(_))),
        "no copy is kept yet"
    );
    let document = format!(
        "{{\"schema\":1,\"keys\":{{}},\"trusted_root\":{}}}",
        core::str::from_utf8(root).unwrap()
    );
    let hash = Hash::of(document.as_bytes());
    store.put_once(&names::trust(&hash), document.as_bytes()).await.unwrap();
    let mut deployment: Deployment = record::read(&store, names::DEPLOYMENT).await.unwrap().unwrap();
    deployment.trust = Some(hash);
    store
        .publish(names::DEPLOYMENT, &record::encode(&deployment))
        .await
        .unwrap();
    let standing = stands(&store, None).await.unwrap();
    fell_back(&standing, &["trusted root"]);
    assert!(fixed(&standing).root.tlogs().is_empty(), "not the public one");
}

#[tokio::test]
async fn the_pinned_root_of_a_repository_is_kept_with_what_was_trusted() {
    const TUF: &str = "schema: 1\ntrust: {tuf: {url: \"https://tuf.example\", root: root.json}}\nrules: []\n";
    let store = in_force(TUF).await;
    store.publish(CONFIG, TUF.as_bytes()).await.unwrap();
    let Err(Refused::Broken(broken)) = stands(&store, None).await else {
        panic!("the root is gone, and no copy of it is kept")
    };
    assert!(broken.contains(":2:"), "{broken}");
    let document = br#"{"schema":1,"trusted_root":{"tlogs":[]},"tuf_root":{"signed":{}}}"#;
    let hash = Hash::of(document);
    store.put_once(&names::trust(&hash), document).await.unwrap();
    let mut deployment: Deployment = record::read(&store, names::DEPLOYMENT).await.unwrap().unwrap();
    deployment.trust = Some(hash);
    store
        .publish(names::DEPLOYMENT, &record::encode(&deployment))
        .await
        .unwrap();
    let standing = stands(&store, None).await.unwrap();
    assert!(standing.broken.is_some() && standing.loaded.in_force.fell_back.is_some());
    let GivenTrust::Tuf(repository) = standing.loaded.trust else {
        panic!("a repository was trusted")
    };
    assert_eq!(repository.root, br#"{"signed":{}}"#);
    // A root that is none is refused with its place.
    store.publish("config/root.json", b"none").await.unwrap();
    let standing = stands(&store, None).await.unwrap();
    assert!(standing.broken.unwrap().contains("no root"));
}
