//! Writes on conditions, when calls fail, answers are lost and writers meet.

use crate::support::{PATIENCE, World, call_error};
use core::time::Duration;
use pass::{PutOnce, Store as _, Swap, Version};
use sentinel_aws::{CallErrorKind, LockDays, Patience};
use stage::emulator::{Call, Fault, When};

const PUT: &str = "s3:PutObject";
const CAP: usize = 1 << 20;

fn put() -> When {
    When::action(PUT)
}

fn statuses(calls: &[Call], action: &str) -> Vec<Option<u16>> {
    let of_action = calls.iter().filter(|call| call.action == action);
    of_action.map(|call| call.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_carry_their_conditions_and_checksums() {
    let Some(world) = World::new("writes-conditions") else {
        return;
    };
    let store = world.store(PATIENCE);
    assert_eq!(store.put_once("audit/a.json", b"1").await.unwrap(), PutOnce::Created);
    let Swap::Done(first) = store.swap("state/a", None, b"2").await.unwrap() else {
        panic!()
    };
    assert!(matches!(
        store.swap("state/a", Some(&first), b"3").await.unwrap(),
        Swap::Done(_)
    ));
    store.publish("public/tip.json", b"4").await.unwrap();
    let calls = world.proxy.take_calls();
    let conditions: Vec<_> = calls
        .iter()
        .map(|call| (call.header("if-none-match"), call.header("if-match")))
        .collect();
    assert_eq!(
        conditions,
        [
            (Some("*"), None),
            (Some("*"), None),
            (None, Some(first.0.as_str())),
            (None, None)
        ]
    );
    for call in &calls {
        assert_eq!(call.action, PUT, "one call a write");
        let sum = call.header("x-amz-checksum-sha256").unwrap();
        assert_eq!(sum.len(), 44, "{sum}");
        assert_eq!(call.header("x-amz-object-lock-mode"), None);
        assert!(
            call.permissions()
                .iter()
                .all(|needed| needed == PUT || needed == "s3:GetObject")
        );
    }
    let kept = world.moto.get(&world.bucket, "kept/here/audit/a.json").unwrap();
    assert_eq!(kept.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_never_ours() {
    let Some(world) = World::new("writes-before") else {
        return;
    };
    let store = world.store(PATIENCE);
    world.moto.put(&world.bucket, "kept/here/a", b"same");
    assert_eq!(store.put_once("a", b"same").await.unwrap(), PutOnce::Exists);
    assert_eq!(store.swap("a", None, b"same").await.unwrap(), Swap::Lost);
    assert_eq!(
        store
            .swap("b", Some(&Version("\"x\"".to_owned())), b"same")
            .await
            .unwrap(),
        Swap::Lost,
        "nothing is there to replace"
    );
    assert_eq!(statuses(&world.proxy.calls(), PUT), [Some(412), Some(412), Some(404)]);
    assert_eq!(
        world.proxy.count("s3:GetObject"),
        0,
        "without doubt nothing is compared"
    );
}

/// A write that went through and whose answer did not: the next attempt meets its own echo.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_recognised() {
    let Some(world) = World::new("writes-lost") else {
        return;
    };
    let store = world.store(PATIENCE);
    let faults = [
        Fault::AnswerLost,
        Fault::done_but(500, "InternalError"),
        Fault::done_but(503, "ServiceUnavailable"),
    ];
    for (at, fault) in faults.into_iter().enumerate() {
        let (once, state) = (format!("audit/once-{at}"), format!("state/{at}"));
        world.proxy.spoil(put().key(&once).times(1), fault.clone());
        assert_eq!(
            store.put_once(&once, b"mine").await.unwrap(),
            PutOnce::Created,
            "{fault:?}"
        );

        world.proxy.spoil(put().key(&state).times(1), fault.clone());
        let Swap::Done(first) = store.swap(&state, None, b"1").await.unwrap() else {
            panic!("{fault:?}")
        };
        world.proxy.spoil(put().key(&state).times(1), fault.clone());
        let Swap::Done(second) = store.swap(&state, Some(&first), b"2").await.unwrap() else {
            panic!("{fault:?}")
        };
        let object = store.read(&state, CAP).await.unwrap().unwrap();
        assert_eq!((object.bytes.as_slice(), &object.version), (&b"2"[..], &second));
        assert!(
            matches!(store.swap(&state, Some(&second), b"3").await.unwrap(), Swap::Done(_)),
            "the version that was told is the one to go on from"
        );
    }
}

/// In doubt, too, what another wrote is another's.
#[tokio::test(flavor = "multi_thread")]
async fn doubt_does_not_make_others_writes_ours() {
    let Some(world) = World::new("writes-doubt") else {
        return;
    };
    let store = world.store(PATIENCE);
    for (at, theirs) in [&b"theirs"[..], b"mine and more", b"min", b""].into_iter().enumerate() {
        let name = format!("audit/{at}");
        world.moto.put(&world.bucket, &format!("kept/here/{name}"), theirs);
        world.proxy.spoil(put().key(&name).times(1), Fault::Hangup);
        assert_eq!(store.put_once(&name, b"mine").await.unwrap(), PutOnce::Exists);
        world
            .proxy
            .spoil(put().key(&name).times(1), Fault::status(500, "InternalError"));
        let old = Version("\"0123456789abcdef0123456789abcdef\"".to_owned());
        assert_eq!(store.swap(&name, Some(&old), b"mine").await.unwrap(), Swap::Lost);
        assert_eq!(world.kept(&name).as_deref(), Some(theirs));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_in_flight_is_waited_for() {
    let Some(world) = World::new("writes-in-flight") else {
        return;
    };
    let store = world.store(PATIENCE);
    let in_flight = || Fault::status(409, "ConditionalRequestConflict");
    world.proxy.spoil(put().key("/once").times(3), in_flight());
    assert_eq!(store.put_once("once", b"mine").await.unwrap(), PutOnce::Created);
    world.proxy.spoil(put().key("/once").times(3), in_flight());
    assert_eq!(
        store.put_once("once", b"mine").await.unwrap(),
        PutOnce::Exists,
        "a conflict leaves no doubt: ours was not made"
    );
    world.proxy.spoil(put().key("/state"), in_flight());
    let failed = call_error(store.swap("state", None, b"1").await.unwrap_err());
    assert_eq!((failed.kind, failed.status), (CallErrorKind::InFlight, Some(409)));
    assert_eq!(
        world
            .proxy
            .calls()
            .iter()
            .filter(|call| call.key.ends_with("state"))
            .count(),
        6
    );
    assert_eq!(world.kept("state"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_passes_or_is_told() {
    let Some(world) = World::new("writes-trouble") else {
        return;
    };
    let store = world.store(PATIENCE);
    for (at, (status, code)) in [
        (503, "SlowDown"),
        (500, "InternalError"),
        (503, ""),
        (400, "RequestTimeout"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("audit/{at}");
        world
            .proxy
            .spoil(put().key(&name).times(5), Fault::status(status, code));
        assert_eq!(
            store.put_once(&name, b"x").await.unwrap(),
            PutOnce::Created,
            "{status} {code}"
        );
    }
    world.proxy.take_calls();
    world.proxy.spoil(put().key("slow"), Fault::status(503, "SlowDown"));
    let failed = call_error(store.publish("slow", b"x").await.unwrap_err());
    assert_eq!(
        (failed.kind, failed.code.as_deref()),
        (CallErrorKind::Throttled, Some("SlowDown"))
    );
    assert_eq!(world.proxy.count(PUT), 6, "attempts are bounded");
    world.proxy.take_calls();
    world
        .proxy
        .spoil(put().key("denied"), Fault::status(403, "AccessDenied"));
    let error = store.put_once("denied", b"x").await.unwrap_err();
    assert_eq!(error.object, "s3://writes-trouble/kept/here/denied");
    let failed = call_error(error);
    assert_eq!((failed.kind, failed.status), (CallErrorKind::Denied, Some(403)));
    assert_eq!(failed.request_id.as_deref(), Some("MADE-FOR-A-TEST"));
    let text = failed.to_string();
    assert!(
        text.starts_with(
            "s3:PutObject on s3://writes-trouble/kept/here/denied failed: AccessDenied (HTTP 403, request"
        ),
        "{text}"
    );
    assert!(!text.contains("not-a-secret"), "{text}");
    assert_eq!(world.proxy.count(PUT), 1, "what stays is not tried again");
}

/// Two writers whose writes are there at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_meet_one_wins() {
    let Some(world) = World::new("writes-meet") else {
        return;
    };
    let (ours, theirs) = (world.store(PATIENCE), world.store(PATIENCE));
    let meeting = world.proxy.meet(put().key("once"), 2);
    let (one, other) = tokio::join!(ours.put_once("once", b"ours"), theirs.put_once("once", b"theirs"));
    assert!(meeting.is_over() && meeting.arrived() == 2);
    let created: Vec<bool> = [one, other].map(|put| put.unwrap() == PutOnce::Created).to_vec();
    assert_eq!(created.iter().filter(|created| **created).count(), 1);
    let expect = if created[0] { &b"ours"[..] } else { b"theirs" };
    assert_eq!(world.kept("once").as_deref(), Some(expect));

    let Swap::Done(version) = ours.swap("state", None, b"0").await.unwrap() else {
        panic!()
    };
    let meeting = world.proxy.meet(put().key("state"), 2);
    let (one, other) = tokio::join!(
        ours.swap("state", Some(&version), b"ours"),
        theirs.swap("state", Some(&version), b"theirs")
    );
    assert!(meeting.is_over());
    let lost = [one, other].map(|swap| swap.unwrap() == Swap::Lost);
    assert_eq!(lost.iter().filter(|lost| **lost).count(), 1);
    let expect = if lost[0] { &b"theirs"[..] } else { b"ours" };
    assert_eq!(world.kept("state").as_deref(), Some(expect));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_retained_where_that_is_asked() {
    let Some(world) = World::without_bucket("writes-retained") else {
        return;
    };
    world.moto.create_bucket_with_lock(&world.bucket);
    let store = world.locking(PATIENCE, LockDays::new(30));
    assert_eq!(store.put_once("audit/a.json", b"1").await.unwrap(), PutOnce::Created);
    assert!(matches!(
        store.swap("state/a.json", None, b"1").await.unwrap(),
        Swap::Done(_)
    ));
    store.publish("public/tip.json", b"1").await.unwrap();
    assert_eq!(store.put_once("scans/a", b"1").await.unwrap(), PutOnce::Created);
    for call in world.proxy.calls() {
        let mode = call.key.contains("/audit/").then_some("GOVERNANCE");
        assert_eq!(call.header("x-amz-object-lock-mode"), mode, "{}", call.key);
        assert_eq!(
            call.permissions().contains(&"s3:PutObjectRetention".to_owned()),
            mode.is_some()
        );
    }
    let kept = world.moto.get(&world.bucket, "kept/here/audit/a.json").unwrap();
    let until = kept.header("x-amz-object-lock-retain-until-date").unwrap();
    let until = until.parse::<sigstore::Timestamp>().unwrap();
    let now = pass::Clock::now(&pass::SystemClock::new());
    let days = until.seconds_since(now) / 3_600;
    assert!((29 * 24..=30 * 24).contains(&days), "{days} hours");
    assert_eq!(LockDays::new(0), None);
    assert_eq!(LockDays::new(u32::MAX), LockDays::new(36_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_without_lock_says_so() {
    let Some(world) = World::new("writes-no-lock") else {
        return;
    };
    let store = world.locking(PATIENCE, LockDays::new(1));
    world.proxy.spoil(put(), Fault::status(400, "InvalidRequest"));
    let failed = call_error(store.put_once("audit/a", b"1").await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Lock);
    assert!(failed.to_string().contains("object lock"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_waited_for_without_end() {
    let Some(world) = World::new("writes-silence") else {
        return;
    };
    let hurried = Patience {
        attempt: Duration::from_millis(300),
        total: Duration::from_secs(1),
        ..PATIENCE
    };
    let store = world.store(hurried);
    world.proxy.spoil(put().key("once").times(1), Fault::Silence);
    assert_eq!(store.put_once("once", b"x").await.unwrap(), PutOnce::Created);
    world.proxy.spoil(When::action("*"), Fault::Silence);
    let begun = std::time::Instant::now();
    let failed = call_error(store.put_once("other", b"x").await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Unavailable);
    let failed = call_error(store.read("other", CAP).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Unavailable);
    let failed = call_error(store.list("", "", 10).await.unwrap_err());
    assert_eq!(failed.kind, CallErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
