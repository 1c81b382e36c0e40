//! Commands to a running server, as JSON or in words, and what it replies.

use crate::hostile::rekor::{RekorOrder, RekorReply};
use crate::hostile::rule::{Rule, RuleId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One order; `log` is the log's name. A log that is named for the first time is created, empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Tells about the log.
    Show {
        /// Which log.
        log: String,
    },
    /// Appends made-up entries.
    Grow {
        /// Which log.
        log: String,
        /// How many.
        count: u64,
    },
    /// Appends entries given in base64.
    Append {
        /// Which log.
        log: String,
        /// Their bytes.
        leaves: Vec<String>,
    },
    /// From now on serves another tree, which shares the first `at` entries and has `size`.
    Fork {
        /// Which log.
        log: String,
        /// Entries in common.
        at: u64,
        /// Entries in all.
        size: u64,
    },
    /// Serves the tree from before the fork again.
    Unfork {
        /// Which log.
        log: String,
    },
    /// What is appended from now on is not published.
    Stall {
        /// Which log.
        log: String,
    },
    /// Publishes everything again.
    Resume {
        /// Which log.
        log: String,
    },
    /// Signs `Log frozen — <date>` into every checkpoint. It can still grow, which it should not.
    Freeze {
        /// Which log.
        log: String,
        /// The date, as text.
        date: String,
    },
    /// Takes the freeze back.
    Thaw {
        /// Which log.
        log: String,
    },
    /// From now on these witnesses cosign, and no others.
    Cosign {
        /// Which log.
        log: String,
        /// Who.
        witnesses: Vec<WitnessSpec>,
    },
    /// Adds a rule.
    Behave {
        /// Which log.
        log: String,
        /// The rule.
        #[serde(flatten)]
        rule: Rule,
    },
    /// Removes one rule.
    Remove {
        /// Which log.
        log: String,
        /// The number that `behave` replied with.
        rule: RuleId,
    },
    /// Removes all rules.
    Clear {
        /// Which log.
        log: String,
    },
    /// Tells how often each path was asked for.
    Requests {
        /// Which log.
        log: String,
    },
    /// An order to the Rekor v1 server of this name.
    Rekor {
        /// Which server.
        log: String,
        /// What it is told.
        #[serde(flatten)]
        order: RekorOrder,
    },
}

/// A witness in a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessSpec {
    /// The name on its line.
    pub name: String,
    /// Its key is made from 32 times this byte.
    pub seed: u8,
    /// What it says the time is, in Unix seconds.
    pub time: u64,
}

/// What one needs to know of a log to watch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// Its name on this server.
    pub name: String,
    /// The folder that holds its checkpoint.
    pub url: String,
    /// Its origin.
    pub origin: String,
    /// Its key.
    pub vkey: String,
    /// The size of the checkpoint that it serves.
    pub size: u64,
    /// The root of that checkpoint, in hex.
    pub root: String,
}

/// The answer to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The log afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
    /// The number of a rule that was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// Requests by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<BTreeMap<String, u64>>,
    /// What a Rekor v1 server replied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekor: Option<RekorReply>,
    /// Why nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a command was not understood.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Neither JSON of a command nor the words of one.
    #[error("this is no command: {0}")]
    Form(#[from] serde_json::Error),
    /// An entry that is not base64.
    #[error("entry {at} is not base64")]
    NotBase64 {
        /// Its place among the entries, from 0.
        at: usize,
    },
}

impl Command {
    /// The log that it is about.
    pub fn log(&self) -> &str {
        match self {
            Command::Show { log }
            | Command::Grow { log, .. }
            | Command::Append { log, .. }
            | Command::Fork { log, .. }
            | Command::Unfork { log }
            | Command::Stall { log }
            | Command::Resume { log }
            | Command::Freeze { log, .. }
            | Command::Thaw { log }
            | Command::Cosign { log, .. }
            | Command::Behave { log, .. }
            | Command::Remove { log, .. }
            | Command::Clear { log }
            | Command::Requests { log }
            | Command::Rekor { log, .. } => log,
        }
    }
}

/// Reads one line: JSON, or the words `grow NAME COUNT`, `fork NAME AT SIZE`, `freeze NAME DATE`,
/// `behave NAME TARGET BEHAVIOUR [TIMES]`, `remove NAME RULE`, and with a name alone `show`, `unfork`, `stall`, `resume`,
/// `thaw`, `clear`, `requests`. TARGET and BEHAVIOUR are words or JSON without blanks. To a Rekor v1 server: `rekor NAME` and
/// `show`, `unfork`, `stall`, `resume`, `clear`, `requests`, `grow COUNT`, `shard-over TREE` or `latency MILLIS`.
///
/// # Errors
///
/// [`CommandError::Form`] for anything else.
pub fn from_words(line: &str) -> Result<Command, CommandError> {
    if line.trim_start().starts_with('{') {
        return Ok(serde_json::from_str(line)?);
    }
    let words: Vec<Value> = line.split_whitespace().map(word).collect();
    let value = match words.as_slice() {
        [rekor, log, order, rest @ ..] if rekor == "rekor" => {
            let number = rest.first();
            json!({"command": rekor, "log": log, "order": order, "count": number, "tree": tree_of(order, number),
                "millis": number})
        }
        [command, log] => json!({"command": command, "log": log}),
        [command, log, one] => match command.as_str() {
            Some("freeze") => json!({"command": command, "log": log, "date": one}),
            Some("remove") => json!({"command": command, "log": log, "rule": one}),
            _ => json!({"command": command, "log": log, "count": one}),
        },
        [command, log, one, two] => {
            json!({"command": command, "log": log, "at": one, "size": two, "target": one, "behaviour": two})
        }
        [command, log, target, behaviour, times] => {
            json!({"command": command, "log": log, "target": target, "behaviour": behaviour, "times": times})
        }
        _ => Value::Null,
    };
    Ok(serde_json::from_value(value)?)
}

/// Only `shard-over` names a tree in words.
fn tree_of<'a>(order: &Value, number: Option<&'a Value>) -> Option<&'a Value> {
    number.filter(|_| order == "shard-over")
}

/// Numbers and objects are JSON; everything else is text.
fn word(word: &str) -> Value {
    match serde_json::from_str(word) {
        Ok(value @ (Value::Number(_) | Value::Object(_))) => value,
        Ok(_) | Err(_) => Value::from(word),
    }
}
