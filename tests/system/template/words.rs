//! Dashboard, costs and runbook speak of what is there.

use crate::deployments::{of_type, read, resources, sources};
use alerts::Class;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn metrics_on_the_dashboard_are_emitted_and_counted_among_the_costs() {
    let emitted = sources("functions/monitor/src");
    let dashboard: Value = {
        let resources = resources(&[]);
        let body = resources["Dashboard"]["Properties"]["DashboardBody"]
            .as_str()
            .unwrap()
            .to_owned();
        serde_json::from_str(&body).unwrap()
    };
    let mut shown = BTreeSet::new();
    for widget in dashboard["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            if metric[0] == "RekorSentinel" {
                assert_eq!(
                    (metric[2].as_str(), metric[3].as_str()),
                    (Some("Deployment"), Some("sentinel"))
                );
                shown.insert(metric[1].as_str().unwrap().to_owned());
            }
        }
    }
    for metric in &shown {
        assert!(emitted.contains(&format!("\"{metric}\"")), "nothing emits {metric}");
    }
    let costs = read("infra/COSTS.md");
    assert!(
        costs.contains(&format!("{} metrics", shown.len())),
        "{} metrics are shown",
        shown.len()
    );
    let alarms = of_type(&resources(&[]), "AWS::CloudWatch::Alarm").len();
    assert!(costs.contains(&format!("{alarms} alarms")));
    let widget = &dashboard["widgets"][0]["properties"]["alarms"];
    assert_eq!(widget.as_array().unwrap().len(), alarms);
}

#[test]
fn the_runbook_knows_every_alert_and_nothing_that_is_not() {
    let runbook = read("infra/RUNBOOK.md");
    let headings = |kind: &str| -> BTreeSet<String> {
        let lines = runbook.lines();
        lines
            .filter_map(|line| line.strip_prefix(kind).map(str::to_owned))
            .collect()
    };
    let classes = Class::ALL.iter().map(|class| class.word().to_owned()).collect();
    assert_eq!(headings("### Alert "), classes);
    let resources = resources(&[]);
    let alarms = of_type(&resources, "AWS::CloudWatch::Alarm");
    let names = alarms
        .iter()
        .map(|(_, alarm)| alarm["Properties"]["AlarmName"].as_str().unwrap());
    let names: BTreeSet<String> = names.map(|name| name.replace("sentinel-", "")).collect();
    assert_eq!(headings("### Alarm "), names);
    // Each section says both.
    for section in runbook.split("\n### ").skip(1) {
        assert!(
            section.contains("**Means.**") && section.contains("**Do.**"),
            "{}",
            section.lines().next().unwrap()
        );
    }
    for link in runbook.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        let (kind, name) = link.split_once('-').unwrap();
        let known = headings(if kind == "alarm" { "### Alarm " } else { "### Alert " });
        assert!(known.contains(name), "{link}");
    }
}
