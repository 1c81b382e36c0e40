//! The heartbeat: a call to somebody outside after each complete pass, who raises the alarm when it stops coming.
//!
//! Its URL is a secret (whoever knows it can keep the alarm silent), so that neither an error nor a debug form holds any
//! part of it, causes included. What is answered is not read. That it failed is a line in a log, never an outcome.

use crate::base::MAX_URL_BYTES;
use crate::http::Http;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use reqwest::Url;

/// The patience with one call. It stands at the end of a pass, whose time is spent.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls at most: one that was lost on the way would raise an alarm for nothing.
const ATTEMPTS: u32 = 2;

/// The URL to call.
#[derive(Clone, PartialEq, Eq)]
pub struct Heartbeat(Url);

/// The heartbeat was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// It is no URL to call.
    #[error("the URL of the heartbeat must be http:// or https://, of at most {MAX_URL_BYTES} bytes")]
    Url,
    /// Nobody could be reached.
    #[error("the heartbeat reached nobody")]
    Unreachable,
    /// No answer came in time.
    #[error("the heartbeat was not answered within {} s", PATIENCE.as_secs())]
    Timeout,
    /// The answer was no.
    #[error("the heartbeat was answered with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
}

impl FromStr for Heartbeat {
    type Err = HeartbeatError;

    fn from_str(text: &str) -> Result<Self, HeartbeatError> {
        if text.len() > MAX_URL_BYTES {
            return Err(HeartbeatError::Url);
        }
        let url = Url::parse(text.trim()).map_err(|_| HeartbeatError::Url)?;
        let callable = matches!(url.scheme(), "http" | "https") && url.has_host();
        if callable {
            Ok(Self(url))
        } else {
            Err(HeartbeatError::Url)
        }
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heartbeat(…)")
    }
}

/// Calls the URL (GET), once more if that fails and may pass; within twice the patience of 3 s.
///
/// # Errors
/// [`HeartbeatError`] of the last call.
pub async fn heartbeat(http: &Http, to: &Heartbeat) -> Result<(), HeartbeatError> {
    let mut last = Err(HeartbeatError::Unreachable);
    for _ in 0..ATTEMPTS {
        last = call(http, to).await;
        match last {
            Err(HeartbeatError::Unreachable | HeartbeatError::Timeout) => {}
            Err(HeartbeatError::Status { status }) if status >= 500 => {}
            Ok(()) | Err(HeartbeatError::Status { .. } | HeartbeatError::Url) => break,
        }
    }
    last
}

async fn call(http: &Http, to: &Heartbeat) -> Result<(), HeartbeatError> {
    let request = http.fresh().get(to.0.clone()).timeout(PATIENCE).send();
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(HeartbeatError::Status {
            status: answer.status().as_u16(),
        }),
        Ok(Err(error)) if error.is_timeout() => Err(HeartbeatError::Timeout),
        Ok(Err(_)) => Err(HeartbeatError::Unreachable),
        Err(_) => Err(HeartbeatError::Timeout),
    }
}
