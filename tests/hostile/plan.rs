//! Makes the answer to one request, honest or not, away from the lock.

use crate::hostile::answer::{Answer, Delivery};
use crate::hostile::lie;
use crate::hostile::request::Request;
use crate::hostile::rule::{Behaviour, Change, Instead, Manner, Redirect, Rule, Target};
use crate::hostile::tamper;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use testlog::{LeafMaker, Resource, TreeLog};

/// Hashes in a full tile, entries in a full bundle.
const WIDTH: u64 = 256;

/// What is needed to answer, taken out of a log's state.
pub(crate) struct Plan {
    pub tree: Arc<TreeLog>,
    pub published: u64,
    /// Makes entries that do not stand in the tree.
    pub others: LeafMaker,
    /// The honest answer, where it is ready.
    pub ready: Option<Bytes>,
    pub behaviour: Option<Behaviour>,
}

/// An answer, and the honest bytes that were made for it.
pub(crate) struct Answered {
    pub answer: Answer,
    pub honest: Option<Bytes>,
}

impl Plan {
    pub(crate) fn answer(&self, request: &Request) -> Answered {
        let honest = request.resource.and_then(|resource| self.honest(resource));
        let answer = match (&self.behaviour, &honest) {
            (None, None) => Answer::status(404),
            (None, Some(body)) => Answer::ok(body.clone()),
            // What answers any question hides even what is not there.
            (Some(Behaviour::Instead(instead)), _) => answer_instead(instead, request),
            (Some(_), None) => Answer::status(404),
            (Some(Behaviour::Lie(lie)), Some(_)) => Answer::ok(lie::checkpoint(lie, &self.tree, self.published)),
            (Some(Behaviour::Change(change)), Some(body)) => self.changed(change, request, body),
            (Some(Behaviour::Manner(manner)), Some(body)) => delivered(manner, request, Answer::ok(body.clone())),
        };
        Answered { answer, honest }
    }

    fn honest(&self, resource: Resource) -> Option<Bytes> {
        let made = || self.tree.read_resource(resource, self.published).map(Bytes::from);
        self.ready.clone().or_else(made)
    }

    fn changed(&self, change: &Change, request: &Request, body: &Bytes) -> Answer {
        let bytes = match (change, request.resource) {
            (Change::Truncate { keep }, _) => body.get(..*keep).map(<[u8]>::to_vec),
            (Change::Pad { bytes }, _) => Some([body.as_ref(), &vec![0; *bytes]].concat()),
            (Change::Prune, _) => return Answer::status(404),
            (Change::Tamper { how, index: entry }, Some(Resource::Entries { index, width })) => {
                tamper::bundle(&self.tree, &self.others, (index, width), (*how, *entry))
            }
            (Change::FlipHash { level: at, index: hash }, Some(Resource::HashTile { level, index, .. })) => {
                tamper::flip_hash(body.to_vec(), (level, index), (*at, *hash))
            }
            (Change::Tamper { .. } | Change::FlipHash { .. }, _) => None,
        };
        Answer::ok(bytes.map_or_else(|| body.clone(), Bytes::from))
    }
}

/// Whether a rule has anything to say to this request. One that has nothing to say is not used up by it.
pub(crate) fn concerns(rule: &Rule, request: &Request, published: u64) -> bool {
    let open = !request.redirected && (!rule.cached_only || !request.no_cache);
    open && aims_at(&rule.target, request) && fits(&rule.behaviour, request.resource, published)
}

fn aims_at(target: &Target, request: &Request) -> bool {
    match target {
        Target::All => true,
        Target::Checkpoint => matches!(request.resource, Some(Resource::Checkpoint)),
        Target::Entries => matches!(request.resource, Some(Resource::Entries { .. })),
        Target::HashTiles => matches!(request.resource, Some(Resource::HashTile { .. })),
        Target::Path(path) => match path.strip_suffix('*') {
            Some(start) => request.path.starts_with(start),
            None => request.path == *path,
        },
    }
}

