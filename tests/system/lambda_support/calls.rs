//! What the function asks of AWS: little when nothing happens, and never what its role does not allow.

use super::world::{World, fails, succeeds, tick};
use stage::emulator::Call;
use stage::hostile::{Change, Rule, Tamper, Target};
use stage::policy::Policy;
use std::collections::BTreeSet;
use testlog::leaf;

/// What a quiet pass over a log may cost.
const CALLS_A_LOG: usize = 2;

fn of_s3(calls: &[Call]) -> Vec<String> {
    let ours = calls.iter().filter(|call| call.action.starts_with("s3:"));
    ours.map(|call| format!("{} {}", call.action, call.key)).collect()
}

#[test]
fn a_quiet_pass_over_three_logs_makes_few_calls() {
    let Some(world) = World::new("quiet") else { return };
    let logs = [world.log("one", 30), world.log("two", 300), world.log("three", 3)];
    world.configure(&logs.each_ref(), "");
    let mut function = world.function();
    tick(&mut function);
    assert_eq!(tick(&mut function)["run"]["outcome"], "clean");
    let _before = world.proxy.take_calls();
    for _ in 0..3 {
        assert_eq!(tick(&mut function)["run"]["outcome"], "clean");
        let calls = of_s3(&world.proxy.take_calls());
        println!("a quiet pass over three logs: {} calls of S3: {calls:?}", calls.len());
        assert!(calls.len() <= CALLS_A_LOG * logs.len(), "{calls:#?}");
        assert!(calls.iter().all(|call| !call.starts_with("s3:Put")), "{calls:?}");
    }
}

#[test]
fn a_whole_life_needs_exactly_what_the_role_allows() {
    let Some(world) = World::new("life") else { return };
    let log = world.log("one", 300);
    let chat = world.moto.create_topic("lambda-life-chat");
    world.configure(&[&log], "limits: {unproven_after: 0s}\n");
    world.moto.create_bucket_with_lock("lambda-life-locked");
    let environment = [
        ("SENTINEL_STORE", "s3://lambda-life-locked"),
        ("SENTINEL_CHAT_TOPIC", chat.as_str()),
        ("SENTINEL_LOCK_DAYS", "1"),
    ];
    for key in ["config/sentinel.yaml", "config/trusted_root.json"] {
        let bytes = world.moto.get(&world.bucket, key).unwrap().bytes;
        world.moto.put("lambda-life-locked", key, &bytes);
    }
    let mut function = world.function_with(&environment);
    tick(&mut function);
    succeeds(&mut function, r#"{"test": true}"#);
    log.append(&leaf::unknown("riddle", "7"));
    log.grow(20);
    tick(&mut function);
    let rule = log.behave(Rule::new(
        Target::Entries,
        Change::Tamper {
            how: Tamper::Flip,
            index: 330,
        },
    ));
    log.grow(20);
    tick(&mut function);
    log.remove(rule);
    tick(&mut function);
    world
        .moto
        .put("lambda-life-locked", "config/sentinel.yaml", b"schema: 2\n");
    tick(&mut function);
    log.fork(100, 400);
    fails(&mut function, "{}");
    let mut cold = world.function_with(&environment);
    tick(&mut cold);
    let calls = world.proxy.take_calls();
    let parameters = [
        ("ExistingBucket", "lambda-life-locked"),
        ("ExistingTopic", world.topic.as_str()),
        ("ExistingChatTopic", chat.as_str()),
        ("LockDays", "1"),
    ];
    let policy = Policy::of_function(&parameters).unwrap();
    let mut used = BTreeSet::new();
    for call in &calls {
        let missing = policy.missing(call);
        assert!(missing.is_empty(), "{} {}: {missing:?}", call.action, call.key);
        used.extend(call.permissions());
    }
    // What is allowed and never used should not be allowed. Not calls of ours: logs, keys, traces.
    let ours = |action: &&str| action.starts_with("s3:") || action.starts_with("sns:");
    let unused: Vec<&str> = policy
        .actions()
        .into_iter()
        .filter(ours)
        .filter(|action| !used.contains(*action))
        .collect();
    assert!(unused.is_empty(), "allowed, and never needed: {unused:?}");
}
