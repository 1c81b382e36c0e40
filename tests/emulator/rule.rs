//! Which calls are spoiled, and how.

use super::call::Call;
use super::gate::Gate;
use std::time::Duration;

/// Which calls are meant: all that match, or some of them by their number.
#[derive(Debug, Clone)]
pub struct When {
    action: String,
    key: Option<String>,
    skip: usize,
    times: usize,
}

impl When {
    /// All calls of this action, such as `s3:PutObject`; `*` means any.
    #[must_use]
    pub fn action(action: &str) -> Self {
        Self {
            action: action.to_owned(),
            key: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Of those, the ones whose `bucket/key` (or ARN) has this in it.
    #[must_use]
    pub fn key(self, part: &str) -> Self {
        Self {
            key: Some(part.to_owned()),
            ..self
        }
    }

    /// Passes over the first ones.
    #[must_use]
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// Then means so many, and none after them.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Whether this call is meant; counts it if it matches.
    pub(crate) fn takes(&mut self, call: &Call) -> bool {
        let place = format!("{}/{}", call.resource, call.key);
        let matches = (self.action == "*" || self.action == call.action)
            && self.key.as_ref().is_none_or(|key| place.contains(key.as_str()));
        if !matches || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.saturating_sub(1);
        true
    }
}

/// What becomes of a call instead of an answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It does not reach the emulator, and is answered so.
    Status {
        /// The HTTP status.
        status: u16,
        /// The code of the error, such as `SlowDown`.
        code: String,
    },
    /// It is carried out, and its answer is lost: the connection ends.
    AnswerLost,
    /// It is carried out, and answered with an error all the same.
    DoneBut {
        /// The HTTP status.
        status: u16,
        /// The code of the error, such as `InternalError`.
        code: String,
    },
    /// It does not reach the emulator; the connection ends.
    Hangup,
    /// It does not reach the emulator, and nobody answers: the connection stays open until the client or the proxy ends.
    Silence,
    /// It is carried out after this long.
    Late(Duration),
    /// It is carried out when the gate opens.
    Held(Gate),
}

impl Fault {
    /// An error that the emulator does not see.
    #[must_use]
    pub fn status(status: u16, code: &str) -> Self {
        Self::Status {
            status,
            code: code.to_owned(),
        }
    }

    /// An error though it was done.
    #[must_use]
    pub fn done_but(status: u16, code: &str) -> Self {
        Self::DoneBut {
            status,
            code: code.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted() {
        let call = |action: &str, key: &str| Call {
            action: action.to_owned(),
            resource: "bucket".to_owned(),
            key: key.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            status: None,
        };
        let mut when = When::action("s3:PutObject").key("/receipts/").skip(1).times(2);
        let taken: Vec<bool> = (0..5)
            .map(|_| when.takes(&call("s3:PutObject", "x/receipts/0")))
            .collect();
        assert_eq!(taken, [false, true, true, false, false]);
        let mut when = When::action("s3:PutObject").key("bucket/state/");
        assert!(!when.takes(&call("s3:GetObject", "state/a")));
        assert!(!when.takes(&call("s3:PutObject", "audit/state")));
        assert!(when.takes(&call("s3:PutObject", "state/a")));
        assert!(When::action("*").takes(&call("sns:Publish", "")));
    }
}
