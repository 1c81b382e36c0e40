//! A record of a ledger: its form, plain or signed, and its name.
//!
//! Plain it is JSON. Signed it is a C2SP signed note over that JSON, whose signature lines have the name
//! [`crate::LEDGER_KEY_NAME`]. An object is named `<day>/<digest>-<anything>.json` (or `.note`): the day in UTC of the record's time, and one of its
//! digests, so that what is looked for is found by listing a prefix, however old the ledger is. A record of several
//! digests stands under each of them. Nothing here reads a ledger; what opens is not yet in agreement with any entry.

use crate::record::Known;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sigstore::Timestamp;
use tlog::{Hash, Note, NoteError, VerifierKey};

/// The schema of the records that this version reads and writes.
const SCHEMA: u32 = 1;

/// The longest record, with its signatures: 256 digests are 36 kB.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// Digests of one record: the artifacts of a release.
pub const MAX_DIGESTS: usize = 256;

/// Bytes of one text of a record: the longest identity in the public logs has some 500.
const MAX_TEXT_BYTES: usize = 2_048;

/// The ending of a plain record's name.
pub const PLAIN: &str = ".json";

/// The ending of a signed record's name.
pub const SIGNED: &str = ".note";

/// The algorithms of digests, and the hexadecimal digits of each.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// What a release process records of a release. A key that is not known is refused: a misspelt `identity` would allow
/// more than was meant. (That is why what it says of the signer stands here key by key and is not a flattened [`Known`],
/// through which any key would pass.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRecord {
    /// The schema.
    pub schema: u32,
    /// The digests of the artifacts, each with its algorithm (`sha256:…`); one or a list.
    #[serde(deserialize_with = "one_or_many", serialize_with = "one_as_text")]
    pub digest: Vec<String>,
    /// Who signs: a subject alternative name, a name in the key, or a fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The OIDC issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The ref that the source is of.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The URL of the run that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The URL of the source's repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// When it was recorded.
    pub time: Timestamp,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why an object of a ledger counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// More than [`MAX_RECORD_BYTES`].
    #[error("it has more than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// The ledger has keys, and this is plain.
    #[error("it is not signed, and this ledger has keys")]
    Unsigned,
    /// It is no signed note, or none that a key of the ledger signed.
    #[error("{0}")]
    Note(#[from] NoteError),
    /// It is no JSON, or JSON of another form.
    #[error("it is no record: {0}")]
    Form(#[from] serde_json::Error),
    /// A newer schema.
    #[error("it has schema {found}; this version reads {SCHEMA}")]
    Schema {
        /// What it has.
        found: u32,
    },
    /// A digest that is none, or too many of them.
    #[error("`digest` must be 1 to {MAX_DIGESTS} digests such as sha256:… with as many hexadecimal digits as it has")]
    Digest,
    /// A text that is too long, or not one line.
    #[error("`{key}` must be one line of 1 to {MAX_TEXT_BYTES} bytes")]
    Text {
        /// Under which key.
        key: &'static str,
    },
    /// The name says another day or digest than the record.
    #[error("its name is not <day>/<digest>-… of its own time and one of its digests, ending in {PLAIN} or {SIGNED}")]
    Misplaced,
}

impl LedgerRecord {
    /// A record of these digests, checked.
    ///
    /// # Errors
    /// [`LedgerError`], if it would not be read back.
    pub fn new(digests: &[String], known: Known, time: Timestamp, note: Option<String>) -> Result<Self, LedgerError> {
        let record = Self {
            schema: SCHEMA,
            digest: digests.to_vec(),
            identity: known.identity,
            issuer: known.issuer,
            reference: known.reference,
            run: known.run,
            repository: known.repository,
            time,
            note,
        };
        record.checked()
    }

    /// Opens the object of this name. With keys, only what one of them signed opens.
    ///
    /// # Errors
    /// [`LedgerError`]: it counts for nothing.
    pub fn open(name: &str, bytes: &[u8], keys: &[VerifierKey]) -> Result<Self, LedgerError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(LedgerError::TooLong);
        }
        let is_signed = name.ends_with(SIGNED);
        let record: Self = if is_signed {
            let note = Note::parse(bytes)?;
            if !keys.is_empty() {
                note.verify(keys)?;
            }
            serde_json::from_str(note.text())?
        } else if keys.is_empty() {
            serde_json::from_slice(bytes)?
        } else {
            return Err(LedgerError::Unsigned);
        };
        let record = record.checked()?;
        let fits = is_signed || name.ends_with(PLAIN);
        let named = parts(name).filter(|(named, _)| fits && *named == day(record.time));
        let own = |(_, hex): &(&str, &str)| record.hex().any(|own| own == *hex);
        match named.filter(own) {
            Some(_) => Ok(record),
            None => Err(LedgerError::Misplaced),
        }
    }

    fn checked(self) -> Result<Self, LedgerError> {
        if self.schema != SCHEMA {
            return Err(LedgerError::Schema { found: self.schema });
        }
        let sound = self.digest.iter().all(|text| digest(text).as_deref() == Some(text));
        if self.digest.is_empty() || self.digest.len() > MAX_DIGESTS || !sound {
            return Err(LedgerError::Digest);
        }
        let texts = [
            ("identity", &self.identity),
            ("issuer", &self.issuer),
            ("ref", &self.reference),
            ("run", &self.run),
            ("repository", &self.repository),
            ("note", &self.note),
        ];
        for (key, text) in texts {
            let fits =
                |text: &String| !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
            if !text.as_ref().is_none_or(fits) {
                return Err(LedgerError::Text { key });
            }
        }
        Ok(self)
    }

    /// The hexadecimal digits of its digests.
    pub fn hex(&self) -> impl Iterator<Item = &str> {
        self.digest
            .iter()
            .filter_map(|digest| digest.split_once(':').map(|(_, hex)| hex))
    }

    /// What it says of the signer.
    #[must_use]
    pub fn known(&self) -> Known {
        Known {
            identity: self.identity.clone(),
            issuer: self.issuer.clone(),
            reference: self.reference.clone(),
            run: self.run.clone(),
            repository: self.repository.clone(),
        }
    }

    /// The plain form: JSON that a person can read, with a newline at its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// A digest as records write it: its algorithm, a colon, lower hexadecimal digits. `None` if it is none.
