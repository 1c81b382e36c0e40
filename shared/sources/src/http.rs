//! HTTP: one object, within its caps and its patience.
//!
//! One client for the process, so that connections are shared, and one without any pool for what must come past every
//! cache. It follows redirects within one origin alone: a log that sends its readers elsewhere could otherwise show each
//! of them another tree.

use crate::body::{Body, Coding, Refused};
use crate::buffers::Buffers;
use crate::pace::{Heard, Pace, Place};
use crate::patience::{Budget, Expired, HttpPatience, retry_after};
use crate::turn::{SHARE_BYTES, Turn};
use bytes::Bytes;
use core::time::Duration;
use pass::{Freshness, SourceError, SourceErrorKind};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url};
use std::io;
use std::time::SystemTime;

/// Redirects that are followed for one object.
pub const MAX_REDIRECTS: usize = 3;

/// What one HTTP/2 stream may send ahead of its reader: with the share of memory, what a waiting read costs.
const STREAM_WINDOW_BYTES: u32 = 512 * 1024;

/// The most that HTTP/2 allows (RFC 9113, 6.9.1). A smaller window over all streams would let waiting reads use it up and
/// so stop the one that they wait for.
const CONNECTION_WINDOW_BYTES: u32 = (1 << 31) - 1;

/// The longest contact in the User-Agent.
const MAX_CONTACT_BYTES: usize = 128;

/// The characters of a redirect's target that are kept.
const MAX_TARGET_CHARS: usize = 256;

/// The HTTP client of the process. Clones share it.
#[derive(Debug, Clone)]
pub struct Http {
    pooled: Client,
    fresh: Client,
    patience: HttpPatience,
    buffers: Buffers,
}

/// No client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    /// The contact cannot stand in a User-Agent.
    #[error("the contact must be 1 to {MAX_CONTACT_BYTES} printable ASCII characters without parentheses")]
    Contact,
    /// TLS or the roots of the system could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

impl Http {
    /// A client. `contact` (an address or a page where an operator of a log finds whom to ask) stands in the User-Agent;
    /// without one the name of the project does.
    ///
    /// # Errors
    /// [`HttpSetupError`].
    pub fn new(patience: HttpPatience, contact: Option<&str>) -> Result<Self, HttpSetupError> {
        let agent = user_agent(contact)?;
        let client = || {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, identity"));
            ClientBuilder::new()
                .user_agent(&agent)
                .default_headers(headers)
                .redirect(Policy::custom(same_origin))
                .referer(false)
                .connect_timeout(patience.connect)
                .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
                .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        };
        let fresh = client().pool_max_idle_per_host(0).build()?;
        Ok(Self {
            pooled: client().build()?,
            fresh,
            patience,
            buffers: Buffers::default(),
        })
    }

    /// The client without a pool: for a call that comes once in a while.
    pub(crate) const fn fresh(&self) -> &Client {
        &self.fresh
    }

    /// The patience that it was made with.
    pub(crate) const fn patience(&self) -> &HttpPatience {
        &self.patience
    }

    /// The object at `url`, at most `cap` bytes of it after decoding. What may pass is tried again, within the patience.
    ///
    /// # Errors
    /// Of the last attempt; never [`SourceErrorKind::Malformed`] for what is merely no tile.
    pub async fn get(
        &self,
        url: &Url,
        cap: usize,
        freshness: Freshness,
        turn: &mut Turn,
    ) -> Result<Bytes, SourceError> {
        let ask = Ask {
            url,
            json: None,
            cap,
            freshness,
            attempts: self.patience.attempts,
            passing: is_passing,
            pace: None,
        };
        self.send(&ask, turn).await
    }

