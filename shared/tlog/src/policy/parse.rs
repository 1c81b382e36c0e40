//! Reads a policy line by line; every error has its place.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Definition, MAX_POLICY_BYTES, MAX_POLICY_LINES, Policy, PolicyError, PolicyErrorKind, PolicyLog, PolicyWitness,
    WitnessKey, shown,
};
use crate::cosignature::{CosignatureKey, TYPE_COSIGNATURE};
use crate::decimal;
use crate::key::{KeyError, TYPE_ECDSA, TYPE_ED25519, VerifierKey, split_vkey};
use crate::key_id::KeyId;

/// C2SP signed-note: the type byte of an ML-DSA-44 (sub)tree cosignature. Logs may sign with it, too.
const TYPE_MLDSA44: u8 = 0x06;
/// FIPS 204: an ML-DSA-44 public key.
const MLDSA44_KEY_BYTES: usize = 1_312;

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
    let at = |line, column, kind| PolicyError { line, column, kind };
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(at(1, 1, PolicyErrorKind::TooLong { found: bytes.len() }));
    }
    let mut reader = Reader::default();
    let mut lines = 0;
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        lines = number;
        reader
            .line(number, line)
            .map_err(|(offset, kind)| at(number, column(line, offset), kind))?;
    }
    match reader.quorum {
        Some((quorum, _)) => Ok(Policy {
            logs: reader.logs,
            definitions: reader.definitions,
            quorum,
        }),
        None => Err(at(lines.max(1), 1, PolicyErrorKind::NoQuorum)),
    }
}

/// Octets that go on with a character of UTF-8 do not count.
fn column(line: &[u8], offset: usize) -> usize {
    let before = line.get(..offset).unwrap_or(line);
    before.iter().filter(|octet| **octet & 0xc0 != 0x80).count() + 1
}

/// An error at an offset within the line.
type Placed<T> = Result<T, (usize, PolicyErrorKind)>;

#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    definitions: Vec<Definition>,
    quorum: Option<(Option<usize>, usize)>,
    /// What is defined: where, and on which line.
    names: BTreeMap<Vec<u8>, (usize, usize)>,
    /// Which definitions are members, and on which line.
    members: BTreeMap<usize, usize>,
    /// The public keys of logs (false) and witnesses (true), and their lines.
    keys: BTreeMap<(bool, Vec<u8>), usize>,
    /// The line that is read.
    number: usize,
}

/// The items of a line from left to right, each with its offset.
struct Items<'l> {
    line: &'l [u8],
    offset: usize,
}

impl<'l> Items<'l> {
    fn next(&mut self) -> Option<(usize, &'l [u8])> {
        let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
        let rest = self.line.get(self.offset..)?;
        let start = self.offset + rest.iter().position(|octet| !blank(octet))?;
        let item = self.line.get(start..)?;
        let length = item.iter().position(blank).unwrap_or(item.len());
        self.offset = start + length;
        Some((start, item.get(..length)?))
    }

    fn need(&mut self, what: &'static str) -> Placed<(usize, &'l [u8])> {
        self.next().ok_or((self.line.len(), PolicyErrorKind::Missing { what }))
    }

    /// A URL may end the line.
    fn url(mut self) -> Placed<Option<String>> {
        let url = self.next().map(|(_, url)| shown(url));
        self.end()?;
        Ok(url)
    }

    fn end(mut self) -> Placed<()> {
        match self.next() {
            None => Ok(()),
            Some((at, _)) => Err((at, PolicyErrorKind::Surplus)),
        }
    }
}

impl Reader {
    fn line(&mut self, number: usize, line: &[u8]) -> Placed<()> {
        let control = |octet: &u8| (*octet < b' ' && *octet != b'\t') || *octet == 0x7f;
        if let Some((at, found)) = line.iter().enumerate().find(|(_, octet)| control(octet)) {
            return Err((at, PolicyErrorKind::Control { found: *found }));
        }
        self.number = number;
        let mut items = Items { line, offset: 0 };
        let Some((at, keyword)) = items.next().filter(|(_, item)| !item.starts_with(b"#")) else {
            return Ok(());
        };
        if self.logs.len() + self.definitions.len() >= MAX_POLICY_LINES {
            return Err((at, PolicyErrorKind::TooMany));
        }
        match keyword {
            b"log" => self.log(items),
            b"witness" => self.witness(items),
            b"group" => self.group(items),
            b"quorum" => self.quorum(at, items),
            other => {
                let found = shown(other).chars().take(40).collect();
                Err((at, PolicyErrorKind::Keyword { found }))
            }
        }
    }

    fn log(&mut self, mut items: Items<'_>) -> Placed<()> {
        let (at, vkey) = items.need("the log's key (a vkey)")?;
        let (text, parts) = vkey_parts(at, vkey)?;
        // A log whose signatures are not verified here may stand beside one whose are.
        let key = match parts.kind {
            TYPE_ED25519 | TYPE_ECDSA => Some(VerifierKey::from_vkey(text).map_err(key_error(at))?),
            TYPE_COSIGNATURE => return Err(key_error(at)(KeyError::Type { found: parts.kind })),
            _ => None,
        };
        self.fresh_key(at, false, &parts)?;
        self.logs.push(PolicyLog {
            name: parts.name,
            key,
            url: items.url()?,
        });
        Ok(())
    }

