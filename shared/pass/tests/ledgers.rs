//! Whole passes over a log of releases and a ledger of what is to be expected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

extern crate sentinel_pass as pass;

mod audit_support;
mod ledgers_support;

use alerts::{Alert, Class, Phase};
use ledgers_support::{MINUTE, NOON, Shown, US, World, at, digest, told, us};
use pass::ledger::{LedgerRecord, SIGNED, object_name};
use pass::record::{Authorised, Known};
use pass::{LEDGER_KEY_NAME, Outcome};
use serde_json::json;
use testlog::note::signed;
use testlog::{NoteSigner, SigningKey};

fn facts(alert: &Alert) -> String {
    let facts = alert
        .facts
        .iter()
        .map(|fact| format!("{}: {}\n", fact.name, fact.value));
    facts.collect()
}

#[tokio::test]
async fn what_was_recorded_before_is_authorised_at_once() {
    let mut world = World::new().await;
    let name = world.record(7, us(), -MINUTE).await;
    world.release(7, US, 0);
    let report = world.pass(MINUTE).await;
    told(&world, &[]);
    assert_eq!(
        (report.run.findings, report.run.authorised, report.run.waiting),
        (0, 1, 0)
    );
    assert_eq!(report.outcome(), Outcome::Clean);
    let [object] = world.authorised().try_into().unwrap();
    let authorised: Authorised = serde_json::from_slice(&world.store.objects()[&object]).unwrap();
    assert_eq!((authorised.ledger.as_str(), authorised.record), ("releases", name));
    assert_eq!((authorised.index, authorised.recorded), (1, at(-MINUTE)));
    assert!(object.ends_with(&format!("{}.json", authorised.finding)));
    // It stays so, whatever becomes of the ledger and of the state.
    for name in world.ledger.objects().into_keys() {
        world.ledger.set(&name, None);
    }
    let state = pass::names::LogFolder::new("log.example", 1).state();
    world.store.set(&state, None);
    world.pass(60 * MINUTE).await;
    assert!(world.told().iter().all(|alert| alert.class != Class::Finding));
}

#[tokio::test]
async fn a_record_within_the_grace_is_waited_for() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    let report = world.pass(MINUTE).await;
    assert_eq!((report.run.findings, report.run.waiting), (0, 1));
    assert_eq!(report.outcome(), Outcome::Clean);
    assert_eq!(world.state().delivery["sink"].waiting.len(), 1);
    // What comes after it does not wait for it.
    assert_eq!(world.state().delivery["sink"].watermark, 2);
    world.record(7, us(), 10 * MINUTE).await;
    let report = world.pass(12 * MINUTE).await;
    assert_eq!((report.run.authorised, report.run.waiting), (1, 0));
    assert_eq!(world.state().delivery["sink"].waiting, []);
    world.pass(60 * MINUTE).await;
    told(&world, &[]);
}