    /// Sends a request. What may pass is tried again, within the patience; the wait for a place in the window of the
    /// server counts against none.
    pub(crate) async fn send(&self, ask: &Ask<'_>, turn: &mut Turn) -> Result<Bytes, SourceError> {
        let object = || ask.url.to_string();
        let mut budget = Budget::new(self.patience);
        let mut attempt = 1;
        loop {
            if let Some((left, status)) = ask.pace.and_then(Pace::pause) {
                if left >= budget.left() {
                    let retry_after = Some(left);
                    let kind = SourceErrorKind::Status { status, retry_after };
                    return Err(SourceError { object: object(), kind });
                }
                tokio::time::sleep(left).await;
            }
            let failed = match self.attempt(ask, &mut budget, turn).await {
                Ok(bytes) => return Ok(self.buffers.lend(bytes)),
                Err(failed) => failed,
            };
            let wait = self.patience.wait(attempt, failed.retry_after());
            if matches!(failed.again, Again::Never) || attempt >= ask.attempts || wait >= budget.left() {
                return Err(SourceError {
                    object: object(),
                    kind: failed.kind,
                });
            }
            tracing::debug!(url = %ask.url, attempt, wait_ms = wait.as_millis(), failed = %failed.kind, "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, ask: &Ask<'_>, budget: &mut Budget, turn: &mut Turn) -> Result<Vec<u8>, Failed> {
        let mut place = None;
        if let Some(pace) = ask.pace {
            budget.pause(async { place = Some(pace.place().await) }).await;
        }
        let heard = |heard: Heard| place.iter().for_each(|place| place.heard(heard));
        let sent = budget.within(self.request(ask).send()).await.map_err(|expired| {
            heard(Heard::Silence);
            Failed::expired(budget, expired)
        })?;
        let response = sent.map_err(|error| {
            heard(Heard::Silence);
            self.failed(error)
        })?;
        let checked = check_status(&response, ask.passing);
        // The window is for batches, which are posted; what is cheaper must not be what their latency is measured by.
        let answered = if ask.json.is_some() {
            Heard::Answer
        } else {
            Heard::Aside
        };
        heard(checked.as_ref().map_or_else(Failed::heard, |()| answered));
        checked?;
        self.body(response, ask.cap, budget, turn, place).await
    }

    fn request(&self, ask: &Ask<'_>) -> RequestBuilder {
        let client = match ask.freshness {
            Freshness::Cached => &self.pooled,
            Freshness::PastCaches => &self.fresh,
        };
        let request = match &ask.json {
            None => client.get(ask.url.clone()),
            Some(json) => client
                .post(ask.url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/json")
                .body(json.clone()),
        };
        match ask.freshness {
            Freshness::Cached => request,
            Freshness::PastCaches => request.header(CACHE_CONTROL, "no-cache"),
        }
    }

    async fn body(
        &self,
        mut response: Response,
        cap: usize,
        budget: &mut Budget,
        turn: &mut Turn,
        mut place: Option<Place>,
    ) -> Result<Vec<u8>, Failed> {
        let coding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
        let coding =
            Coding::of(coding).ok_or_else(|| undecodable(io::Error::other("an encoding that was not asked for")))?;
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        if announced > coding.raw_cap(cap) {
            let announced = u64::try_from(announced).ok();
            return Err(Failed::never(SourceErrorKind::TooLarge { cap, announced }));
        }
        // A length is only announced: what is set aside for it is no more than may be held anyway.
        let mut body = Body::new(coding, cap, &self.buffers, announced.min(turn.share()).min(SHARE_BYTES));
        loop {
            let chunk = budget
                .within(response.chunk())
                .await
                .map_err(|expired| Failed::expired(budget, expired))?;
            let Some(chunk) = chunk.map_err(|error| self.failed(error))? else {
                break;
            };
            for piece in chunk.chunks(coding.piece_bytes()) {
                if body.held().saturating_add(piece.len()) > turn.share() {
                    // Whoever is in turn may need the place.
                    place = None;
                    budget.pause(turn.come()).await;
                    body.expect(announced);
                }
                if let Err(refused) = body.take(piece) {
                    return Err(refusal(refused, cap));
                }
            }
        }
        drop(place);
        body.finish().map_err(|(refused, _)| refusal(refused, cap))
    }

    /// What the client reports: the network, the name service, TLS, HTTP itself.
    fn failed(&self, error: reqwest::Error) -> Failed {
        let kind = if error.is_timeout() {
            SourceErrorKind::Timeout {
                secs: self.patience.connect.as_secs(),
            }
        } else {
            SourceErrorKind::Unreachable(Box::new(error.without_url()))
        };
        Failed {
            kind,
            again: Again::Soon,
        }
    }
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a Url,
    /// Posted, if there is any.
    pub(crate) json: Option<Bytes>,
    /// The bytes that are taken of the answer, after decoding.
    pub(crate) cap: usize,
    pub(crate) freshness: Freshness,
    /// How often it is sent, within the patience.
    pub(crate) attempts: u32,
    /// Which statuses may pass by themselves.
    pub(crate) passing: fn(StatusCode) -> bool,
    /// The window of the server, where it has one.
    pub(crate) pace: Option<&'a Pace>,
}

/// 429 and 5xx.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// One attempt that failed.
struct Failed {
    kind: SourceErrorKind,
    again: Again,
}

/// Whether another attempt may do better.
enum Again {
    Never,
    Soon,
}

impl Failed {
    const fn never(kind: SourceErrorKind) -> Self {
        Self {
            kind,
            again: Again::Never,
        }
    }

    fn expired(budget: &Budget, expired: Expired) -> Self {
        let kind = SourceErrorKind::Timeout {
            secs: budget.secs(expired),
        };
        let again = match expired {
            Expired::Idle => Again::Soon,
            Expired::Total => Again::Never,
        };
        Self { kind, again }
    }

    /// What a status says of the server's load.
    fn heard(&self) -> Heard {
        match &self.kind {
            SourceErrorKind::Status {
                status: status @ (429 | 500..),
                retry_after,
            } => Heard::Refusal {
                status: *status,
                retry_after: *retry_after,
            },
            _ => Heard::Answer,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            SourceErrorKind::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn check_status(response: &Response, passing: fn(StatusCode) -> bool) -> Result<(), Failed> {
    let status = response.status();
    let again = if passing(status) { Again::Soon } else { Again::Never };
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failed {
            kind: SourceErrorKind::NotFound,
            again,
        }),
        _ if status.is_redirection() && response.headers().contains_key(LOCATION) => {
            Err(Failed::never(SourceErrorKind::Redirect { to: target(response) }))
        }
        _ => {
            let asked = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok());
            let retry_after = asked.and_then(|value| retry_after(value, SystemTime::now()));
            Err(Failed {
                kind: SourceErrorKind::Status {
                    status: status.as_u16(),
                    retry_after,
                },
                again,
            })
        }
    }
}

fn target(response: &Response) -> String {
    let location = response
        .headers()
        .get(LOCATION)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(location)
        .chars()
        .take(MAX_TARGET_CHARS)
        .collect()
}

fn refusal(refused: Refused, cap: usize) -> Failed {
    match refused {
        Refused::TooLarge => Failed::never(SourceErrorKind::TooLarge { cap, announced: None }),
        Refused::Coding(error) => undecodable(error),
    }
}

/// What cannot even be decoded was damaged on the way, or is no answer of the log's: it says nothing about the log.
fn undecodable(error: io::Error) -> Failed {
    Failed::never(SourceErrorKind::Unreachable(Box::new(error)))
}

/// Scheme, host and port stay, and no more than [`MAX_REDIRECTS`]; else the redirect itself is the answer.
fn same_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let first = attempt.previous().first().map(Url::origin);
    let to = attempt.url();
    let plain = to.username().is_empty() && to.password().is_none();
    if attempt.previous().len() <= MAX_REDIRECTS && plain && first == Some(to.origin()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn user_agent(contact: Option<&str>) -> Result<String, HttpSetupError> {
    let contact = contact.unwrap_or("rekor-sentinel");
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'(' && byte != b')';
    if contact.is_empty() || contact.len() > MAX_CONTACT_BYTES || !contact.bytes().all(plain) {
        return Err(HttpSetupError::Contact);
    }
    Ok(format!("rekor-sentinel/{} (+{contact})", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::{HttpSetupError, user_agent};

    #[test]
    fn who_is_asking() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            user_agent(None).unwrap(),
            format!("rekor-sentinel/{version} (+rekor-sentinel)")
        );
        assert_eq!(
            user_agent(Some("security@example.org")).unwrap(),
            format!("rekor-sentinel/{version} (+security@example.org)")
        );
        for contact in ["", "a\r\nX: y", "a)", "é", &"a".repeat(129)] {
            assert!(
                matches!(user_agent(Some(contact)), Err(HttpSetupError::Contact)),
                "{contact:?}"
            );
        }
    }
}
