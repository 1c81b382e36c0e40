//! What a log can be told to do wrong, where, and how often. Every name here is also its JSON, in kebab case.

use serde::{Deserialize, Serialize};

/// Which requests a rule looks at. A behaviour that makes no sense for a resource leaves it alone: no checkpoint has
/// an entry to flip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The checkpoint.
    Checkpoint,
    /// Entry bundles.
    Entries,
    /// Hash tiles.
    HashTiles,
    /// Everything.
    All,
    /// One path relative to the log, as `tile/entries/000`; with `*` at its end, all that begin so.
    Path(String),
}

/// How a bundle is altered around one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// One bit of the entry is another.
    Flip,
    /// Another entry, well-formed, stands in its place.
    Substitute,
    /// It is left out; the bundle is one entry short.
    Drop,
    /// It is left out and the next ones move up, so that the bundle is as long as it should be where there are enough.
    Shift,
    /// It stands there twice; the bundle is one entry too long.
    Double,
    /// It stands in its neighbour's place too; the bundle is as long as it should be.
    Repeat,
    /// It and its neighbour have changed places.
    Swap,
    /// An entry follows after the bundle's last.
    Append,
    /// The bundle ends in the middle of the entry.
    Cut,
}

/// Where a redirect points. The first two lead to the right answer, so that following them is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// This server under the same name.
    SameHost,
    /// This server by another host name.
    OtherHost,
    /// This place over `https`, where nothing answers.
    Https,
    /// A file of the client's own machine.
    File,
}

/// What to do instead of, or to, the honest answer. Its JSON is that of the group's member: `"hang"`,
/// `{"stale":{"size":5}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Behaviour {
    /// Answers something else, whatever was asked for.
    Instead(Instead),
    /// Serves a checkpoint that is not what it should be.
    Lie(Lie),
    /// Changes what is served.
    Change(Change),
    /// Serves the right thing in another manner.
    Manner(Manner),
}

/// What is answered to any question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// A status and, where given, `Retry-After` (seconds or a date).
    Status {
        /// The status code.
        code: u16,
        /// The value of `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Bytes that mean nothing.
    Garbage,
    /// A web page, with status 200.
    HtmlPage,
    /// Nothing, with status 200.
    Empty,
    /// A redirect.
    Redirect {
        /// To where.
        to: Redirect,
    },
    /// Takes the request and never answers.
    Hang,
    /// Closes the connection instead of answering.
    Disconnect,
    /// An answer without an end.
    Endless,
    /// As much as it says: so many zero bytes, announced in `Content-Length`.
    Oversize {
        /// How many.
        bytes: u64,
    },
    /// A small answer that decompresses to so many zero bytes, rounded up to 64 KiB.
    GzipBomb {
        /// How many.
        bytes: u64,
    },
}

/// A checkpoint that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// Its size is a word.
    SizeNoNumber,
    /// Another key signed it under the log's name.
    WrongKey,
    /// It is of another origin; the right key signed it.
    WrongOrigin,
    /// Nobody signed it.
    Unsigned,
    /// One bit of the log's signature is another.
    DamagedSignature,
    /// The log's own checkpoint of a smaller size.
    Stale {
        /// That size.
        size: u64,
    },
    /// Rightly signed, with a root that belongs to no tree.
    ImpossibleRoot {
        /// Its size; the log's own where absent.
        #[serde(default)]
        size: Option<u64>,
    },
}

/// A change of what is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Alters the bundle that holds an entry; other bundles are right.
    Tamper {
        /// How.
        how: Tamper,
        /// Which entry.
        index: u64,
    },
    /// Alters one hash of a hash tile; other tiles are right.
    FlipHash {
        /// The tile's level.
        level: u8,
        /// Which hash of that level.
        index: u64,
    },
    /// The right answer up to a length, as if that were all of it.
    Truncate {
        /// How many bytes are left.
        keep: usize,
    },
    /// The right answer with so many zero bytes after it.
    Pad {
        /// How many.
        bytes: usize,
    },
    /// A partial tile is gone as soon as the full one is there, which a log may do.
    Prune,
}

/// Another way to serve the right thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// After a pause.
    Late {
        /// The pause.
        millis: u64,
    },
    /// A few bytes at a time.
    Drip {
        /// How many at a time.
        bytes: usize,
        /// The pause between.
        millis: u64,
    },
    /// Promises the whole and closes the connection in its middle.
    BreakOff,
    /// Compressed where the client said that it takes gzip, which a log may do.
    Gzip,
}

impl From<Instead> for Behaviour {
    fn from(instead: Instead) -> Behaviour {
        Behaviour::Instead(instead)
    }
}

impl From<Lie> for Behaviour {
    fn from(lie: Lie) -> Behaviour {
        Behaviour::Lie(lie)
    }
}

impl From<Change> for Behaviour {
    fn from(change: Change) -> Behaviour {
        Behaviour::Change(change)
    }
}

impl From<Manner> for Behaviour {
    fn from(manner: Manner) -> Behaviour {
        Behaviour::Manner(manner)
    }
}

/// A behaviour, where it applies and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which requests.
    pub target: Target,
    /// What to do to them.
    pub behaviour: Behaviour,
    /// For how many requests; without an end where absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many requests that would match are answered honestly before.
    #[serde(default)]
    pub after: u64,
    /// Only requests that a cache might have answered: those without `Cache-Control: no-cache`.
    #[serde(default)]
    pub cached_only: bool,
}

/// Names a rule for its removal.
pub type RuleId = u64;

impl Rule {
    /// A rule that holds until it is removed.
    pub fn new(target: Target, behaviour: impl Into<Behaviour>) -> Rule {
        Rule {
            target,
            behaviour: behaviour.into(),
            times: None,
            after: 0,
            cached_only: false,
        }
    }

    /// Holds for so many requests, and then no more.
    #[must_use]
    pub fn times(mut self, times: u64) -> Rule {
        self.times = Some(times);
        self
    }

    /// Begins after so many requests.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Rule {
        self.after = requests;
        self
    }

    /// Leaves requests alone that insist on passing caches.
    #[must_use]
    pub fn cached_only(mut self) -> Rule {
        self.cached_only = true;
        self
    }
}