#[tokio::test]
async fn after_the_grace_it_is_unauthorised() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.pass(MINUTE).await;
    world.pass(15 * MINUTE).await;
    told(&world, &[]);
    let report = world.pass(16 * MINUTE).await;
    let [alert] = told(&world, &[Class::Finding]).try_into().unwrap();
    assert!(alert.title.contains("Unauthorised"), "{}", alert.title);
    let says = "ledger releases: has no record of this digest from 2026-11-20 to 2026-11-20";
    assert!(facts(&alert).contains(says), "{}", facts(&alert));
    assert_eq!((report.run.findings, report.outcome()), (1, Outcome::Findings));
    assert!(alert.object.is_some());
    // Once.
    world.pass(20 * MINUTE).await;
    world.record(7, us(), 14 * MINUTE).await;
    world.pass(30 * MINUTE).await;
    told(&world, &[Class::Finding]);
    assert_eq!(world.authorised(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_asked_of_a_ledger_does_not_wait() {
    let mut world = World::new().await;
    world.allow = json!([{"ledger": "releases", "san": "somebody else"}]);
    world.release(7, US, 0);
    world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    let [alert] = told(&world, &[Class::Finding]).try_into().unwrap();
    assert!(!alert.title.contains("Unauthorised"));
    // And what is allowed otherwise was seen all the same: its record is not missing.
    world.allow = json!([{"ledger": "releases"}, {"san": US}]);
    world.release(8, US, 20 * MINUTE);
    world.record(8, us(), 20 * MINUTE).await;
    for minutes in [21, 60, 100, 140] {
        world.pass(minutes * MINUTE).await;
    }
    told(&world, &[Class::Finding]);
}

#[tokio::test]
async fn a_record_of_another_identity_explains_nothing() {
    let mut world = World::new().await;
    world.release(
        7,
        "https://github.com/acme/tool/.github/workflows/evil.yml@refs/heads/x",
        0,
    );
    let name = world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    world.pass(16 * MINUTE).await;
    let [alert] = told(&world, &[Class::Finding]).try_into().unwrap();
    let says = format!("a record of this digest for another identity: {US}, and the entry has https://github.com/acme");
    assert!(facts(&alert).contains(&says), "{}", facts(&alert));
    assert!(facts(&alert).contains(&name));
    // Nor is what it announced there.
    let mut classes = Vec::new();
    for minutes in [61, 62] {
        world.pass(minutes * MINUTE).await;
        classes = world.told().iter().map(|alert| alert.class).collect();
    }
    assert_eq!(classes, [Class::Finding, Class::Missing]);
}

#[tokio::test]
async fn every_part_that_a_record_knows_must_agree() {
    let part = |change: fn(&mut Known)| {
        let mut known = us();
        change(&mut known);
        known
    };
    for (known, word) in [
        (
            part(|known| known.issuer = Some("https://other.example".to_owned())),
            "another issuer",
        ),
        (
            part(|known| known.reference = Some("refs/tags/v1".to_owned())),
            "another ref",
        ),
        (
            part(|known| known.run = Some("https://run.example".to_owned())),
            "another run",
        ),
        (
            part(|known| known.repository = Some("https://r.example".to_owned())),
            "another repository",
        ),
    ] {
        let mut world = World::new().await;
        world.release(7, US, 0);
        world.record(7, known, 0).await;
        world.pass(MINUTE).await;
        world.pass(16 * MINUTE).await;
        let [alert] = told(&world, &[Class::Finding]).try_into().unwrap();
        assert!(facts(&alert).contains(word), "{word}: {}", facts(&alert));
    }
    // A record that knows no more than the digest explains it, and so does one that knows all that is so.
    for known in [
        Known::default(),
        part(|known| known.issuer = Some("https://issuer.example".to_owned())),
    ] {
        let mut world = World::new().await;
        world.release(7, US, 0);
        world.record(7, known, 0).await;
        world.pass(MINUTE).await;
        assert_eq!(world.authorised().len(), 1);
    }
}

#[tokio::test]
async fn a_record_of_another_time_or_digest_explains_nothing() {
    for (number, secs, is_explained) in [
        (7, -60 * MINUTE, true),
        (7, -61 * MINUTE, false),
        (7, 15 * MINUTE, true),
        (7, 16 * MINUTE, false),
        (8, 0, false),
    ] {
        let mut world = World::new().await;
        world.release(7, US, 0);
        world.record(number, us(), secs).await;
        world.pass(MINUTE).await;
        assert_eq!(!world.authorised().is_empty(), is_explained, "{number} {secs}");
    }
}

/// A record of a release, signed.
fn signed_record(number: u8, key: &SigningKey, secs: i64) -> (String, Vec<u8>) {
    let record = LedgerRecord::new(&[digest(number)], us(), at(secs), None).unwrap();
    let name = LEDGER_KEY_NAME.to_owned();
    let signer = NoteSigner::Log { name, key: key.clone() };
    let bytes = signed(&record.to_text(), &[signer]).into_bytes();
    let hex = digest(number);
    let name = object_name(at(secs), hex.split_once(':').unwrap().1, &bytes, SIGNED);
    (name, bytes)
}

#[tokio::test]
async fn with_keys_only_what_one_of_them_signed_counts() {
    let keys = [SigningKey::ed25519(&[4; 32]), SigningKey::p256(&[5; 32])];
    let of = |key: &SigningKey| json!({"key": [keys[0].pem(), keys[1].pem()], "grace": "15m", "name": "releases", "of": key.pem()});
    let more = |key: &SigningKey| {
        let mut more = of(key);
        more.as_object_mut().unwrap().remove("of");
        more
    };
    for key in &keys {
        let mut world = World::new().await;
        world.more = more(key);
        world.pass(-30 * MINUTE).await;
        world.release(7, US, 0);
        let (name, bytes) = signed_record(7, key, 0);
        world.put(&name, &bytes).await;
        world.pass(MINUTE).await;
        assert_eq!(world.authorised().len(), 1);
        told(&world, &[]);
    }
    let check = |name: String, bytes: Vec<u8>, why: &'static str| {
        let more = more(&keys[0]);
        async move {
            let mut world = World::new().await;
            world.more = more;
            world.pass(-30 * MINUTE).await;
            world.release(7, US, 0);
            world.put(&name, &bytes).await;
            world.pass(MINUTE).await;
            assert_eq!(world.authorised(), [""; 0], "{why}");
            world.pass(16 * MINUTE).await;
            let told = told(&world, &[Class::LedgerUnsound, Class::Finding]);
            for alert in told {
                assert!(facts(&alert).contains(why), "{why}: {}", facts(&alert));
            }
        }
    };
    let (name, bytes) = signed_record(7, &SigningKey::ed25519(&[6; 32]), 0);
    check(name, bytes, "no trusted key signed the note").await;
    let (name, bytes) = signed_record(7, &keys[0], 0);
    let text = String::from_utf8(bytes).unwrap().replace("release.yml", "releasf.yml");
    check(name, text.into_bytes(), "does not verify").await;
    let plain = LedgerRecord::new(&[digest(7)], us(), at(0), None)
        .unwrap()
        .to_text()
        .into_bytes();
    let name = object_name(at(0), &"07".repeat(32), &plain, ".json");
    check(name, plain, "it is not signed").await;
}

#[tokio::test]
async fn what_is_no_record_is_told_and_allows_nothing() {
    let good = LedgerRecord::new(&[digest(7)], us(), at(0), None).unwrap().to_text();
    let hex = "07".repeat(32);
    let place = |ending: &str| format!("2026-11-20/{hex}-x{ending}");
    for (name, text, why) in [
        (place(".json"), "{".to_owned(), "it is no record"),
        (
            place(".json"),
            good.replace("identity", "identiy"),
            "unknown field `identiy`",
        ),
        (
            place(".json"),
            good.replace("\"schema\": 1", "\"schema\": 2"),
            "it has schema 2",
        ),
        (place(".json"), " ".repeat(70_000), "more than 65536 bytes"),
        (place(".json"), good.replace(&digest(7), &digest(8)), "its name is not"),
        (
            place(".json"),
            good.replace("2026-11-20", "2026-11-19"),
            "its name is not",
        ),
        (place(".yaml"), good.clone(), "its name is not"),
    ] {
        let mut world = World::new().await;
        world.release(7, US, 0);
        world.put(&name, text.as_bytes()).await;
        world.pass(MINUTE).await;
        let [alert] = told(&world, &[Class::LedgerUnsound]).try_into().unwrap();
        assert!(facts(&alert).contains(why), "{why}: {}", facts(&alert));
        world.pass(16 * MINUTE).await;
        let told = told(&world, &[Class::LedgerUnsound, Class::Finding]);
        assert!(facts(&told[1]).contains("counts for nothing"), "{}", facts(&told[1]));
        // Taken away, it is over.
        world.ledger.set(&name, None);
        world.pass(17 * MINUTE).await;
        assert_eq!(world.told().last().unwrap().phase, Phase::Closed);
    }
}

#[tokio::test]
async fn of_too_many_records_of_a_digest_the_rest_is_named() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    for number in 0..17 {
        let known = Known {
            run: Some(format!("https://run.example/{number}")),
            ..us()
        };
        world.record(7, known, 0).await;
    }
    world.pass(16 * MINUTE).await;
    world.pass(32 * MINUTE).await;
    let [alert] = told(&world, &[Class::Finding]).try_into().unwrap();
    let says = alert.facts.iter().find(|fact| fact.name == "ledger releases").unwrap();
    assert!(
        says.value.contains("another run") && says.value.ends_with("; and 15 more"),
        "{}",
        says.value
    );
}

