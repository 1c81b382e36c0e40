//! Reading and listing.

use crate::support::{PATIENCE, World, call_error};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use pass::{PutOnce, Store as _, StoreErrorKind};
use sentinel_aws::{CallErrorKind, Clients, Place, S3Store};
use stage::emulator::{Fault, When};

const GET: &str = "s3:GetObject";
const LIST: &str = "s3:ListBucket";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_apart() {
    let Some(world) = World::new("reads-missing") else {
        return;
    };
    let store = world.store(PATIENCE);
    assert_eq!(store.read("state/a.json", 10).await.unwrap(), None);

    world
        .proxy
        .spoil(When::action(GET).times(1), Fault::status(403, "AccessDenied"));
    let failed = call_error(store.read("state/a.json", 10).await.unwrap_err());
    assert_eq!((failed.kind, failed.action), (CallErrorKind::Denied, GET));
    assert!(failed.to_string().contains("Without s3:ListBucket"), "{failed}");

    let elsewhere = Place::parse("s3://reads-no-such-bucket").unwrap();
    let store = S3Store::new(&world.clients(PATIENCE), elsewhere, None);
    for failed in [
        store.read("state/a.json", 10).await.map(drop).unwrap_err(),
        store.list("", "", 10).await.map(drop).unwrap_err(),
        store.put_once("audit/a", b"x").await.map(drop).unwrap_err(),
        store.swap("state/a", None, b"x").await.map(drop).unwrap_err(),
        store
            .swap("state/a", Some(&pass::Version("\"x\"".to_owned())), b"x")
            .await
            .map(drop)
            .unwrap_err(),
    ] {
        let failed = call_error(failed);
        assert_eq!(failed.kind, CallErrorKind::NotThere, "{failed}");
        assert_eq!(failed.code.as_deref(), Some("NoSuchBucket"));
    }
    let fault = pass::Fault::from(store.read("state/a.json", 10).await.unwrap_err());
    assert!(
        fault.message.contains("s3://reads-no-such-bucket/state/a.json"),
        "{}",
        fault.message
    );
    assert!(
        fault.message.contains("NoSuchBucket") && fault.message.contains("Check its name"),
        "{}",
        fault.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_through_trouble() {
    let Some(world) = World::new("reads-trouble") else {
        return;
    };
    let store = world.store(PATIENCE);
    world.moto.put(&world.bucket, "kept/here/a", b"content");
    for fault in [
        Fault::status(503, "SlowDown"),
        Fault::status(500, "InternalError"),
        Fault::Hangup,
        Fault::AnswerLost,
    ] {
        world.proxy.spoil(When::action(GET).times(2), fault);
        assert_eq!(store.read("a", 10).await.unwrap().unwrap().bytes, b"content");
    }
    world
        .proxy
        .spoil(When::action(LIST).times(2), Fault::status(503, "SlowDown"));
    assert_eq!(store.list("", "", 10).await.unwrap(), ["a"]);
}

/// A length that is not told, or not true, does not get past the cap.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_read_than_may_be() {
    let Some(world) = World::new("reads-cap") else {
        return;
    };
    let store = world.store(PATIENCE);
    world.moto.put(&world.bucket, "kept/here/a", &vec![7; 200_000]);
    assert_eq!(store.read("a", 200_000).await.unwrap().unwrap().bytes.len(), 200_000);
    let refused = store.read("a", 199_999).await.unwrap_err();
    assert!(
        matches!(refused.kind, StoreErrorKind::TooLarge { cap: 199_999 }),
        "{refused}"
    );
    assert_eq!(world.proxy.count(GET), 2, "what is too large is not asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_go_over_pages() {
    let Some(world) = World::new("reads-pages") else {
        return;
    };
    let store = world.store(PATIENCE);
    let names: Vec<String> = (0..2_345)
        .map(|number| format!("audit/x/receipts/{number:020}.json"))
        .collect();
    for name in &names {
        world.moto.put(&world.bucket, &format!("kept/here/{name}"), b"");
    }
    // What is none of ours, before, between and behind.
    for key in [
        "kept/here",
        "kept/here/audit/x/receipts/00000000000000000500 copy.json",
        "kept/here/audit/x/receipts/ä",
        "kept/here/audit/x/receipts/",
        "kept/here.json",
        "other/audit/x",
    ] {
        world.moto.put(&world.bucket, key, b"");
    }
    let prefix = "audit/x/receipts/";
    assert_eq!(store.list(prefix, prefix, 10_000).await.unwrap(), names);
    assert_eq!(store.list("", "", 10_000).await.unwrap(), names);
    world.proxy.take_calls();
    assert_eq!(
        store.list(prefix, &names[1_200], 1_000).await.unwrap(),
        names[1_200..2_200]
    );
    assert_eq!(world.proxy.count(LIST), 1, "a page begins where it is asked for");
    assert_eq!(store.list(prefix, &names[2_344], 1_000).await.unwrap(), names[2_344..]);
    assert_eq!(
        store.list(prefix, &format!("{}~", names[2_344]), 1_000).await.unwrap(),
        [] as [String; 0]
    );
    assert_eq!(store.list(prefix, &names[499], 1_500).await.unwrap(), names[499..1_999]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_may_be_a_whole_bucket() {
    let Some(world) = World::new("reads-whole") else {
        return;
    };
    let store = S3Store::new(
        &world.clients(PATIENCE),
        Place::parse("s3://reads-whole").unwrap(),
        None,
    );
    assert_eq!(store.put_once("state/a", b"1").await.unwrap(), PutOnce::Created);
    assert_eq!(store.list("", "", 9).await.unwrap(), ["state/a"]);
    assert_eq!(world.moto.get("reads-whole", "state/a").unwrap().bytes, b"1");
    assert_eq!(store.place(), "s3://reads-whole");
}

/// Without credentials, or with an endpoint that nobody listens at, the first call says what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_lacks_is_told() {
    let place = || Place::parse("s3://reads-nowhere").unwrap();
    let deaf = crate::support::configuration("http://127.0.0.1:9");
    let nobody = SharedCredentialsProvider::new(Nobody);
    let nobody = deaf.to_builder().credentials_provider(nobody).build();
    let store = S3Store::new(&Clients::of(&nobody, PATIENCE), place(), None);
    let failed = call_error(store.read("a", 1).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Credentials, "{failed}");
    assert!(failed.to_string().contains("AWS_PROFILE"), "{failed}");

    let store = S3Store::new(&Clients::of(&deaf, PATIENCE), place(), None);
    let failed = call_error(store.read("a", 1).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Unreachable, "{failed}");

    let mut nowhere = deaf.to_builder().region(None);
    nowhere.set_endpoint_url(None);
    let nowhere = nowhere.build();
    let store = S3Store::new(&Clients::of(&nowhere, PATIENCE), place(), None);
    let failed = call_error(store.read("a", 1).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Credentials, "{failed}");
}

/// A machine without credentials.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::ready(Err(CredentialsError::not_loaded("nobody is signed in")))
    }
}
