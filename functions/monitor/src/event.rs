//! What an event asks for.

use serde_json::Value;

/// Names of logs in one event at most.
const MAX_NAMES: usize = 100;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A pass over every log: what a schedule asks for, in whatever form.
    Pass,
    /// A pass over these logs alone.
    Logs(Vec<String>),
    /// A test alert.
    Test,
}

/// The event is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("`logs` must be a list of 1 to {MAX_NAMES} names, as in {{\"logs\": [\"log2025-1.rekor\"]}}")]
    Logs,
    #[error("`test` must be true or false")]
    Test,
    #[error("ask for `logs` or for a `test`, not for both at once")]
    Both,
}

/// Reads an event. One that says nothing of ours is a tick: schedulers say many things, and none of them should stop the
/// watch.
pub(crate) fn asked(event: &Value) -> Result<Asked, Malformed> {
    let test = match event.get("test") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(Malformed::Test),
    };
    let Some(logs) = event.get("logs") else {
        return Ok(if test { Asked::Test } else { Asked::Pass });
    };
    if test {
        return Err(Malformed::Both);
    }
    let name = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let names: Option<Vec<String>> = logs
        .as_array()
        .map(|logs| logs.iter().map(name).collect())
        .unwrap_or_default();
    let names = names.filter(|names| (1..=MAX_NAMES).contains(&names.len()));
    names.map(Asked::Logs).ok_or(Malformed::Logs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whatever_a_scheduler_says_is_a_tick() {
        for event in [
            json!({}),
            json!(null),
            json!("tick"),
            json!([1]),
            json!({"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}),
            json!({"version": "0", "source": "aws.events", "resources": ["arn:aws:events:x"], "detail": {}}),
            json!({"test": false}),
        ] {
            assert_eq!(asked(&event), Ok(Asked::Pass), "{event}");
        }
    }

    #[test]
    fn what_is_ours_is_read_strictly() {
        assert_eq!(asked(&json!({"test": true})), Ok(Asked::Test));
        assert_eq!(
            asked(&json!({"logs": ["a", "b"]})),
            Ok(Asked::Logs(vec!["a".to_owned(), "b".to_owned()]))
        );
        for logs in [
            json!([]),
            json!("a"),
            json!([1]),
            json!(null),
            json!([""]),
            json!(vec!["a"; 101]),
        ] {
            assert_eq!(asked(&json!({"logs": logs})), Err(Malformed::Logs), "{logs}");
        }
        assert_eq!(asked(&json!({"test": "yes"})), Err(Malformed::Test));
        assert_eq!(asked(&json!({"test": true, "logs": ["a"]})), Err(Malformed::Both));
    }
}