#[tokio::test]
async fn an_unreachable_ledger_silences_nothing() {
    for shown in [Shown::Closed, Shown::Broken] {
        let mut world = World::new().await;
        world.shown = shown;
        world.release(7, US, 0);
        let report = world.pass(MINUTE).await;
        assert_eq!(report.outcome(), Outcome::Degraded);
        assert_eq!(report.run.error.as_ref().unwrap().class, "ledger-unreachable");
        told(&world, &[]);
        world.pass(16 * MINUTE).await;
        told(&world, &[Class::LedgerUnreachable]);
        world.pass(75 * MINUTE).await;
        told(&world, &[Class::LedgerUnreachable]);
        world.pass(76 * MINUTE).await;
        let told_now = told(&world, &[Class::LedgerUnreachable, Class::Finding]);
        assert!(
            facts(&told_now[1]).contains("cannot be read"),
            "{}",
            facts(&told_now[1])
        );
        world.shown = Shown::Ledger;
        world.pass(77 * MINUTE).await;
        let last = world.told().pop().unwrap();
        assert_eq!((last.class, last.phase), (Class::LedgerUnreachable, Phase::Closed));
    }
    // Back in time, it explains what it knows.
    let mut world = World::new().await;
    world.shown = Shown::Broken;
    world.release(7, US, 0);
    world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    world.pass(20 * MINUTE).await;
    world.shown = Shown::Ledger;
    world.pass(70 * MINUTE).await;
    assert_eq!(world.authorised().len(), 1);
    assert!(world.told().iter().all(|alert| alert.class == Class::LedgerUnreachable));
}

