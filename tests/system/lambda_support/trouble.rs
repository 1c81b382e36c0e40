//! What AWS may do, and the clock: nothing is lost, what is wrong is said, and the next pass goes on.

use super::world::{World, fails, item, metrics, tick};
use stage::emulator::{Fault, When};
use stage::hostile::{Instead, Rule, Target};
use stage::runtime::Answer;
use std::time::{Duration, Instant};

#[test]
fn near_its_deadline_a_pass_ends_by_itself() {
    let Some(world) = World::new("deadline") else { return };
    let log = world.log("one", 600);
    world.configure(&[&log], "limits: {max_alerts: 1000}\n");
    log.behave(Rule::new(Target::Entries, Instead::Hang).after(1));
    let mut function = world.function();
    let begun = Instant::now();
    let answer = function.ask("{}", Duration::from_secs(6));
    assert!(
        matches!(answer, Answer::Response(_) | Answer::Error { .. }),
        "{answer:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(metrics(&function)["Deployment"], "tests");
    // With hardly any time left it still answers, rather than being ended.
    let answer = function.ask("{}", Duration::from_millis(1_500));
    assert!(
        matches!(answer, Answer::Response(_) | Answer::Error { .. }),
        "{answer:?}"
    );
    log.clear();
    tick(&mut function);
    assert_eq!(world.cursor(&log), 600);
    assert_eq!(world.alerts("finding").len(), 150);
}

#[test]
fn a_missing_bucket_is_named() {
    let Some(world) = World::new("no-bucket") else { return };
    let mut function = world.function_with(&[("SENTINEL_STORE", "s3://lambda-there-is-none")]);
    let (kind, message) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.store");
    assert!(
        message.contains("lambda-there-is-none") && message.contains("NoSuchBucket"),
        "{message}"
    );
    assert_eq!(metrics(&function)["VerifiedPass"], 0);
    assert_eq!(metrics(&function)["Faults"], 1);
}

#[test]
fn access_denied_names_the_action_and_the_object() {
    let Some((world, log)) = World::watching("denied", 8) else {
        return;
    };
    let mut function = world.function();
    let denied = |action: &str, key: &str| {
        world
            .proxy
            .spoil(When::action(action).key(key), Fault::status(403, "AccessDenied"));
    };
    denied("s3:GetObject", "config/");
    let (kind, message) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.store");
    assert!(
        message.contains("s3:GetObject") && message.contains("config/sentinel.yaml"),
        "{message}"
    );
    world.proxy.heal();
    denied("s3:PutObject", "/receipts/");
    let (kind, message) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.store");
    assert!(
        message.contains("s3:PutObject") && message.contains("receipts"),
        "{message}"
    );
    assert!(world.alerts("finding").is_empty());
    world.proxy.heal();
    assert_eq!(tick(&mut function)["run"]["scanned"], 8);
    assert_eq!(world.cursor(&log), 8);
    assert_eq!(world.alerts("finding").len(), 2);
}

#[test]
fn errors_that_pass_are_waited_for() {
    let Some((world, log)) = World::watching("passing", 8) else {
        return;
    };
    let mut function = world.function();
    let spoil = |action: &str, status: u16, code: &str| {
        let when = When::action(action).skip(1).times(1);
        world.proxy.spoil(when, Fault::status(status, code));
    };
    spoil("s3:PutObject", 500, "InternalError");
    spoil("s3:GetObject", 503, "SlowDown");
    spoil("s3:ListBucket", 503, "ServiceUnavailable");
    spoil("sns:Publish", 400, "Throttling");
    assert_eq!(tick(&mut function)["run"]["outcome"], "findings");
    assert_eq!(world.cursor(&log), 8);
    assert_eq!(world.alerts("finding").len(), 2);
    assert_eq!(metrics(&function)["Undelivered"], 0);
}

#[test]
fn a_store_that_stays_broken_is_an_error_and_nothing_is_lost() {
    let Some((world, log)) = World::watching("broken", 8) else {
        return;
    };
    let mut function = world.function();
    for (status, code) in [(500, "InternalError"), (503, "SlowDown")] {
        world
            .proxy
            .spoil(When::action("s3:PutObject"), Fault::status(status, code));
        let (kind, message) = fails(&mut function, "{}");
        assert_eq!(kind, "Sentinel.store");
        assert!(message.contains(code), "{message}");
        world.proxy.heal();
    }
    assert_eq!(tick(&mut function)["run"]["scanned"], 8);
    assert_eq!(world.cursor(&log), 8);
    assert_eq!(world.alerts("finding").len(), 2);
}

#[test]
fn an_answer_that_is_lost_after_the_write_is_no_lost_race() {
    for (name, key) in [
        ("receipt", "/receipts/"),
        ("state", "state/one"),
        ("inventory", "state/deployment"),
    ] {
        let Some((world, log)) = World::watching(&format!("echo-{name}"), 8) else {
            return;
        };
        let mut function = world.function();
        let lost = When::action("s3:PutObject").key(key).times(1);
        world.proxy.spoil(lost, Fault::AnswerLost);
        assert_eq!(tick(&mut function)["run"]["outcome"], "findings", "{name}");
        assert_eq!(world.cursor(&log), 8);
        assert_eq!(world.keys(&["/receipts/"]).len(), 1);
        assert_eq!(world.alerts("finding").len(), 2, "{name}");
    }
}

#[test]
fn a_topic_that_is_gone_is_owed_everything() {
    let Some((world, log)) = World::watching("topic", 8) else {
        return;
    };
    let gone = world.moto.create_topic("lambda-topic-gone");
    world.moto.delete_topic(&gone);
    let mut function = world.function_with(&[("SENTINEL_TOPIC", &gone)]);
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "degraded");
    assert_eq!(answer["run"]["error"]["class"], "sink-dead");
    assert_eq!(world.cursor(&log), 8);
    assert!(metrics(&function)["Undelivered"].as_u64().unwrap() > 0);
    assert!(metrics(&function)["Subscribers"].is_null());
    // The topic is made again under its name, and is told what it is owed.
    let again = world.moto.create_topic("lambda-topic-gone");
    assert_eq!(again, gone);
    let queue = world.moto.subscribe(&again, "lambda-topic-gone");
    assert_eq!(tick(&mut function)["run"]["outcome"], "clean");
    let told = world.moto.receive(&queue);
    let findings = told
        .iter()
        .filter(|message| message.body.contains("\"class\":\"finding\""));
    assert_eq!(findings.count(), 2);
    assert_eq!(metrics(&function)["Undelivered"], 0);
}