#[must_use]
pub fn digest(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (algorithm, hex) = text.split_once(':')?;
    let (_, digits) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm)?;
    let sound = hex.len() == *digits && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then_some(text)
}

/// Whether these are the hexadecimal digits of a digest; they become part of names.
pub(crate) fn is_hex(hex: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    ALGORITHMS.iter().any(|(_, digits)| hex.len() == *digits) && hex.bytes().all(lower)
}

/// The name of a record's object under one of its digests: the day of its time, the digest, the start of the hash of its
/// bytes, and the ending of its form.
#[must_use]
pub fn object_name(time: Timestamp, hex: &str, bytes: &[u8], ending: &str) -> String {
    let content = Hash::of(bytes).to_string();
    format!("{}/{hex}-{}{ending}", day(time), content.get(..16).unwrap_or_default())
}

/// The day of a moment, in UTC.
pub(crate) fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// The day and the digest that an object's name states.
pub(crate) fn parts(name: &str) -> Option<(&str, &str)> {
    let (day, rest) = name.split_once('/')?;
    let (hex, behind) = rest.split_once('-')?;
    (!behind.contains('/')).then_some((day, hex))
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let read = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    };
    // What is no digest stays as it is, and is refused as such.
    Ok(read.into_iter().map(|text| digest(&text).unwrap_or(text)).collect())
}

