//! The function runs when it should, once, and reads what the template sets.

use crate::deployments::{DEPLOYMENTS, resources, schedules, sources, words_with};
use crate::files::root;
use stage::policy::Template;
use std::collections::BTreeSet;

#[test]
fn every_schedule_has_its_timing() {
    let template = Template::ours(&[]).unwrap();
    let timing = template.raw()["Mappings"]["Timing"].as_object().unwrap();
    let schedules = schedules();
    assert_eq!(schedules.iter().collect::<BTreeSet<_>>(), timing.keys().collect());
    assert!(
        schedules.contains(
            &template.raw()["Parameters"]["Schedule"]["Default"]
                .as_str()
                .unwrap()
                .to_owned()
        )
    );
    let mut intervals = Vec::new();
    for schedule in &schedules {
        let resources = resources(&[("Schedule", schedule)]);
        let function = &resources["Function"]["Properties"];
        let variables = &function["Environment"]["Variables"];
        let interval = variables["SENTINEL_INTERVAL"].as_u64().unwrap();
        let timeout = function["Timeout"].as_u64().unwrap();
        assert!(timeout < interval && timeout <= 900, "{schedule}: {timeout}");
        let tick = &function["Events"]["Tick"]["Properties"];
        let rate = tick["ScheduleExpression"].as_str().unwrap();
        let (number, unit) = rate.strip_prefix("rate(").unwrap().split_once(' ').unwrap();
        let unit = if unit.starts_with("hour") { 3600 } else { 60 };
        assert_eq!(number.parse::<u64>().unwrap() * unit, interval, "{rate}");
        assert_eq!(rate, format!("rate({})", schedule.replace('-', " ")));
        intervals.push(interval);
    }
    assert_eq!(intervals, [60, 300, 900, 3600]);
}

#[test]
fn nothing_is_tried_again() {
    for given in DEPLOYMENTS {
        let resources = resources(given);
        let function = &resources["Function"]["Properties"];
        assert_eq!(function["EventInvokeConfig"]["MaximumRetryAttempts"], 0);
        let tick = &function["Events"]["Tick"];
        assert_eq!(tick["Type"], "ScheduleV2");
        assert_eq!(
            tick["Properties"]["OmitName"], true,
            "two deployments in a region would clash"
        );
        assert_eq!(tick["Properties"]["RetryPolicy"]["MaximumRetryAttempts"], 0);
        let reserved = given.iter().any(|(name, _)| *name == "ReservedConcurrency");
        assert_eq!(function.get("ReservedConcurrentExecutions").is_some(), reserved);
        assert_eq!(function["Runtime"], "provided.al2023");
        assert_eq!(resources["Function"]["Metadata"]["BuildMethod"], "rust-cargolambda");
        let folder = function["CodeUri"].as_str().unwrap();
        assert!(root().join(folder).join("Cargo.toml").exists(), "{folder}");
    }
}

#[test]
fn the_function_reads_what_the_template_sets() {
    let resources = resources(&[]);
    let variables = resources["Function"]["Properties"]["Environment"]["Variables"]
        .as_object()
        .unwrap();
    let set: BTreeSet<String> = variables.keys().cloned().collect();
    assert_eq!(words_with(&sources("functions/monitor/src"), "SENTINEL_"), set);
    assert_eq!(
        Template::ours(&[]).unwrap().raw()["Parameters"]["HeartbeatUrl"]["NoEcho"],
        true
    );
}
