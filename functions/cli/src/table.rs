//! What a pass came to, for people: a short table, and a sentence for whatever is not clean.

use pass::{LogReport, PassReport};

/// The longest name of a log in the table.
const NAME_CHARS: usize = 48;

/// The whole report as text.
pub(crate) fn render(report: &PassReport) -> String {
    let mut rows = vec![["log", "outcome", "head", "cursor", "new", "findings"].map(str::to_owned)];
    rows.extend(report.logs.iter().map(row));
    let mut text = align(&rows);
    for log in report
        .logs
        .iter()
        .filter(|log| log.error.is_some() || !log.notes.is_empty())
    {
        text.push_str(&remarks(log, log.log.as_deref().unwrap_or_default()));
    }
    text.push_str(&run(report));
    text
}

fn row(log: &LogReport) -> [String; 6] {
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), grouped);
    let beside = [
        ("allowed", log.allowed),
        ("authorised", log.authorised),
        ("waiting", log.waiting),
    ];
    let beside = beside.into_iter().filter(|(_, count)| *count > 0);
    let beside: Vec<String> = beside
        .map(|(word, count)| format!("{} {word}", grouped(count)))
        .collect();
    let findings = match beside.is_empty() {
        true => grouped(log.findings),
        false => format!("{} (and {})", grouped(log.findings), beside.join(", ")),
    };
    let stale = if log.stale { ", stale" } else { "" };
    [
        alerts::text::escape(log.log.as_deref().unwrap_or_default(), NAME_CHARS),
        format!("{}{stale}", log.outcome.word()),
        number(log.head.map(|head| head.size)),
        number(log.cursor),
        grouped(log.scanned),
        findings,
    ]
}

fn remarks(log: &LogReport, name: &str) -> String {
    let mut text = String::new();
    let name = alerts::text::escape(name, NAME_CHARS);
    if let Some(error) = &log.error {
        text.push_str(&format!(
            "{name}: {}: {}\n",
            log.outcome.word(),
            alerts::text::escape(&error.message, 1_000)
        ));
        // Most messages begin with what they are about.
        let named = |object: &&String| !error.message.starts_with(object.as_str());
        if let Some(object) = error.object.as_ref().filter(named) {
            text.push_str(&format!(
                "{:indent$}see {}\n",
                "",
                alerts::text::escape(object, 300),
                indent = 4
            ));
        }
    }
    for note in &log.notes {
        text.push_str(&format!("{name}: {}\n", alerts::text::escape(note, 400)));
    }
    text
}

/// What belongs to no single log. The run's own problem is shown only where no log's line shows it.
fn run(report: &PassReport) -> String {
    let mut text = String::new();
    let of_a_log = report.logs.iter().any(|log| log.outcome == report.run.outcome);
    if let Some(error) = report.run.error.as_ref().filter(|_| !of_a_log) {
        text.push_str(&format!(
            "{}: {}\n",
            report.run.outcome.word(),
            alerts::text::escape(&error.message, 1_000)
        ));
    }
    for note in &report.run.notes {
        text.push_str(&format!("{}\n", alerts::text::escape(note, 400)));
    }
    text
}

fn align(rows: &[[String; 6]]) -> String {
    let mut text = String::new();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or(0);
            let cell = if matches!(column, 2..=4) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// 139911860 as 139,911,860.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (139_911_860, "139,911,860")] {
            assert_eq!(grouped(number), expect);
        }
    }
}
