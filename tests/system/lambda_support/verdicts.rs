//! What a log may do, and what the function answers: an error only on the pass that finds a violation, or that could not
//! tell anything at all.

use super::world::{RELEASE, World, fails, item, metrics, tick};
use sigstore::Timestamp;
use stage::hostile::{Change, Instead, Rule, Tamper, Target};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf;

const ISSUER: &str = "https://token.actions.githubusercontent.com";

#[test]
fn what_does_not_verify_is_alerted_and_no_error() {
    let Some((world, log)) = World::watching("unproven", 20) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    log.grow(20);
    let rule = log.behave(Rule::new(
        Target::Entries,
        Change::Tamper {
            how: Tamper::Flip,
            index: 30,
        },
    ));
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "unproven");
    assert_eq!(world.cursor(&log), 20);
    assert_eq!(metrics(&function)["Unproven"], 1);
    let told = world.alerts("unproven");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["phase"], "opened");
    // It heals, and nothing was lost.
    log.remove(rule);
    assert_eq!(tick(&mut function)["run"]["scanned"], 20);
    assert_eq!(world.alerts("unproven")[0]["phase"], "closed");
    assert_eq!(metrics(&function)["Unproven"], 0);
}

#[test]
fn a_violation_is_an_error_once_and_a_gauge_afterwards() {
    let Some((world, log)) = World::watching("violation", 40) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    log.fork(20, 40);
    let (kind, message) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.violation");
    assert!(message.contains("two different roots"), "{message}");
    assert_eq!(metrics(&function)["Violations"], 1);
    assert_eq!(world.alerts("violation").len(), 1);
    assert_eq!(world.keys(&["evidence/violation-"]).len(), 1);
    // It stands, also for another process, and is no error any more.
    for function in [&mut function, &mut world.function()] {
        assert_eq!(tick(function)["run"]["outcome"], "violation");
        assert_eq!(metrics(function)["Violations"], 1);
    }
    assert!(world.alerts("violation").is_empty());
    // Another contradiction is another error.
    log.unfork();
    log.fork(10, 60);
    assert_eq!(fails(&mut function, "{}").0, "Sentinel.violation");
    assert_eq!(world.alerts("violation").len(), 1);
}

#[test]
fn what_nobody_can_decode_is_kept_and_counted() {
    let Some((world, log)) = World::watching("quarantine", 4) else {
        return;
    };
    log.append(&leaf::unknown("riddle", "7"));
    log.append(&leaf::unknown("riddle", "7"));
    let mut function = world.function();
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["quarantined"], 2);
    assert_eq!(answer["run"]["outcome"], "degraded");
    assert_eq!(metrics(&function)["Quarantined"], 2);
    assert_eq!(metrics(&function)["Degraded"], 1);
    assert_eq!(world.alerts("quarantine").len(), 1);
    assert_eq!(world.keys(&["/quarantine/"]).len(), 1);
    assert_eq!(tick(&mut function)["run"]["quarantined"], 0);
    assert_eq!(metrics(&function)["Quarantined"], 0);
}

#[test]
fn one_log_out_of_reach_is_a_metric_and_all_of_them_an_error() {
    let Some(world) = World::new("reach") else { return };
    let (one, two) = (world.log("one", 8), world.log("two", 8));
    world.configure(&[&one, &two], "");
    let mut function = world.function();
    let out_of_reach = Instead::Status {
        code: 404,
        retry_after: None,
    };
    one.behave(Rule::new(Target::Checkpoint, out_of_reach.clone()));
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "fault");
    assert_eq!(answer["run"]["scanned"], 8);
    assert_eq!(
        (&metrics(&function)["Faults"], &metrics(&function)["VerifiedPass"]),
        (&1.into(), &0.into())
    );
    two.behave(Rule::new(Target::Checkpoint, out_of_reach));
    let (kind, _) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.source");
    assert_eq!(metrics(&function)["Faults"], 2);
    one.clear();
    two.clear();
    assert_eq!(tick(&mut function)["run"]["outcome"], "findings");
    assert_eq!(metrics(&function)["VerifiedPass"], 1);
}

/// A ledger below the record: the function reads it, and what it announced raises no alert.
#[test]
fn a_ledger_explains_a_release() {
    let Some(world) = World::new("ledger") else {
        return;
    };
    let log = world.log("one", 5);
    let bucket = world.bucket.clone();
    let configure = |place: &str| {
        world.configure_with(&format!(
            "logs:\n{}ledgers:\n  - {{name: releases, place: \"{place}\", grace: 8s, window: 1d}}\nrules:\n  - {{name: release, match: {{issuer: \"{ISSUER}\"}}, allow: [{{ledger: releases}}]}}\n",
            item(&log)
        ));
    };
    configure(&format!("s3://{bucket}/ledger"));
    let mut function = world.function();
    tick(&mut function);
    world.all_alerts();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sign = |artifact: &[u8]| {
        let identity = Identity::uri(RELEASE, ISSUER).issued_by(ISSUER);
        let certificate = Authority::new("tests", &[7; 32]).issue(&LeafCertificate::new(identity, 9, now));
        let digest = tlog::Hash::of(artifact);
        log.append(&leaf::hashedrekord(
            digest.as_bytes(),
            &leaf::LeafSigner::certificate(&certificate),
        ));
        digest.to_string()
    };
    let digest = sign(b"a widget");
    sign(b"another widget");
    let time = Timestamp::from_unix(i64::try_from(now).unwrap());
    let record =
        format!("{{\"schema\":1,\"digest\":\"sha256:{digest}\",\"identity\":\"{RELEASE}\",\"time\":\"{time}\"}}");
    let day = time.to_string().split('T').next().unwrap().to_owned();
    world.put(&format!("ledger/{day}/{digest}-ci.json"), record.as_bytes());
    let answer = tick(&mut function);
    assert_eq!(
        (&answer["run"]["authorised"], &answer["run"]["waiting"]),
        (&1.into(), &1.into()),
        "{answer}"
    );
    assert!(world.alerts("finding").is_empty());
    std::thread::sleep(Duration::from_millis(9_100));
    tick(&mut function);
    assert_eq!(world.alerts("finding").len(), 1);
    assert_eq!(world.keys(&["/authorised/"]).len(), 1);
    // What cannot be read from a function leaves the last good configuration in force.
    configure("/srv/ledger");
    let answer = tick(&mut world.function());
    assert_eq!(answer["run"]["outcome"], "degraded", "{answer}");
    let fell_back = world.alerts("config-fell-back");
    assert!(
        fell_back[0].to_string().contains("a function has no folders"),
        "{fell_back:?}"
    );
}