#[test]
fn a_broken_configuration_leaves_the_last_good_one_in_force() {
    let Some((world, log)) = World::watching("fallback", 8) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    log.grow(4);
    world.configure_with(&format!("logs:\n{}rulez: []\n", item(&log)));
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "degraded");
    assert_eq!(
        (&answer["run"]["scanned"], &answer["run"]["findings"]),
        (&4.into(), &1.into())
    );
    assert_eq!(world.alerts("config-fell-back").len(), 1);
    let said = function.said().join("\n");
    assert!(said.contains("rulez") && said.contains("did you mean"), "{said}");
    // In a store that never had a good one it is an error.
    let Some(fresh) = World::new("fallback-fresh") else {
        return;
    };
    fresh.configure_with("rulez: []\n");
    let (kind, message) = fails(&mut fresh.function(), "{}");
    assert_eq!(kind, "Sentinel.configuration");
    assert!(message.contains("sentinel.yaml:3:1"), "{message}");
}

#[test]
fn a_function_reads_no_folders() {
    let Some(world) = World::new("folders") else { return };
    let log = world.log("one", 1);
    let of_file = item(&log).replace(log.url(), "file:///srv/log");
    world.configure_with(&format!("logs:\n{of_file}"));
    let (kind, message) = fails(&mut world.function(), "{}");
    assert_eq!(kind, "Sentinel.configuration");
    assert!(
        message.contains("a function has no folders") && message.contains(":4:"),
        "{message}"
    );
}

#[test]
fn a_state_from_an_older_version_is_brought_forward_from_the_record() {
    let Some((world, log)) = World::watching("restored", 8) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    let state = world.keys(&["state/one"]);
    let old = world.moto.get(&world.bucket, &state[0]).unwrap().bytes;
    log.grow(8);
    tick(&mut function);
    world.put(&state[0], &old);
    log.grow(8);
    for function in [&mut function, &mut world.function()] {
        tick(function);
        assert_eq!(world.cursor(&log), 24);
    }
    assert_eq!(world.keys(&["/receipts/"]).len(), 3, "no span was read twice");
    let mut told: Vec<String> = world
        .alerts("finding")
        .iter()
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 6);
}
