//! What the deployment sets in the environment. Nothing else is read from it, but the standard `AWS_*` by the SDK.

use aws::{LockDays, Place, TopicArn};
use core::time::Duration;
use sources::Heartbeat;
use std::env;

/// The namespace of the metrics, unless another is set.
const NAMESPACE: &str = "RekorSentinel";

/// The shortest and longest interval that is taken, in seconds.
const INTERVALS: core::ops::RangeInclusive<u64> = 60..=86_400;

/// The environment, read once.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What is needed for a pass; or which variable is wrong, and how.
    pub(crate) pass: Result<PassSettings, String>,
    /// The namespace of the metrics.
    pub(crate) namespace: String,
    /// The name of the deployment: the one dimension of the metrics.
    pub(crate) deployment: String,
}

/// What a pass needs.
#[derive(Debug, Clone)]
pub(crate) struct PassSettings {
    pub(crate) store: Place,
    pub(crate) topic: TopicArn,
    pub(crate) chat_topic: Option<TopicArn>,
    pub(crate) interval: Duration,
    pub(crate) watch: Option<String>,
    pub(crate) lock_days: Option<LockDays>,
    pub(crate) heartbeat: Option<Heartbeat>,
}

impl Settings {
    /// Reads the environment. What is wrong is told by every invocation, where it is seen; a process that ended at once
    /// would only be started again.
    pub(crate) fn from_environment() -> Self {
        Self::read(|name| env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| {
            variable(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        Self {
            pass: pass(&given),
            namespace: given("SENTINEL_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned()),
            deployment: given("SENTINEL_DEPLOYMENT").unwrap_or_else(|| "rekor-sentinel".to_owned()),
        }
    }

    /// What must never be said.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SENTINEL_HEARTBEAT_URL"];
        names.into_iter().filter_map(|name| env::var(name).ok()).collect()
    }
}

fn pass(given: &dyn Fn(&str) -> Option<String>) -> Result<PassSettings, String> {
    let needed = |name: &str| given(name).ok_or_else(|| format!("{name} is not set"));
    let wrong = |name: &str, why: String| format!("{name}: {why}");
    let topic = |name: &str, arn: &str| TopicArn::parse(arn).map_err(|error| wrong(name, error.to_string()));
    let number = |name: &str, text: String| {
        let parsed = text.parse::<u64>();
        parsed.map_err(|_| wrong(name, "must be a whole number".to_owned()))
    };
    let interval = number("SENTINEL_INTERVAL", needed("SENTINEL_INTERVAL")?)?;
    if !INTERVALS.contains(&interval) {
        let (least, most) = (INTERVALS.start(), INTERVALS.end());
        return Err(wrong("SENTINEL_INTERVAL", format!("must be {least} to {most} seconds")));
    }
    let lock_days = match given("SENTINEL_LOCK_DAYS") {
        Some(days) => number("SENTINEL_LOCK_DAYS", days)?,
        None => 0,
    };
    let heartbeat = given("SENTINEL_HEARTBEAT_URL").map(|url| url.parse());
    Ok(PassSettings {
        store: Place::parse(&needed("SENTINEL_STORE")?).map_err(|error| wrong("SENTINEL_STORE", error.to_string()))?,
        topic: topic("SENTINEL_TOPIC", &needed("SENTINEL_TOPIC")?)?,
        chat_topic: match given("SENTINEL_CHAT_TOPIC") {
            Some(arn) => Some(topic("SENTINEL_CHAT_TOPIC", &arn)?),
            None => None,
        },
        interval: Duration::from_secs(interval),
        watch: given("SENTINEL_WATCH"),
        lock_days: LockDays::new(u32::try_from(lock_days).unwrap_or(u32::MAX)),
        heartbeat: heartbeat
            .transpose()
            .map_err(|error: sources::HeartbeatError| wrong("SENTINEL_HEARTBEAT_URL", error.to_string()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: [(&str, &str); 3] = [
        ("SENTINEL_STORE", "s3://bucket/folder"),
        ("SENTINEL_TOPIC", "arn:aws:sns:eu-west-1:123456789012:alerts"),
        ("SENTINEL_INTERVAL", "300"),
    ];

    fn read(changes: &[(&str, &str)]) -> Settings {
        Settings::read(|name| {
            let changed = changes.iter().chain(&SOUND).find(|(known, _)| *known == name);
            changed.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_empty_is_not_set() {
        let settings = read(&[
            ("SENTINEL_CHAT_TOPIC", ""),
            ("SENTINEL_WATCH", " "),
            ("SENTINEL_LOCK_DAYS", "0"),
        ]);
        let pass = settings.pass.unwrap();
        assert!(pass.chat_topic.is_none() && pass.watch.is_none() && pass.lock_days.is_none());
        assert!(pass.heartbeat.is_none());
        assert_eq!(settings.namespace, NAMESPACE);
        assert_eq!(pass.interval, Duration::from_secs(300));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |name: &str, value: &str| {
            let why = read(&[(name, value)]).pass.unwrap_err();
            assert!(why.starts_with(name), "{why}");
            assert!(!why.contains("s3cret"), "{why}");
        };
        refused("SENTINEL_STORE", "");
        refused("SENTINEL_STORE", "bucket");
        refused("SENTINEL_TOPIC", "alerts");
        refused("SENTINEL_CHAT_TOPIC", "alerts");
        refused("SENTINEL_INTERVAL", "");
        refused("SENTINEL_INTERVAL", "5m");
        refused("SENTINEL_INTERVAL", "59");
        refused("SENTINEL_LOCK_DAYS", "-1");
        refused("SENTINEL_HEARTBEAT_URL", "ftp://s3cret");
    }
}
