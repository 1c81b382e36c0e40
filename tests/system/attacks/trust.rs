//! What a TUF repository vouches for decides which logs are watched; what changes in it is told.

use crate::support::{self, DAY, Trusting, later, line};
use alerts::{Alert, Class, Phase};
use pass::{FaultClass, Outcome, Store as _, names};
use serde_json::json;

fn facts(alert: &Alert, name: &str) -> Vec<String> {
    let facts = alert.facts.iter().filter(|fact| fact.name == name);
    facts.map(|fact| fact.value.clone()).collect()
}

/// A shard appears before its key is valid, is watched from 0 whatever `from` says, and told once; one that disappears is
/// told, and is no longer watched without a word.
#[tokio::test(flavor = "multi_thread")]
async fn logs_come_and_go() {
    let server = support::server();
    let (old, new) = (server.log("old"), server.log("new"));
    old.grow(300);
    new.grow(20);
    let mut world = Trusting::tuf();
    world.stage.config["from"] = json!("head");
    world.list(&old, -1);
    world.publish();
    let report = world.stage.pass().await;
    assert_eq!(
        (report.run.outcome, line(&report, &old).cursor),
        (Outcome::Clean, Some(300))
    );
    assert_eq!(line(&report, &old).scanned, 0, "it begins at its head");
    assert_eq!(world.stage.alerts(), [], "the first trust is no news");

    world.list(&new, 30);
    world.publish();
    for _ in 0..2 {
        let report = world.stage.pass().await;
        let both = (line(&report, &old).cursor, line(&report, &new).cursor);
        assert_eq!((report.run.outcome, both), (Outcome::Clean, (Some(300), Some(20))));
    }
    let told = world.stage.alerts_of(Class::TrustNews);
    assert_eq!(told.len(), 1);
    let news = facts(&told[0], "news");
    assert_eq!(news[0], format!("log appeared: {}", new.origin()));
    assert!(news[1].ends_with(&format!("valid from {}", later(30))), "{news:?}");
    let copy = told[0].object.clone().unwrap();
    assert!(
        world.stage.store.read(&copy, 1 << 20).await.unwrap().is_some(),
        "{copy}"
    );

    // A week before it becomes valid that is told, once.
    world.stage.clock.pass_secs(24 * DAY);
    for _ in 0..2 {
        world.stage.pass().await;
    }
    let told = world.stage.alerts_of(Class::TrustNews);
    assert_eq!(told.len(), 2);
    assert!(facts(&told[1], "news")[0].ends_with(&format!("about to become valid on {}", later(30))));

    world.logs.remove(0);
    world.publish();
    let report = world.stage.pass().await;
    assert_eq!(
        (report.run.outcome, report.run.unwatched),
        (Outcome::Degraded, vec![old.origin()])
    );
    let told = world.stage.alerts_of(Class::TrustNews);
    assert_eq!(facts(&told[2], "news"), [format!("log disappeared: {}", old.origin())]);
    assert_eq!(told.len(), 3);
    let ids: std::collections::BTreeSet<&String> = told.iter().map(|alert| &alert.id).collect();
    assert_eq!(ids.len(), 3);
}

/// A repository that stands still is told, and what it vouched for before is used for the grace; then nothing is watched.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_stands_still() {
    let server = support::server();
    let log = server.log("a");
    log.grow(10);
    let mut world = Trusting::tuf();
    world.made.expires[1] = later(7);
    world.list(&log, -1);
    world.publish();
    assert_eq!(world.stage.pass().await.run.outcome, Outcome::Clean);
    world.stage.clock.pass_secs(7 * DAY + 1);
    log.grow(10);
    let report = world.stage.pass().await;
    assert_eq!(
        (report.run.outcome, line(&report, &log).cursor),
        (Outcome::Degraded, Some(20))
    );
    let error = report.run.error.unwrap();
    assert_eq!(error.class, "trust-stale");
    assert!(error.message.contains("timestamp.json expired at"), "{}", error.message);
    assert_eq!(world.phases(Class::TrustStale), [Phase::Opened]);
    assert_eq!(
        facts(&world.stage.alerts_of(Class::TrustStale)[0], "used until"),
        [later(10)]
    );
    world.stage.clock.pass_secs(3 * DAY);
    let fault = world.stage.pass_unchecked().await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Trust);
    assert!(fault.message.contains("`limits.trust_grace`"), "{fault}");
    world.made.expires[1] = later(300);
    world.made.renew();
    world.lay_out();
    let report = world.stage.pass().await;
    assert_eq!(report.run.outcome, Outcome::Clean);
    assert_eq!(world.phases(Class::TrustStale), [Phase::Opened, Phase::Closed]);
    assert_eq!(world.phases(Class::TrustNews), []);
}

/// A root that is about to expire is told until a newer one is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_about_to_expire() {
    let mut world = Trusting::tuf();
    world.publish();
    world.stage.pass().await;
    world.stage.clock.pass_secs(350 * DAY);
    world.stage.pass().await;
    assert_eq!(world.phases(Class::TrustExpires), []);
    world.stage.clock.pass_secs(2 * DAY);
    world.stage.pass().await;
    assert_eq!(world.phases(Class::TrustExpires), [Phase::Opened]);
    world.made.expires = [(); 4].map(|()| later(700));
    world.made.rotate(9);
    world.made.renew();
    world.lay_out();
    world.stage.pass().await;
    assert_eq!(world.phases(Class::TrustExpires), [Phase::Opened, Phase::Closed]);
}

/// A store that lost its state keeps its record; what the repository vouched for is no record of a log.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_repository_is_no_record() {
    let server = support::server();
    let log = server.log("a");
    log.grow(10);
    let mut world = Trusting::tuf();
    world.list(&log, -1);
    world.publish();
    let report = world.stage.pass().await;
    assert_eq!(report.run.outcome, Outcome::Clean, "{:?}", report.run.error);
    let kept = world.stage.store.read(names::TRUST, 1 << 20).await.unwrap().unwrap();
    world.stage.store.set(names::TRUST, None);
    assert_eq!(world.stage.pass().await.run.outcome, Outcome::Clean);
    assert_eq!(
        world
            .stage
            .store
            .read(names::TRUST, 1 << 20)
            .await
            .unwrap()
            .unwrap()
            .bytes,
        kept.bytes
    );
    // A damaged one is not believed and not passed over.
    world.stage.store.set(names::TRUST, Some(b"{".to_vec()));
    let fault = world.stage.pass_unchecked().await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Record);
}
