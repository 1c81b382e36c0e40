//! What a service answered instead of what was asked, in words that say what to do.
//!
//! Whatever a service says is escaped and cut. Credentials and signatures are never part of it.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use core::fmt;
use pass::error_chain;

/// Characters of what a service says that are kept.
const MAX_SAID_CHARS: usize = 600;

/// A call to AWS that failed, after all that could be tried.
#[derive(Debug)]
pub struct CallError {
    /// The action as policies name it: `s3:GetObject`.
    pub action: &'static str,
    /// What was acted on: an `s3://` URL, the ARN of a topic.
    pub place: String,
    /// What sort of failure it is.
    pub kind: CallErrorKind,
    /// The service's own code, such as `AccessDenied`; escaped.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// What support asks for; escaped.
    pub request_id: Option<String>,
    /// What the service or the network said; escaped and cut.
    pub said: String,
}

/// The sorts of failure, by what can be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// No such bucket, no such topic.
    NotThere,
    /// The caller may not.
    Denied,
    /// The key of an encrypted bucket or topic cannot be used.
    Key,
    /// No usable credentials, or no region.
    Credentials,
    /// The bucket or topic is in another region.
    Region,
    /// Too many calls; it was tried again and again.
    Throttled,
    /// The service failed, or did not answer in time.
    Unavailable,
    /// The network, the name service or TLS failed.
    Unreachable,
    /// The bucket takes no retention.
    Lock,
    /// Another write to the same object was always in flight.
    InFlight,
    /// The condition of a write does not hold. Never told: it becomes an answer.
    Condition,
    /// The object is not there. Never told where that is an answer.
    NoObject,
    /// The service refuses the call as it is.
    Refused,
    /// The answer makes no sense.
    Answer,
}

impl CallErrorKind {
    /// Whether the same call may succeed a little later.
    pub(crate) const fn may_pass(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable | Self::Unreachable | Self::InFlight | Self::Answer => true,
            Self::NotThere | Self::Denied | Self::Key | Self::Credentials | Self::Region | Self::Lock => false,
            Self::Condition | Self::NoObject | Self::Refused => false,
        }
    }

    /// Whether the call may have done what was asked, though it failed.
    pub(crate) const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unavailable | Self::Unreachable | Self::Answer)
    }

    const fn advice(self, is_read: bool) -> &'static str {
        match self {
            Self::NotThere => "Check its name, account and region; nothing is made by itself.",
            Self::Denied if is_read => {
                "Grant this action to whoever makes the call. Without s3:ListBucket on the bucket S3 answers so for an object that is not there, too: grant both."
            }
            Self::Denied => {
                "Grant this action on this resource to whoever makes the call, in its role and in the policies of the resource."
            }
            Self::Key => {
                "It is encrypted with a KMS key: grant kms:Decrypt and kms:GenerateDataKey on that key, and see that it is enabled."
            }
            Self::Credentials => {
                "Give credentials and a region: AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION. Of a profile with single sign-on: eval \"$(aws configure export-credentials --format env)\"."
            }
            Self::Region => "Set AWS_REGION to the region that it is in.",
            Self::Throttled => "Nothing is lost: the next pass tries again. If it stays so, make passes rarer.",
            Self::Unavailable | Self::Unreachable | Self::InFlight | Self::Answer => {
                "Nothing is lost: the next pass tries again."
            }
            Self::Lock => "Enable object lock on the bucket, or set the lock days to 0.",
            Self::Condition | Self::NoObject | Self::Refused => "This does not pass by itself.",
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} failed", self.action, self.place)?;
        if let Some(code) = &self.code {
            write!(f, ": {code}")?;
        }
        match (self.status, &self.request_id) {
            (Some(status), Some(id)) => write!(f, " (HTTP {status}, request {id})")?,
            (Some(status), None) => write!(f, " (HTTP {status})")?,
            (None, Some(id)) => write!(f, " (request {id})")?,
            (None, None) => {}
        }
        if !self.said.is_empty() {
            write!(f, ": {}", self.said.trim_end_matches('.'))?;
        }
        write!(f, ". {}", self.kind.advice(self.action == "s3:GetObject"))
    }
}

impl core::error::Error for CallError {}

impl CallError {
    /// An error of which only the sort is known and what was said.
    pub(crate) fn new(action: &'static str, place: &str, kind: CallErrorKind, said: &str) -> Self {
        Self {
            action,
            place: place.to_owned(),
            kind,
            code: None,
            status: None,
            request_id: None,
            said: alerts::text::escape(said, MAX_SAID_CHARS),
        }
    }

    /// What the SDK says of a call that failed.
    pub(crate) fn of<E>(action: &'static str, place: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + core::error::Error + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        let short = |text: &str| alerts::text::escape(text, 100);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        let said = error.as_service_error().and_then(ProvideErrorMetadata::message);
        let said = said.map_or_else(|| error_chain(error), str::to_owned);
        Self {
            code: code.map(short),
            status,
            request_id: error.request_id().map(short),
            ..Self::new(action, place, sort(error, status, code), &said)
        }
    }
}

