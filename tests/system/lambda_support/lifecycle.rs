//! What a deployment lives through when all is well: the first run, growth, findings, a test, a part of it.

use super::world::{World, metrics, succeeds, tick};
use serde_json::json;

#[test]
fn the_first_run_reads_everything_and_tells_every_finding() {
    let Some((world, log)) = World::watching("first", 300) else {
        return;
    };
    let mut function = world.function();
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "findings");
    assert_eq!(answer["run"]["scanned"], 300);
    assert_eq!(answer["run"]["findings"], 75);
    assert_eq!(answer["logs"][0]["log"], log.origin());
    assert_eq!(world.cursor(&log), 300);
    let found = world.alerts("finding");
    assert_eq!(found.len(), 75);
    assert!(
        found
            .iter()
            .all(|alert| alert["rule"] == "release" && alert["log"] == log.origin())
    );
    let metrics = metrics(&function);
    let values = [
        "VerifiedPass",
        "Findings",
        "Unproven",
        "Violations",
        "Undelivered",
        "Faults",
        "Degraded",
    ];
    let expect = [1, 75, 0, 0, 0, 0, 0];
    for (name, value) in values.into_iter().zip(expect) {
        assert_eq!(metrics[name], value, "{name}: {metrics}");
    }
    assert_eq!(metrics["LagEntries"], 0);
    // The emulator counts none of its subscriptions as confirmed; what matters is that it was asked.
    assert!(metrics["Subscribers"].is_u64(), "{metrics}");
    assert_eq!(metrics["Deployment"], "tests");
    assert_eq!(metrics["logs"][log.origin()]["cursor"], 300);
}

#[test]
fn growth_is_read_by_a_warm_function_and_by_a_cold_one() {
    let Some((world, log)) = World::watching("growth", 10) else {
        return;
    };
    let mut warm = world.function();
    tick(&mut warm);
    log.grow(7);
    assert_eq!(tick(&mut warm)["run"]["scanned"], 7);
    assert_eq!(tick(&mut warm)["run"]["outcome"], "clean");
    log.grow(300);
    let mut cold = world.function();
    assert_eq!(tick(&mut cold)["run"]["scanned"], 300);
    // The warm one knows less than the store, and learns it there.
    log.grow(5);
    let answer = tick(&mut warm);
    assert_eq!(answer["run"]["scanned"], 5, "{answer}");
    assert_eq!(world.cursor(&log), 322);
    let indexes = world.alerts("finding").len();
    assert_eq!(indexes, (0..322).filter(|index| index % 4 == 0).count());
}

#[test]
fn a_pass_over_some_logs_leaves_the_others_alone() {
    let Some(world) = World::new("some") else { return };
    let (one, two) = (world.log("one", 8), world.log("two", 8));
    world.configure(&[&one, &two], "");
    let mut function = world.function();
    tick(&mut function);
    one.grow(4);
    two.grow(4);
    let answer = succeeds(&mut function, r#"{"logs": ["two"]}"#);
    assert_eq!(answer["logs"].as_array().unwrap().len(), 1);
    assert_eq!(answer["run"]["scanned"], 4);
    assert_eq!((world.cursor(&one), world.cursor(&two)), (json!(8), json!(12)));
    assert_eq!(tick(&mut function)["run"]["scanned"], 4);
}

#[test]
fn a_test_goes_through_every_sink_and_moves_nothing() {
    let Some((world, log)) = World::watching("test", 8) else {
        return;
    };
    let chat = world.moto.create_topic("lambda-test-chat");
    let messages = world.moto.subscribe(&chat, "lambda-test-chat");
    let mut function = world.function_with(&[("SENTINEL_CHAT_TOPIC", &chat)]);
    let answer = succeeds(&mut function, r#"{"test": true}"#);
    assert_eq!(answer["sinks"].as_array().unwrap().len(), 2, "{answer}");
    let told = world.all_alerts();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["class"], "test");
    assert_eq!(told[0]["id"], answer["test"]);
    let chat = world.moto.receive(&messages);
    assert_eq!(chat.len(), 1);
    assert!(chat[0].body.contains("custom"), "{}", chat[0].body);
    assert!(log.requests().is_empty(), "no log is asked");
    assert!(world.keys(&["state"]).is_empty());
    // Each test has an alert of its own.
    succeeds(&mut function, r#"{"test": true}"#);
    assert_ne!(world.all_alerts()[0]["id"], answer["test"]);
}

#[test]
fn without_a_configuration_the_identity_of_the_deployment_is_watched() {
    let Some(world) = World::new("watch") else { return };
    // The public logs are out of reach here; what is in force is kept all the same.
    let unreachable = "http://127.0.0.1:1";
    let mut function = world.function_with(&[
        ("SENTINEL_WATCH", "https://github.com/acme"),
        ("HTTPS_PROXY", unreachable),
        ("NO_PROXY", "127.0.0.1"),
    ]);
    let (kind, message) = super::world::fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.source", "{message}");
    let kept = world.keys(&["audit/config/"]);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let text = String::from_utf8(world.moto.get(&world.bucket, &kept[0]).unwrap().bytes).unwrap();
    assert!(
        text.contains("source-repository-owner-uri: \"https://github.com/acme\""),
        "{text}"
    );
    assert_eq!(metrics(&function)["VerifiedPass"], 0);
}

#[test]
fn a_heartbeat_follows_a_complete_pass_alone() {
    let Some((world, log)) = World::watching("heartbeat", 4) else {
        return;
    };
    let outside = world.hostile.add(&stage::hostile::LogSpec::new("outside"));
    let url = format!("{}/ping-of-a-secret-name", outside.url());
    let mut function = world.function_with(&[("SENTINEL_HEARTBEAT_URL", &url)]);
    let beats = || outside.requested("ping-of-a-secret-name");
    tick(&mut function);
    assert_eq!(beats(), 1);
    log.behave(stage::hostile::Rule::new(
        stage::hostile::Target::Checkpoint,
        stage::hostile::Instead::Empty,
    ));
    super::world::fails(&mut function, "{}");
    assert_eq!(beats(), 1);
    assert!(!function.said().join("\n").contains("ping-of-a-secret-name"));
}