#[tokio::test]
async fn a_record_without_an_entry_is_missing_once_every_log_was_read() {
    let world = World::new().await;
    let name = world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    world.pass(59 * MINUTE).await;
    told(&world, &[]);
    world.pass(60 * MINUTE).await;
    let [alert] = told(&world, &[Class::Missing]).try_into().unwrap();
    assert!(
        facts(&alert).contains(&name) && facts(&alert).contains(US),
        "{}",
        facts(&alert)
    );
    for minutes in [61, 25 * 60, 80 * 60] {
        world.pass(minutes * MINUTE).await;
    }
    told(&world, &[Class::Missing]);
    // It is forgotten when its day is over.
    assert!(world.deployment().ledgers["releases"].announced.is_empty());
}

#[tokio::test]
async fn nothing_is_missing_while_a_log_is_not_read() {
    let mut world = World::new().await;
    world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    // A partial bundle is left for hours: the entry may be in it.
    world.limits = json!({"partial_wait": "3h"});
    world.release(7, US, 30 * MINUTE);
    world.pass(61 * MINUTE).await;
    told(&world, &[]);
    world.limits = json!({});
    world.pass(62 * MINUTE).await;
    told(&world, &[]);
    assert_eq!(world.authorised().len(), 1);
}

#[tokio::test]
async fn an_entry_that_was_told_before_its_late_record_is_not_missing() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.pass(MINUTE).await;
    world.pass(16 * MINUTE).await;
    told(&world, &[Class::Finding]);
    world.record(7, us(), 20 * MINUTE).await;
    for minutes in [21, 81, 82] {
        world.pass(minutes * MINUTE).await;
    }
    told(&world, &[Class::Finding]);
}

#[tokio::test]
async fn an_entry_of_long_before_is_not_what_was_announced() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    let again = world.record(7, us(), 180 * MINUTE).await;
    for minutes in [181, 240] {
        world.pass(minutes * MINUTE).await;
    }
    let [alert] = told(&world, &[Class::Missing]).try_into().unwrap();
    assert!(facts(&alert).contains(&again));
}

#[tokio::test]
async fn what_is_damaged_authorises_nothing_and_stands_in_nobodys_way() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.pass(MINUTE).await;
    world.pass(16 * MINUTE).await;
    let [first] = told(&world, &[Class::Finding]).try_into().unwrap();
    // The same again, with something else where its authorisation would be.
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.release(8, US, 0);
    let name = pass::names::LogFolder::new("log.example", 1).authorised(&first.id);
    world.store.set(&name, Some(b"{}".to_vec()));
    world.pass(MINUTE).await;
    world.pass(16 * MINUTE).await;
    let told = told(&world, &[Class::Finding, Class::Finding]);
    assert_eq!(told[0].id, first.id);
}

#[tokio::test]
async fn what_was_recorded_before_the_ledger_was_known_is_not_asked_for() {
    let world = World::new().await;
    // An hour before noon it became known; its entry may be of a quarter of an hour before the record.
    world.record(7, us(), -46 * MINUTE).await;
    let late = world.record(8, us(), -45 * MINUTE).await;
    for minutes in [-40, 20] {
        world.pass(minutes * MINUTE).await;
    }
    let [alert] = told(&world, &[Class::Missing]).try_into().unwrap();
    assert!(facts(&alert).contains(&late));
}

#[test]
fn noon_is_noon() {
    assert_eq!(at(0).to_string(), "2026-11-20T12:00:00Z");
    assert_eq!(at(0).unix(), NOON);
}
