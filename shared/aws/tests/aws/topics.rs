//! Alerts through SNS, read back from a queue.

use crate::support::{PATIENCE, World};
use alerts::Alert;
use core::time::Duration;
use local::contract::sample_alert;
use pass::{AlertSink as _, SinkError};
use sentinel_aws::{CallError, CallErrorKind, Patience, SnsSink, confirmed_subscribers};
use stage::emulator::{Fault, When};

const PUBLISH: &str = "sns:Publish";
const ABSENT: &str = "arn:aws:sns:us-east-1:123456789012:topics-absent";

fn publish() -> When {
    When::action(PUBLISH)
}

fn call_error(error: SinkError) -> CallError {
    *error.source.downcast::<CallError>().unwrap()
}

fn alert(number: usize) -> Alert {
    Alert {
        rule: Some("our-repositories".to_owned()),
        ..sample_alert(number)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_arrives_in_its_forms_with_its_attributes() {
    let Some(world) = World::without_bucket("") else { return };
    let arn = world.moto.create_topic("topics-forms");
    let queue = world.moto.subscribe(&arn, "topics-forms");
    let sink = SnsSink::new(&world.clients(PATIENCE), &arn).unwrap();
    assert_eq!(sink.name(), format!("sns:{arn}"));
    sink.deliver(&alert(7)).await.unwrap();
    let messages = world.moto.receive(&queue);
    let [message] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        serde_json::from_str::<Alert>(&message.body).unwrap(),
        alert(7),
        "programs get the whole"
    );
    let expect = [
        ("class", "finding"),
        ("log", "log2025-1.rekor.sigstore.dev"),
        ("rule", "our-repositories"),
        ("severity", "high"),
    ];
    assert_eq!(
        message.attributes,
        expect.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let calls = world.proxy.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((call.action.as_str(), call.resource.as_str()), (PUBLISH, arn.as_str()));
    assert_eq!(call.permissions(), [PUBLISH]);
}

#[tokio::test(flavor = "multi_thread")]
async fn chat_has_a_topic_of_its_own() {
    let Some(world) = World::without_bucket("") else { return };
    let arn = world.moto.create_topic("topics-chat");
    let queue = world.moto.subscribe(&arn, "topics-chat");
    let sink = SnsSink::chat(&world.clients(PATIENCE), &arn).unwrap();
    assert_eq!(sink.name(), format!("sns-chat:{arn}"));
    sink.deliver(&alert(1)).await.unwrap();
    let messages = world.moto.receive(&queue);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].body, alerts::chat(&alert(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_waited_for() {
    let Some(world) = World::without_bucket("") else { return };
    let arn = world.moto.create_topic("topics-patience");
    let queue = world.moto.subscribe(&arn, "topics-patience");
    let sink = SnsSink::new(&world.clients(PATIENCE), &arn).unwrap();
    for fault in [
        Fault::status(400, "Throttling"),
        Fault::status(429, "ThrottledException"),
        Fault::status(500, "InternalError"),
        Fault::status(503, "ServiceUnavailable"),
        Fault::Hangup,
    ] {
        world.proxy.spoil(publish().times(3), fault.clone());
        sink.deliver(&alert(1)).await.unwrap();
        assert_eq!(world.moto.receive(&queue).len(), 1, "{fault:?}");
    }
    world.proxy.spoil(publish().times(1), Fault::AnswerLost);
    sink.deliver(&alert(2)).await.unwrap();
    let ids: Vec<bool> = world
        .moto
        .receive(&queue)
        .iter()
        .map(|message| message.body.contains(&alert(2).id))
        .collect();
    assert_eq!(ids, [true, true], "at least once, with the same id");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_told_at_once() {
    let Some(world) = World::without_bucket("") else { return };
    let clients = world.clients(PATIENCE);
    let sink = SnsSink::new(&clients, ABSENT).unwrap();
    let error = sink.deliver(&alert(1)).await.unwrap_err();
    assert_eq!((error.sink.as_str(), &error.alert), (sink.name(), &alert(1).id));
    let failed = call_error(error);
    assert_eq!(
        (failed.kind, failed.action),
        (CallErrorKind::NotThere, PUBLISH),
        "{failed}"
    );
    assert_eq!(failed.place, ABSENT);
    for (status, code, kind) in [
        (403, "AuthorizationError", CallErrorKind::Denied),
        (400, "InvalidParameter", CallErrorKind::Refused),
        (400, "KMSAccessDenied", CallErrorKind::Key),
        (403, "InvalidClientTokenId", CallErrorKind::Credentials),
    ] {
        world.proxy.take_calls();
        world.proxy.spoil(publish().times(1), Fault::status(status, code));
        let failed = call_error(sink.deliver(&alert(1)).await.unwrap_err());
        assert_eq!(failed.kind, kind, "{failed}");
        assert_eq!(failed.code.as_deref(), Some(code));
        assert_eq!(failed.request_id.as_deref(), Some("MADE-FOR-A-TEST"));
        assert_eq!(world.proxy.count(PUBLISH), 1, "{code} is not tried again");
    }
    assert_eq!(
        confirmed_subscribers(&clients, ABSENT).await.unwrap_err().kind,
        CallErrorKind::NotThere
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_in_trouble_ends_in_time() {
    let Some(world) = World::without_bucket("") else { return };
    let hurried = Patience {
        attempt: Duration::from_millis(200),
        total: Duration::from_millis(700),
        ..PATIENCE
    };
    let sink = SnsSink::new(&world.clients(hurried), ABSENT).unwrap();
    world.proxy.spoil(publish(), Fault::Silence);
    let begun = std::time::Instant::now();
    let failed = call_error(sink.deliver(&alert(1)).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    world.proxy.heal();
    world.proxy.take_calls();
    world.proxy.spoil(publish(), Fault::status(429, "Throttling"));
    let sink = SnsSink::new(&world.clients(PATIENCE), ABSENT).unwrap();
    let failed = call_error(sink.deliver(&alert(1)).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Throttled);
    assert_eq!(world.proxy.count(PUBLISH), 6, "attempts are bounded");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_are_counted() {
    let Some(world) = World::without_bucket("") else { return };
    let clients = world.clients(PATIENCE);
    let arn = world.moto.create_topic("topics-count");
    // The emulator says 0, whoever subscribes.
    world.proxy.spoil(
        When::action("sns:GetTopicAttributes").times(2),
        Fault::status(500, "InternalError"),
    );
    assert_eq!(confirmed_subscribers(&clients, &arn).await.unwrap(), 0);
    assert_eq!(world.proxy.count("sns:GetTopicAttributes"), 3);
    assert!(confirmed_subscribers(&clients, "no arn").await.is_err());
}

/// A topic of another region is asked there: the endpoint here is fixed, so the signature tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_asked_in_its_region() {
    let Some(world) = World::without_bucket("") else { return };
    let arn = "arn:aws:sns:eu-central-1:123456789012:topics-far";
    let sink = SnsSink::new(&world.clients(PATIENCE), arn).unwrap();
    assert!(sink.deliver(&alert(1)).await.is_err());
    let scope = world.proxy.calls()[0].header("authorization").unwrap().to_owned();
    assert!(scope.contains("/eu-central-1/sns/"), "{scope}");
}
