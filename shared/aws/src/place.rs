//! Where in S3 a deployment keeps its record: a bucket, and a folder in it.

use core::fmt;

/// The longest folder in a bucket. A key has at most 1,024 bytes, and the longest name of the record needs about 600 of
/// them (two parts of 240 and of 100 bytes, and some).
const MAX_PREFIX_BYTES: usize = 256;

/// A bucket and a folder in it, as `s3://bucket/folder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    bucket: String,
    prefix: String,
}

/// A text that names no place in S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It does not begin with `s3://`.
    #[error("write s3://BUCKET or s3://BUCKET/FOLDER")]
    Scheme,
    /// The bucket cannot be one.
    #[error("the bucket has 3 to 63 characters of a-z, 0-9, `-` and `.`, and begins and ends with a letter or a digit")]
    Bucket,
    /// A directory bucket, which lists its objects in no order.
    #[error("a directory bucket (…--x-s3) lists its objects in no order; take a general purpose bucket")]
    Directory,
    /// The folder holds what the names of the record do not.
    #[error(
        "the folder has at most {MAX_PREFIX_BYTES} characters of A-Z, a-z, 0-9, `.`, `_`, `~`, `%` and `-`, in parts between single slashes"
    )]
    Prefix,
}

impl Place {
    /// Reads `s3://bucket`, `s3://bucket/` or `s3://bucket/folder/…`, with or without a slash at the end.
    ///
    /// # Errors
    /// [`PlaceError`], by the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let rest = text.strip_prefix("s3://").ok_or(PlaceError::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !is_bucket(bucket) {
            return Err(PlaceError::Bucket);
        }
        if bucket.ends_with("--x-s3") {
            return Err(PlaceError::Directory);
        }
        if !prefix.is_empty() && (prefix.len() > MAX_PREFIX_BYTES || !pass::check_name(prefix)) {
            return Err(PlaceError::Prefix);
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The folder, without a slash at its end; empty for the whole bucket.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of the object `name`.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.prefix)
        }
    }

    /// The name of the object at `key`, if it is below this place.
    pub(crate) fn name<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() {
            Some(key)
        } else {
            key.strip_prefix(self.prefix.as_str())?.strip_prefix('/')
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.key_of_all())
    }
}

impl Place {
    fn key_of_all(&self) -> String {
        if self.prefix.is_empty() {
            self.bucket.clone()
        } else {
            format!("{}/{}", self.bucket, self.prefix)
        }
    }
}

/// The naming rules of general purpose buckets, as far as they keep a text from being anything else.
fn is_bucket(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && name.bytes().all(inner)
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let check = |text: &str, bucket: &str, prefix: &str, shown: &str| {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.bucket(), place.prefix()), (bucket, prefix), "{text}");
            assert_eq!(place.to_string(), shown);
            assert_eq!(place.name(&place.key("state/a.json")), Some("state/a.json"));
            assert_eq!(Place::parse(shown).as_ref(), Ok(&place));
        };
        check("s3://acme-log", "acme-log", "", "s3://acme-log");
        check("s3://acme-log/", "acme-log", "", "s3://acme-log");
        check("s3://a.b-c/x/y~2/", "a.b-c", "x/y~2", "s3://a.b-c/x/y~2");
        assert_eq!(Place::parse("s3://acme/x").unwrap().name("xy/state"), None);
        assert_eq!(Place::parse("s3://acme/x").unwrap().name("y"), None);
    }

    #[test]
    fn what_is_no_place_says_why() {
        let check = |text: &str, expect: PlaceError| assert_eq!(Place::parse(text), Err(expect), "{text}");
        check("acme-log", PlaceError::Scheme);
        check("S3://acme-log", PlaceError::Scheme);
        for bucket in [
            "",
            "ab",
            "Acme",
            "a_b_c",
            "-abc",
            "abc-",
            "a..b",
            "user:pw@host",
            &"a".repeat(64),
        ] {
            check(&format!("s3://{bucket}/x"), PlaceError::Bucket);
        }
        check("s3://acme--use1-az4--x-s3", PlaceError::Directory);
        for prefix in ["a//b", "/a", "a/../b", "a b", "ä", "a//", &"a".repeat(257)] {
            check(&format!("s3://acme/{prefix}"), PlaceError::Prefix);
        }
    }
}
