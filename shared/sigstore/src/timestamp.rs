//! A moment, to the second, as Sigstore's files and our record write it.
//!
//! It never asks what time it is: the present is always an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// 0001-01-01T00:00:00Z: RFC 3339 has four digits for the year, and `time` knows no year zero with them.
const EARLIEST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write (RFC 5280 4.1.2.5 uses it for "no end").
const LATEST: i64 = 253_402_300_799;

/// Whole seconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC everywhere, serde included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a moment as RFC 3339 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time as RFC 3339 writes it, such as 2026-08-22T00:00:00Z")]
pub struct NotATime;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The moment `seconds` after the epoch. What RFC 3339 cannot write is moved to the nearest moment that it can.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < EARLIEST {
            Self(EARLIEST)
        } else if seconds > LATEST {
            Self(LATEST)
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The moment `seconds` later (or earlier, when negative), within what RFC 3339 can write.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp(self.0).map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// Reads RFC 3339 with any offset. Parts of a second are cut, so that a time never moves into the future.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotATime)?;
        Ok(Self::from_unix(moment.unix_timestamp()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotATime, Timestamp};

    #[track_caller]
    fn check(text: &str, seconds: i64) {
        assert_eq!(text.parse(), Ok(Timestamp::from_unix(seconds)));
    }

    #[test]
    fn reads_what_sigstore_writes() {
        check("2021-01-12T11:53:27Z", 1_610_452_407);
        check("2021-01-12T11:53:27.000Z", 1_610_452_407);
        check("2022-10-31T23:59:59.999Z", 1_667_260_799);
        check("2021-01-12T12:53:27+01:00", 1_610_452_407);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2021-01-12",
            "2021-01-12T11:53:27",
            "2021-13-12T11:53:27Z",
            "1610452407",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for seconds in [i64::MIN, -1, 0, 1_253_884, 1_791_253_884, i64::MAX] {
            let moment = Timestamp::from_unix(seconds);
            assert_eq!(moment.to_string().parse(), Ok(moment));
            let json = serde_json::to_string(&moment).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
        }
        assert_eq!(Timestamp::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
