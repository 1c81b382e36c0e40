//! What every sink must do.

use alerts::{Alert, Class, Fact, Phase};
use pass::AlertSink;
use sigstore::Timestamp;
use std::sync::Arc;

/// Tasks that deliver at once, and how often each does.
const SENDERS: usize = 8;
const EACH: usize = 10;

/// An alert whose id has this number in it, with text that tries to be more than text.
#[must_use]
pub fn sample_alert(number: usize) -> Alert {
    let hostile = "\u{1b}[2J\r\n{\"id\":\"forged\"}\n\u{202e}\u{2028}";
    Alert {
        schema: alerts::SCHEMA,
        id: format!("{number:064x}"),
        time: Timestamp::from_unix(1_790_000_000),
        class: Class::Finding,
        phase: Phase::Once,
        severity: rules::Severity::High,
        log: Some("log2025-1.rekor.sigstore.dev".to_owned()),
        rule: Some(hostile.to_owned()),
        title: format!("sample {number}"),
        summary: hostile.to_owned(),
        facts: vec![Fact::new("name", hostile)],
        action: hostile.repeat(100),
        object: None,
        thread: None,
    }
}

/// Holds a sink to its contract. `make` gives another handle on **one and the same** sink; `taken` reads the ids of all
/// alerts that are in its hands, in their order.
pub async fn sink_contract(make: impl Fn() -> Arc<dyn AlertSink>, taken: impl Fn() -> Vec<String>) {
    let id = |number| sample_alert(number).id;
    let (sink, other) = (make(), make());
    assert_eq!(sink.name(), other.name(), "the name is the same from run to run");
    assert!(
        (1..=256).contains(&sink.name().len()) && !sink.name().contains(char::is_control),
        "{:?}",
        sink.name()
    );
    assert_eq!(taken(), Vec::<String>::new(), "the sink must be empty at first");

    let mut expect = Vec::new();
    for (number, sink) in [(1, &sink), (2, &other), (2, &sink), (1, &other)] {
        sink.deliver(&sample_alert(number)).await.unwrap();
        expect.push(id(number));
        assert_eq!(
            taken(),
            expect,
            "what was delivered is there at once, in order, also a second time"
        );
    }
    let tasks: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(make(), sender))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let after = taken();
    assert_eq!(
        after.len(),
        expect.len() + SENDERS * EACH,
        "nothing is lost, nothing is doubled"
    );
    for sender in 0..SENDERS {
        let sent: Vec<_> = (0..EACH).map(|each| id(number(sender, each))).collect();
        let came: Vec<_> = after.iter().filter(|id| sent.contains(id)).cloned().collect();
        assert_eq!(came, sent, "each sender's alerts are in its order");
    }
}

fn number(sender: usize, each: usize) -> usize {
    (sender + 1) * 1000 + each
}

async fn send(sink: Arc<dyn AlertSink>, sender: usize) {
    for each in 0..EACH {
        sink.deliver(&sample_alert(number(sender, each))).await.unwrap();
    }
}
