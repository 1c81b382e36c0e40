//! What a log can do to its watchers, over HTTP, and what each of it comes to: outcome, head, cursor, record, alerts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use pass::Outcome;
use support::{Stage, line};

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_log_is_clean() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let mut stage = Stage::new();
    stage.watch(&log);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean, "{report:?}");
    assert_eq!(line(&report, &log).cursor, Some(300));
    assert_eq!(stage.alerts(), []);
}
