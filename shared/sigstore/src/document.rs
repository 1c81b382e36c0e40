//! Reading Sigstore's trust files field by field, so that each error says where it is.
//!
//! The files come from TUF or from the user: trusted more than a leaf, but broken ones must be refused in words that
//! help. Unknown fields are never looked at. protojson's rules hold: a field that is `null` is absent.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::timestamp::{NotATime, Timestamp};

/// The public trusted root has 7 kB. go-tuf takes no metadata beyond 512,000 bytes by default; twice that
/// leaves room for a private deployment with many shards.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// A trust file that was refused.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// More than [`MAX_DOCUMENT_BYTES`].
    #[error("the file has {bytes} bytes, more than the {MAX_DOCUMENT_BYTES} that are read")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Not JSON.
    #[error("the file is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON that is no file of this kind, by its `mediaType`.
    #[error("the file is no {expected}: its mediaType is {found}")]
    WrongMediaType {
        /// What was expected.
        expected: &'static str,
        /// The `mediaType` it has, cut; `missing` when it has none.
        found: String,
    },
    /// A field that cannot be used.
    #[error("{path} {problem}")]
    Field {
        /// Where, such as `tlogs[0].publicKey.rawBytes`.
        path: String,
        /// What is wrong there.
        problem: Problem,
    },
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is required.
    #[error("is missing")]
    Missing,
    /// It is no string.
    #[error("is no text")]
    NotText,
    /// It is no object.
    #[error("is no object")]
    NotAnObject,
    /// It is no array.
    #[error("is no array")]
    NotAnArray,
    /// It is no whole number from 0 to 4,294,967,295.
    #[error("is no whole number in range")]
    NotANumber,
    /// It is no standard base64.
    #[error("is no standard base64")]
    NotBase64,
    /// It is no RFC 3339 time.
    #[error("is {0}")]
    NotATime(#[from] NotATime),
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    path: Path<'a>,
    value: &'a Value,
}

#[derive(Clone, Debug)]
struct Path<'a>(Vec<Step<'a>>);

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The document in `bytes`, which must say that it is of the kind that `media_type` begins. One made by hand may not say
/// what it is; then the list `mark` must be there to show it.
pub(crate) fn parse(bytes: &[u8], media_type: &'static str, mark: &str) -> Result<Value, TrustError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(TrustError::TooLarge { bytes: bytes.len() });
    }
    let document: Value = serde_json::from_slice(bytes).map_err(TrustError::NotJson)?;
    // Without this an empty object would be a trusted root that trusts no log, and cover nothing silently.
    let found = document.get("mediaType").and_then(Value::as_str);
    let unmarked = document.get("mediaType").is_none() && document.get(mark).is_some_and(Value::is_array);
    if unmarked || found.is_some_and(|found| found.starts_with(media_type)) {
        return Ok(document);
    }
    let found = found.unwrap_or("missing").chars().take(100).collect();
    Err(TrustError::WrongMediaType {
        expected: media_type,
        found,
    })
}

impl<'a> Place<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self {
            path: Path(Vec::new()),
            value,
        }
    }

    pub(crate) fn error(&self, problem: Problem) -> TrustError {
        TrustError::Field {
            path: self.path.to_string(),
            problem,
        }
    }

    fn step(&self, step: Step<'a>, value: &'a Value) -> Self {
        let path = self.path.0.iter().copied().chain([step]).collect();
        Self {
            path: Path(path),
            value,
        }
    }

    /// The member `key`, if it is there and not `null`.
    pub(crate) fn optional(&self, key: &'a str) -> Result<Option<Self>, TrustError> {
        let members = self.value.as_object().ok_or_else(|| self.error(Problem::NotAnObject))?;
        let value = members.get(key).filter(|value| !value.is_null());
        Ok(value.map(|value| self.step(Step::Key(key), value)))
    }

    /// The member `key`, which must be there.
    pub(crate) fn required(&self, key: &'a str) -> Result<Self, TrustError> {
        let missing = || self.step(Step::Key(key), &Value::Null).error(Problem::Missing);
        self.optional(key)?.ok_or_else(missing)
    }

    /// The elements of the array `key`; none when it is absent.
    pub(crate) fn elements(&self, key: &'a str) -> Result<Vec<Self>, TrustError> {
        let Some(array) = self.optional(key)? else {
            return Ok(Vec::new());
        };
        let elements = array.value.as_array().ok_or_else(|| array.error(Problem::NotAnArray))?;
        Ok(elements
            .iter()
            .enumerate()
            .map(|(i, value)| array.step(Step::Index(i), value))
            .collect())
    }

    /// Every element of the array `key`, read by `read`.
    pub(crate) fn each<T>(
        &self,
        key: &'a str,
        read: impl Fn(&Self) -> Result<T, TrustError>,
    ) -> Result<Vec<T>, TrustError> {
        self.elements(key)?.iter().map(read).collect()
    }

    pub(crate) fn text(&self) -> Result<&'a str, TrustError> {
        self.value.as_str().ok_or_else(|| self.error(Problem::NotText))
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>, TrustError> {
        STANDARD
            .decode(self.text()?)
            .map_err(|_| self.error(Problem::NotBase64))
    }

    pub(crate) fn number(&self) -> Result<u32, TrustError> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.error(Problem::NotANumber))
    }

    /// protojson writes an enum's name, and its number where it does not know the name.
    pub(crate) fn name_or_number(&self) -> Result<String, TrustError> {
        match self.value.as_i64() {
            Some(number) => Ok(number.to_string()),
            None => self.text().map(str::to_owned),
        }
    }

    fn time(&self) -> Result<Timestamp, TrustError> {
        self.text()?.parse().map_err(|error: NotATime| self.error(error.into()))
    }
}

/// When something may be used: from `start` to `end`, both included; without bound where one is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub start: Option<Timestamp>,
    /// The last moment.
    pub end: Option<Timestamp>,
}

impl Validity {
    /// Does `moment` lie within?
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= moment) && self.end.is_none_or(|end| moment <= end)
    }

    /// The member `validFor` of `place`; unbounded when absent.
    pub(crate) fn of(place: &Place<'_>) -> Result<Self, TrustError> {
        let Some(range) = place.optional("validFor")? else {
            return Ok(Self::default());
        };
        let bound = |key| range.optional(key)?.map(|it| it.time()).transpose();
        Ok(Self {
            start: bound("start")?,
            end: bound("end")?,
        })
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if self.0.is_empty() {
            f.write_str("the document")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Validity;
    use crate::timestamp::Timestamp;

    #[test]
    fn validity_includes_both_ends() {
        let at = Timestamp::from_unix;
        let bounded = Validity {
            start: Some(at(10)),
            end: Some(at(20)),
        };
        assert_eq!(
            [9, 10, 20, 21].map(|s| bounded.contains(at(s))),
            [false, true, true, false]
        );
        assert!(Validity::default().contains(at(i64::MIN)));
        let open = Validity { end: None, ..bounded };
        assert_eq!([9, i64::MAX].map(|s| open.contains(at(s))), [false, true]);
    }
}
