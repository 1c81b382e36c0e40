//! What a pass measured, in CloudWatch's embedded metric format: one line of the log that becomes metrics.
//!
//! A few metrics for the deployment, with its name as the only dimension, so that they cost the same however many logs
//! there are; the values of each log stand beside them as properties, for queries.

use crate::words;
use pass::{LogReport, Measures};
use serde_json::{Map, Value, json};
use std::time::SystemTime;

/// Logs whose values are put down; a line has at most 256 KiB.
const MAX_LOGS: usize = 200;

/// Where the metrics go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Namespace<'n> {
    pub(crate) namespace: &'n str,
    pub(crate) deployment: &'n str,
}

/// The measures of an invocation that came to no report.
pub(crate) fn lost() -> Measures {
    Measures {
        faults: 1,
        ..Measures::default()
    }
}

/// Puts the measures down. What is not known is no metric.
pub(crate) fn publish(to: Namespace<'_>, measures: &Measures, logs: &[LogReport], subscribers: Option<u64>) {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    words::say(&line(to, measures, logs, subscribers, millis));
}

fn line(
    to: Namespace<'_>,
    measures: &Measures,
    logs: &[LogReport],
    subscribers: Option<u64>,
    millis: u64,
) -> Map<String, Value> {
    let values = [
        ("LagEntries", "Count", measures.lag_entries),
        ("LagSeconds", "Seconds", measures.lag_secs),
        ("VerifiedAgeSeconds", "Seconds", measures.verified_age_secs),
        ("VerifiedPass", "Count", Some(u64::from(measures.verified_pass))),
        ("Findings", "Count", Some(measures.findings)),
        ("Quarantined", "Count", Some(measures.quarantined)),
        ("Unproven", "Count", Some(measures.unproven)),
        ("Violations", "Count", Some(measures.violations)),
        ("Latched", "Count", Some(measures.latched)),
        ("Undelivered", "Count", Some(measures.undelivered)),
        ("Faults", "Count", Some(measures.faults)),
        ("Degraded", "Count", Some(u64::from(measures.degraded))),
        ("Subscribers", "Count", subscribers),
    ];
    let known = values
        .iter()
        .filter_map(|(name, unit, value)| value.map(|value| (*name, *unit, value)));
    let metrics: Vec<Value> = known
        .clone()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": millis,
            "CloudWatchMetrics": [{"Namespace": to.namespace, "Dimensions": [["Deployment"]], "Metrics": metrics}],
        }),
    );
    line.insert("Deployment".to_owned(), Value::from(to.deployment));
    line.extend(known.map(|(name, _, value)| (name.to_owned(), Value::from(value))));
    line.insert("requestId".to_owned(), words::request());
    line.insert("logs".to_owned(), Value::from(each(measures, logs)));
    line
}

fn each(measures: &Measures, logs: &[LogReport]) -> Map<String, Value> {
    let values = |log: &LogReport| {
        let origin = log.log.as_deref().unwrap_or_default();
        let measured = measures.logs.get(origin).cloned().unwrap_or_default();
        let value = json!({
            "outcome": log.outcome, "head": log.head.as_ref().map(|head| head.size), "cursor": log.cursor,
            "scanned": log.scanned, "findings": log.findings, "quarantined": log.quarantined,
            "lagEntries": measured.lag_entries, "lagSeconds": measured.lag_secs,
            "verifiedAgeSeconds": measured.verified_age_secs, "undelivered": measured.undelivered,
        });
        (words::fit(origin), value)
    };
    logs.iter().take(MAX_LOGS).map(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: Namespace<'_> = Namespace {
        namespace: "N",
        deployment: "stack",
    };

    #[test]
    fn what_is_not_known_is_no_metric() {
        let line = line(TO, &lost(), &[], None, 1);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let named: Vec<&str> = directive["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .collect();
        assert!(
            !named.contains(&"LagEntries") && !named.contains(&"Subscribers"),
            "{named:?}"
        );
        assert_eq!(line["VerifiedPass"], 0);
        assert_eq!(line["Faults"], 1);
        assert_eq!(directive["Dimensions"], json!([["Deployment"]]));
        assert!(named.iter().all(|name| line[*name].is_u64()));
    }

    #[test]
    fn every_metric_has_its_value() {
        let measures = Measures {
            lag_entries: Some(7),
            verified_pass: true,
            ..Measures::default()
        };
        let line = line(TO, &measures, &[], Some(2), 1);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_u64(), "{metric}");
        }
        assert_eq!(
            (&line["LagEntries"], &line["VerifiedPass"], &line["Subscribers"]),
            (&json!(7), &json!(1), &json!(2))
        );
    }
}