    fn witness(&mut self, mut items: Items<'_>) -> Placed<()> {
        let (name_at, name) = items.need("the witness's name")?;
        self.fresh_name(name_at, name)?;
        let (at, vkey) = items.need("the witness's key (a vkey)")?;
        let (text, parts) = vkey_parts(at, vkey)?;
        let key = if parts.kind == TYPE_MLDSA44 {
            mldsa44(&parts).map_err(key_error(at))?
        } else {
            WitnessKey::Ed25519(Box::new(CosignatureKey::from_vkey(text).map_err(key_error(at))?))
        };
        self.fresh_key(at, true, &parts)?;
        let url = items.url()?;
        let name = name.to_vec();
        self.define(Definition::Witness(PolicyWitness { name, key, url }));
        Ok(())
    }

    fn group(&mut self, mut items: Items<'_>) -> Placed<()> {
        let (name_at, name) = items.need("the group's name")?;
        self.fresh_name(name_at, name)?;
        let (at, word) = items.need("the threshold (`any`, `all` or a number)")?;
        let (mut members, mut within) = (Vec::new(), BTreeSet::new());
        let mut next = Some(items.need("a member")?);
        while let Some((at, member)) = next {
            let defined = self.defined(at, member)?;
            let twice = |line| {
                let name = shown(member);
                Err((at, PolicyErrorKind::MemberTwice { name, line }))
            };
            if let Some(line) = self.members.get(&defined) {
                return twice(*line);
            }
            if !within.insert(defined) {
                return twice(self.number);
            }
            members.push(defined);
            next = items.next();
        }
        let threshold = threshold(word, members.len()).ok_or_else(|| {
            let found = shown(word);
            let members = members.len();
            (at, PolicyErrorKind::Threshold { found, members })
        })?;
        self.members
            .extend(within.into_iter().map(|member| (member, self.number)));
        self.define(Definition::Group {
            name: name.to_vec(),
            threshold,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, keyword_at: usize, mut items: Items<'_>) -> Placed<()> {
        if let Some((_, line)) = self.quorum {
            return Err((keyword_at, PolicyErrorKind::SecondQuorum { line }));
        }
        let (at, name) = items.need("the name of a witness or a group, or `none`,")?;
        let quorum = if name == b"none" {
            None
        } else {
            Some(self.defined(at, name)?)
        };
        self.quorum = Some((quorum, self.number));
        items.end()
    }

    fn define(&mut self, definition: Definition) {
        let place = (self.definitions.len(), self.number);
        self.names.insert(definition.name().to_vec(), place);
        self.definitions.push(definition);
    }

    fn fresh_name(&self, at: usize, name: &[u8]) -> Placed<()> {
        if name == b"none" {
            return Err((at, PolicyErrorKind::Reserved));
        }
        match self.names.get(name) {
            None => Ok(()),
            Some((_, line)) => Err((
                at,
                PolicyErrorKind::NameTaken {
                    name: shown(name),
                    line: *line,
                },
            )),
        }
    }

    fn fresh_key(&mut self, at: usize, witness: bool, parts: &Parts) -> Placed<()> {
        match self.keys.insert((witness, parts.material.clone()), self.number) {
            None => Ok(()),
            Some(line) => Err((at, PolicyErrorKind::KeyTwice { line })),
        }
    }

    fn defined(&self, at: usize, name: &[u8]) -> Placed<usize> {
        if name == b"none" {
            return Err((at, PolicyErrorKind::Reserved));
        }
        let undefined = || (at, PolicyErrorKind::Undefined { name: shown(name) });
        self.names.get(name).map(|(place, _)| *place).ok_or_else(undefined)
    }
}

fn threshold(word: &[u8], members: usize) -> Option<usize> {
    match word {
        b"any" => Some(1),
        b"all" => Some(members),
        number => {
            let number = core::str::from_utf8(number).ok().and_then(decimal::parse)?;
            usize::try_from(number).ok().filter(|k| (1..=members).contains(k))
        }
    }
}

/// The parts of a vkey whose id was not compared yet.
struct Parts {
    name: String,
    key_id: KeyId,
    kind: u8,
    material: Vec<u8>,
}

fn vkey_parts(at: usize, vkey: &[u8]) -> Placed<(&str, Parts)> {
    let text = core::str::from_utf8(vkey).map_err(|_| key_error(at)(KeyError::Vkey))?;
    let (name, key_id, kind, material) = split_vkey(text).map_err(key_error(at))?;
    let name = String::from(name);
    let parts = Parts {
        name,
        key_id,
        kind,
        material,
    };
    Ok((text, parts))
}

fn mldsa44(parts: &Parts) -> Result<WitnessKey, KeyError> {
    if parts.material.len() != MLDSA44_KEY_BYTES {
        return Err(KeyError::Malformed);
    }
    let expected = KeyId::of(&parts.name, TYPE_MLDSA44, &parts.material);
    if expected == parts.key_id {
        Ok(WitnessKey::MlDsa44 {
            name: parts.name.clone(),
            key_id: expected,
        })
    } else {
        Err(KeyError::KeyId {
            expected,
            found: parts.key_id,
        })
    }
}

fn key_error(at: usize) -> impl Fn(KeyError) -> (usize, PolicyErrorKind) {
    move |error| (at, PolicyErrorKind::Key(error))
}