fn fits(behaviour: &Behaviour, resource: Option<Resource>, published: u64) -> bool {
    match behaviour {
        Behaviour::Instead(_) | Behaviour::Manner(_) => true,
        Behaviour::Lie(_) => matches!(resource, Some(Resource::Checkpoint)),
        Behaviour::Change(Change::Truncate { .. } | Change::Pad { .. }) => true,
        Behaviour::Change(Change::Prune) => resource.is_some_and(|resource| outgrown(resource, published)),
        Behaviour::Change(Change::Tamper { index: entry, .. }) => {
            matches!(resource, Some(Resource::Entries { index, width }) if holds(index, width, *entry))
        }
        Behaviour::Change(Change::FlipHash { level: at, index: hash }) => {
            matches!(resource, Some(Resource::HashTile { level, index, width })
                if level == *at && holds(index, width, *hash))
        }
    }
}

/// Whether a tile of this index and width holds the entry or hash at `place`.
fn holds(index: u64, width: u16, place: u64) -> bool {
    place / WIDTH == index && place % WIDTH < u64::from(width)
}

/// Whether this is a partial tile whose full one is there.
fn outgrown(resource: Resource, published: u64) -> bool {
    let (index, width, count) = match resource {
        Resource::Checkpoint => return false,
        Resource::Entries { index, width } => (index, width, published),
        Resource::HashTile { level, index, width } => {
            (index, width, published.checked_shr(8 * u32::from(level)).unwrap_or(0))
        }
    };
    u64::from(width) < WIDTH && index < count / WIDTH
}

pub(crate) fn answer_instead(instead: &Instead, request: &Request) -> Answer {
    let nothing = Answer::ok(Bytes::new());
    match instead {
        Instead::Status {
            code,
            retry_after: Some(value),
        } => Answer::status(*code).with("Retry-After", value),
        Instead::Status {
            code,
            retry_after: None,
        } => Answer::status(*code),
        Instead::Garbage => Answer::ok(GARBAGE),
        Instead::HtmlPage => Answer::ok(PAGE).with("Content-Type", "text/html"),
        Instead::Empty => nothing,
        Instead::Redirect { to } => Answer::status(302).with("Location", &location(to, request)),
        Instead::Hang => nothing.delivered(Delivery::Hang),
        Instead::Disconnect => nothing.delivered(Delivery::Disconnect),
        Instead::Endless => nothing.delivered(Delivery::Endless),
        Instead::Oversize { bytes } => nothing.delivered(Delivery::Zeros(*bytes)),
        Instead::GzipBomb { bytes } => Answer::bomb(*bytes),
    }
}

/// The right bytes, not in the right way.
pub(crate) fn delivered(manner: &Manner, request: &Request, answer: Answer) -> Answer {
    match manner {
        Manner::Late { millis } => answer.delivered(Delivery::Late(Duration::from_millis(*millis))),
        Manner::Drip { bytes, millis } => {
            answer.delivered(Delivery::Drip((*bytes).max(1), Duration::from_millis(*millis)))
        }
        Manner::BreakOff => answer.delivered(Delivery::BreakOff),
        Manner::Gzip if request.gzip => answer.gzipped(),
        Manner::Gzip => answer,
    }
}

fn location(to: &Redirect, request: &Request) -> String {
    let port = request.host.rsplit_once(':').map_or("80", |(_, port)| port);
    let place = format!("{}/{}?redirected", request.log, request.path);
    match to {
        Redirect::SameHost => format!("/{place}"),
        Redirect::OtherHost => format!("http://localhost:{port}/{place}"),
        Redirect::Https => format!("https://127.0.0.1:{port}/{place}"),
        Redirect::File => String::from("file:///etc/passwd"),
    }
}

/// No text, no UTF-8, no length that makes sense.
const GARBAGE: &[u8] = b"\x00\xFF\xFE\x80\x01garbage\x00\xC3\x28\xA0\xA1\xE2\x28\xA1\n\n\x7F";

const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>Welcome to the network.</body></html>\n";
