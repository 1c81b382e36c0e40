//! JSON as a small tree that refuses what two readers may read differently.
//!
//! `serde_json` does the reading. On top of it: a bound on depth well below its own, and no object with a key twice.
//! Numbers, booleans and null are all [`Json::Other`]: no leaf's identity is one of them.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::undecodable::Reason;

/// Sigstore's deepest leaf has 7 levels; `serde_json` itself stops at 128.
pub const MAX_DEPTH: u8 = 32;

/// Values of one document, so that a few bytes each cannot fill the memory. A leaf of 65,535 bytes cannot have more, and
/// the largest bodies of Rekor v1 are large for their texts.
pub const MAX_VALUES: u32 = 1 << 15;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(BTreeMap<Cow<'a, str>, Json<'a>>),
    /// A number, a boolean or null.
    Other,
}

impl<'a> Json<'a> {
    /// Reads a whole document.
    ///
    /// # Errors
    /// [`Reason::NotJson`], [`Reason::TooDeep`], [`Reason::TooManyValues`] or [`Reason::DuplicateKey`].
    pub fn parse(document: &'a [u8]) -> Result<Self, Reason> {
        let (refused, values) = (Cell::new(Reason::NotJson), Cell::new(0));
        let mut reader = serde_json::Deserializer::from_slice(document);
        let value = Seed {
            depth: 0,
            refused: &refused,
            values: &values,
        }
        .deserialize(&mut reader);
        let value = value.map_err(|_| refused.get())?;
        reader.end().map_err(|_| Reason::NotJson)?;
        Ok(value)
    }

    /// The value of `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => members.get(key),
            Self::Text(_) | Self::Array(_) | Self::Other => None,
        }
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Array(_) | Self::Object(_) | Self::Other => None,
        }
    }

    /// The elements, if this is an array.
    pub fn array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::Array(elements) => Some(elements),
            Self::Text(_) | Self::Object(_) | Self::Other => None,
        }
    }

    /// Is this an object?
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// Reads one value at `depth`, and notes why it refused.
#[derive(Clone, Copy)]
struct Seed<'c> {
    depth: u8,
    refused: &'c Cell<Reason>,
    values: &'c Cell<u32>,
}

impl Seed<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(Reason::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn refuse<E: de::Error>(self, reason: Reason) -> E {
        self.refused.set(reason);
        E::custom(reason)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MAX_VALUES {
            return Err(self.refuse(Reason::TooManyValues));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json<'de>, A::Error> {
        let seed = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(seed)? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let seed = self.deeper()?;
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(seed)?;
            if members.insert(Cow::Owned(key), value).is_some() {
                return Err(self.refuse(Reason::DuplicateKey));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, MAX_DEPTH, MAX_VALUES};
    use crate::undecodable::Reason;

    #[track_caller]
    fn check(document: &str, expect: Result<(), Reason>) {
        assert_eq!(Json::parse(document.as_bytes()).map(|_| ()), expect, "{document:.40}");
    }

    #[test]
    fn reads_any_json() {
        for document in [
            "null",
            "[1,2.5,-3,true,\"x\"]",
            "{\"a\":{\"b\":[]}}",
            " {} ",
            "\"\\u00e9\"",
        ] {
            check(document, Ok(()));
        }
        for document in [
            "",
            "{",
            "{}{}",
            "nul",
            "{\"a\":}",
            "[1,]",
            "\"\\ud800\"",
            "\u{feff}{}",
            "'a'",
        ] {
            check(document, Err(Reason::NotJson));
        }
    }

    #[test]
    fn refuses_a_key_twice_however_it_is_written() {
        check("{\"a\":1,\"b\":1}", Ok(()));
        check("{\"a\":1,\"a\":1}", Err(Reason::DuplicateKey));
        check("[{\"x\":{\"a\":1,\"\\u0061\":1}}]", Err(Reason::DuplicateKey));
    }

    #[test]
    fn refuses_more_values_than_the_bound() {
        let list = |n: u32| format!("[{}]", vec!["0"; usize::try_from(n).unwrap()].join(","));
        check(&list(MAX_VALUES - 1), Ok(()));
        check(&list(MAX_VALUES), Err(Reason::TooManyValues));
    }

    #[test]
    fn refuses_depth_beyond_the_bound() {
        let nest = |n: usize| "[".repeat(n) + &"]".repeat(n);
        check(&nest(usize::from(MAX_DEPTH)), Ok(()));
        check(&nest(usize::from(MAX_DEPTH) + 1), Err(Reason::TooDeep));
        check(&nest(1_000_000), Err(Reason::TooDeep));
        check(&"{\"a\":".repeat(100_000), Err(Reason::TooDeep));
    }
}
