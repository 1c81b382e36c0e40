//! Alarms can fire, silence among them, and say what to do.

use crate::deployments::{DEPLOYMENTS, of_type, read, resources, schedules, sources};
use serde_json::Value;

#[test]
fn every_alarm_can_fire_and_says_what_to_do() {
    let emitted = sources("functions/monitor/src");
    let runbook = read("infra/RUNBOOK.md");
    for given in DEPLOYMENTS {
        let resources = resources(given);
        let environment = &resources["Function"]["Properties"]["Environment"]["Variables"];
        let alarms = of_type(&resources, "AWS::CloudWatch::Alarm");
        assert_eq!(alarms.len(), 8);
        for (name, alarm) in alarms {
            let alarm = &alarm["Properties"];
            let text = alarm["AlarmDescription"].as_str().unwrap();
            assert!(text.contains("What to do:") && text.len() <= 1024, "{name}: {text}");
            assert!(!text.contains("  ") && !text.contains('$'), "{name}: {text}");
            let (metric, namespace) = (alarm["MetricName"].as_str().unwrap(), &alarm["Namespace"]);
            let dimension = &alarm["Dimensions"][0];
            if namespace == "AWS/Lambda" {
                assert_eq!((metric, &dimension["Value"]), ("Errors", &Value::from("${Function}")));
            } else {
                assert_eq!(namespace, &environment["SENTINEL_NAMESPACE"]);
                assert_eq!(dimension["Name"], "Deployment");
                assert_eq!(dimension["Value"], environment["SENTINEL_DEPLOYMENT"]);
                assert!(emitted.contains(&format!("\"{metric}\"")), "nothing emits {metric}");
            }
            let actions = alarm["AlarmActions"].as_array().unwrap();
            assert_eq!(Some(actions), alarm["OKActions"].as_array(), "{name}");
            assert_eq!(actions[0], environment["SENTINEL_TOPIC"], "{name}");
            let chat = actions.get(1).map_or("", |topic| topic.as_str().unwrap());
            assert_eq!(chat, environment["SENTINEL_CHAT_TOPIC"], "{name}");
            let known = alarm["AlarmName"]
                .as_str()
                .unwrap()
                .strip_prefix("sentinel-")
                .unwrap()
                .to_owned();
            assert!(
                runbook.contains(&format!("\n### Alarm {known}\n")),
                "the runbook has no heading for {known}"
            );
            evaluates(name, alarm);
        }
    }
}

/// CloudWatch takes it: whole minutes, at most a day (a week for periods of an hour and more).
fn evaluates(name: &str, alarm: &Value) {
    let number = |field: &str| alarm[field].as_u64().unwrap_or_else(|| panic!("{name}: {field}"));
    let (period, evaluations) = (number("Period"), number("EvaluationPeriods"));
    assert!(period % 60 == 0 && number("DatapointsToAlarm") <= evaluations, "{name}");
    let most = if period < 3600 { 86_400 } else { 604_800 };
    assert!(period * evaluations <= most, "{name}");
}

#[test]
fn silence_is_an_alarm_and_every_period_of_it_holds_a_tick() {
    for schedule in schedules() {
        let resources = resources(&[("Schedule", &schedule)]);
        let interval = &resources["Function"]["Properties"]["Environment"]["Variables"]["SENTINEL_INTERVAL"];
        let interval = interval.as_u64().unwrap();
        let missing = |alarm: &str| resources[alarm]["Properties"]["TreatMissingData"].clone();
        let silence = &resources["NothingVerifiedAlarm"]["Properties"];
        assert_eq!(silence["TreatMissingData"], "breaching");
        assert_eq!(
            (&silence["Statistic"], &silence["ComparisonOperator"]),
            (&"Sum".into(), &"LessThanThreshold".into())
        );
        assert!(silence["Period"].as_u64().unwrap() >= 2 * interval, "{schedule}");
        assert_eq!(missing("ErrorsAlarm"), "notBreaching");
        let gauges = of_type(&resources, "AWS::CloudWatch::Alarm").into_iter();
        for (name, alarm) in
            gauges.filter(|(name, _)| !["NothingVerifiedAlarm", "ErrorsAlarm"].contains(&name.as_str()))
        {
            assert_eq!(missing(name), "ignore");
            assert!(
                alarm["Properties"]["Period"].as_u64().unwrap() >= interval,
                "{name} {schedule}"
            );
        }
        assert!(
            resources["LagAlarm"]["Properties"]["Threshold"].as_u64().unwrap() >= interval,
            "{schedule}"
        );
    }
}
