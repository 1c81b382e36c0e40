//! HTTP: one object, within its caps and its patience.
//!
//! One client for the process, so that connections are shared, and one without any pool for what must come past every
//! cache. It follows redirects within one origin alone: a log that sends its readers elsewhere could otherwise show each
//! of them another tree.

use crate::body::{Body, Coding, Refused};
use crate::buffers::Buffers;
use crate::patience::{Budget, Expired, HttpPatience, retry_after};
use crate::turn::{SHARE_BYTES, Turn};
use bytes::Bytes;
use core::time::Duration;
use pass::{Freshness, SourceError, SourceErrorKind};
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};
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
        let mut budget = Budget::new(self.patience);
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(url, cap, freshness, &mut budget, turn).await {
                Ok(bytes) => return Ok(self.buffers.lend(bytes)),
                Err(failed) => failed,
            };
            let wait = self.patience.wait(attempt, failed.retry_after());
            if matches!(failed.again, Again::Never) || attempt >= self.patience.attempts || wait >= budget.left() {
                return Err(SourceError {
                    object: url.to_string(),
                    kind: failed.kind,
                });
            }
            tracing::debug!(%url, attempt, wait_ms = wait.as_millis(), failed = %failed.kind, "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        cap: usize,
        freshness: Freshness,
        budget: &mut Budget,
        turn: &mut Turn,
    ) -> Result<Vec<u8>, Failed> {
        let request = match freshness {
            Freshness::Cached => self.pooled.get(url.clone()),
            Freshness::PastCaches => self.fresh.get(url.clone()).header(CACHE_CONTROL, "no-cache"),
        };
        let sent = budget
            .within(request.send())
            .await
            .map_err(|expired| Failed::expired(budget, expired))?;
        let response = sent.map_err(|error| self.failed(error))?;
        check_status(&response)?;
        self.body(response, cap, budget, turn).await
    }

    async fn body(
        &self,
        mut response: Response,
        cap: usize,
        budget: &mut Budget,
        turn: &mut Turn,
    ) -> Result<Vec<u8>, Failed> {
        let coding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
        let coding =
            Coding::of(coding).ok_or_else(|| undecodable(io::Error::other("an encoding that was not asked for")))?;
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        if announced > coding.raw_cap(cap) {
            return Err(Failed::never(SourceErrorKind::TooLarge { cap }));
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
                    budget.pause(turn.come()).await;
                    body.expect(announced);
                }
                if let Err(refused) = body.take(piece) {
                    return Err(refusal(refused, cap));
                }
            }
        }
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

    fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            SourceErrorKind::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn check_status(response: &Response) -> Result<(), Failed> {
    let status = response.status();
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failed::never(SourceErrorKind::NotFound)),
        _ if status.is_redirection() && response.headers().contains_key(LOCATION) => {
            Err(Failed::never(SourceErrorKind::Redirect { to: target(response) }))
        }
        _ => {
            let passing = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
            let again = if passing { Again::Soon } else { Again::Never };
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
        Refused::TooLarge => Failed::never(SourceErrorKind::TooLarge { cap }),
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