fn sort<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>, code: Option<&str>) -> CallErrorKind
where
    E: core::error::Error + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => CallErrorKind::Credentials,
        SdkError::TimeoutError(_) => CallErrorKind::Unavailable,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => CallErrorKind::Unavailable,
        SdkError::DispatchFailure(failure) if failure.is_user() || lacks(error) => CallErrorKind::Credentials,
        SdkError::DispatchFailure(_) => CallErrorKind::Unreachable,
        SdkError::ResponseError(_) => CallErrorKind::Answer,
        SdkError::ServiceError(_) => of_service(status.unwrap_or_default(), code.unwrap_or_default()),
        // The SDK may know more ways to fail one day.
        _ => CallErrorKind::Answer,
    }
}

/// Whether the call was never made, because there were no credentials (in time), or no region. Of the latter the SDK has
/// no type that can be named, only words.
fn lacks(error: &(dyn core::error::Error + 'static)) -> bool {
    let mut causes = core::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| cause.is::<CredentialsError>() || cause.to_string().contains("region must be set"))
}

/// The codes of S3 (its API reference, "Error responses") and SNS ("Publish", "Common errors"); the status, where a
/// code says no more.
pub(crate) fn of_service(status: u16, code: &str) -> CallErrorKind {
    match code {
        "NoSuchKey" => CallErrorKind::NoObject,
        "NoSuchBucket" | "NotFound" | "NotFoundException" => CallErrorKind::NotThere,
        "PreconditionFailed" => CallErrorKind::Condition,
        "ConditionalRequestConflict" | "OperationAborted" => CallErrorKind::InFlight,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "Throttled"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "KMSThrottling"
        | "KMSThrottlingException" => CallErrorKind::Throttled,
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            CallErrorKind::Region
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidClientTokenIdException"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "TokenRefreshRequired"
        | "MissingAuthenticationToken" => CallErrorKind::Credentials,
        "RequestTimeout" | "InternalError" | "InternalFailure" | "ServiceUnavailable" => CallErrorKind::Unavailable,
        "KMSAccessDenied"
        | "KMSDisabled"
        | "KMSInvalidState"
        | "KMSNotFound"
        | "KMSOptInRequired"
        | "KMSAccessDeniedException"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException" => CallErrorKind::Key,
        _ if code.starts_with("KMS.") => CallErrorKind::Key,
        _ => match status {
            401 | 403 => CallErrorKind::Denied,
            412 => CallErrorKind::Condition,
            429 => CallErrorKind::Throttled,
            301 | 307 => CallErrorKind::Region,
            500.. => CallErrorKind::Unavailable,
            _ => CallErrorKind::Refused,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses_are_sorted() {
        let check = |status, code, expect| assert_eq!(of_service(status, code), expect, "{status} {code}");
        check(404, "NoSuchKey", CallErrorKind::NoObject);
        check(404, "NoSuchBucket", CallErrorKind::NotThere);
        check(404, "NotFound", CallErrorKind::NotThere);
        check(412, "PreconditionFailed", CallErrorKind::Condition);
        check(412, "", CallErrorKind::Condition);
        check(409, "ConditionalRequestConflict", CallErrorKind::InFlight);
        check(409, "BucketAlreadyExists", CallErrorKind::Refused);
        check(503, "SlowDown", CallErrorKind::Throttled);
        check(400, "Throttling", CallErrorKind::Throttled);
        check(429, "", CallErrorKind::Throttled);
        check(503, "", CallErrorKind::Unavailable);
        check(500, "InternalError", CallErrorKind::Unavailable);
        check(403, "AccessDenied", CallErrorKind::Denied);
        check(403, "AuthorizationError", CallErrorKind::Denied);
        check(403, "ExpiredToken", CallErrorKind::Credentials);
        check(400, "KMSDisabled", CallErrorKind::Key);
        check(400, "KMS.DisabledException", CallErrorKind::Key);
        check(301, "PermanentRedirect", CallErrorKind::Region);
        check(400, "InvalidParameter", CallErrorKind::Refused);
        check(200, "", CallErrorKind::Refused);
    }

    #[test]
    fn errors_say_where_why_and_what_to_do() {
        let mut error = CallError::new(
            "s3:GetObject",
            "s3://acme/state/a.json",
            CallErrorKind::Denied,
            "no\u{1b}[2J",
        );
        error.code = Some("AccessDenied".to_owned());
        error.status = Some(403);
        error.request_id = Some("4442587FB7D0A2F9".to_owned());
        let text = error.to_string();
        assert!(
            text.starts_with(
                "s3:GetObject on s3://acme/state/a.json failed: AccessDenied (HTTP 403, request 4442587FB7D0A2F9): no\\u{1b}[2J. "
            ),
            "{text}"
        );
        assert!(text.contains("s3:ListBucket"), "{text}");
    }
}