fn one_as_text<S: Serializer>(digests: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match digests {
        [one] => serializer.serialize_str(one),
        many => serializer.collect_seq(many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9118c5d1a220409d1822b958901b9819c60df1f070a0672ee90cb53acfc0ec30";

    fn moment() -> Timestamp {
        "2026-11-20T23:59:59Z".parse().unwrap()
    }

    fn record(digests: &[&str]) -> Result<LedgerRecord, LedgerError> {
        let digests: Vec<String> = digests.iter().map(|digest| (*digest).to_owned()).collect();
        LedgerRecord::new(&digests, Known::default(), moment(), Some("a note".to_owned()))
    }

    #[test]
    fn a_record_opens_under_each_of_its_digests() {
        let (one, two) = (format!("sha256:{HEX}"), format!("sha512:{HEX}{HEX}"));
        let record = record(&[&one, &two]).unwrap();
        let bytes = record.to_text().into_bytes();
        for hex in record.hex() {
            let name = object_name(moment(), hex, &bytes, PLAIN);
            assert!(crate::check_name(&name), "{name}");
            assert!(name.starts_with("2026-11-20/"));
            assert_eq!(parts(&name), Some(("2026-11-20", hex)));
            assert_eq!(LedgerRecord::open(&name, &bytes, &[]).unwrap(), record);
        }
        let other = object_name(moment(), &"ab".repeat(32), &bytes, PLAIN);
        assert!(matches!(
            LedgerRecord::open(&other, &bytes, &[]),
            Err(LedgerError::Misplaced)
        ));
    }

    #[test]
    fn one_digest_is_written_as_a_text_and_read_in_either_case() {
        let record = record(&[&format!("sha256:{HEX}")]).unwrap();
        let text = record.to_text();
        assert!(text.contains(&format!("\"digest\": \"sha256:{HEX}\"")), "{text}");
        let upper = text.replace(HEX, &HEX.to_ascii_uppercase());
        let name = object_name(moment(), HEX, text.as_bytes(), PLAIN);
        assert_eq!(LedgerRecord::open(&name, upper.as_bytes(), &[]).unwrap(), record);
    }

    #[test]
    fn digests() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(digest(text).as_deref(), expect, "{text}");
        let sound = format!("sha256:{HEX}");
        check(&sound, Some(&sound));
        check(&sound.to_ascii_uppercase(), Some(&sound));
        for wrong in [
            HEX,
            "sha256:",
            "md5:00",
            &format!("sha512:{HEX}"),
            &format!("{sound}0"),
            &sound.replace('9', "g"),
        ] {
            check(wrong, None);
        }
        assert!(is_hex(HEX) && !is_hex(&HEX.to_ascii_uppercase()) && !is_hex("../x") && !is_hex(""));
    }

    #[test]
    fn what_would_not_be_read_back_is_not_made() {
        let made = |digests: &[&str]| record(digests).unwrap_err().to_string();
        for digests in [&[][..], &["sha256:00"], &[HEX]] {
            assert!(made(digests).starts_with("`digest` must be"), "{digests:?}");
        }
        let sound = vec![format!("sha256:{HEX}")];
        for text in ["", "two\nlines", &"a".repeat(2_049)] {
            let known = Known {
                identity: Some(text.to_owned()),
                ..Known::default()
            };
            let error = LedgerRecord::new(&sound, known, moment(), None).unwrap_err();
            assert!(matches!(error, LedgerError::Text { key: "identity" }), "{error}");
        }
        let many = vec![format!("sha256:{HEX}"); MAX_DIGESTS + 1];
        assert!(LedgerRecord::new(&many, Known::default(), moment(), None).is_err());
    }

    #[test]
    fn names_that_are_none() {
        for name in ["", "x", "2026-11-20", "2026-11-20/x", "2026-11-20/a/b-c"] {
            assert_eq!(parts(name).filter(|(_, hex)| is_hex(hex)), None, "{name}");
        }
    }
}
