//! Key rings: transferable public keys (RFC 9580 10.1), one after the other.

use crate::named_key::{KeyForm, NamedKey};
use crate::openpgp::armor;
use crate::openpgp::packet::{self, Packet};
use crate::openpgp::{PgpError, key, user_id};

/// Primary keys and subkeys of one ring. The largest keys in use have some dozens of subkeys; a distribution's ring has
/// hundreds of keys.
pub const MAX_KEYS: usize = 2000;
/// User ids of one ring, or addresses in them, for the same reason.
pub const MAX_USER_IDS: usize = 2000;

/// Packet types (RFC 9580 5).
mod tag {
    pub(super) const SIGNATURE: u8 = 2;
    pub(super) const PUBLIC_KEY: u8 = 6;
    pub(super) const MARKER: u8 = 10;
    pub(super) const TRUST: u8 = 12;
    pub(super) const USER_ID: u8 = 13;
    pub(super) const PUBLIC_SUBKEY: u8 = 14;
    pub(super) const USER_ATTRIBUTE: u8 = 17;
    pub(super) const PADDING: u8 = 21;
    /// From here on a reader skips what it does not know (RFC 9580 4.3).
    pub(super) const FIRST_NOT_CRITICAL: u8 = 40;
}

/// Every key of a file, binary or armoured: one [`NamedKey`] for each primary key, with its subkeys' fingerprints behind
/// its own and the addresses of all of its user ids.
///
/// # Errors
/// [`PgpError`]; [`PgpError::Empty`] when there is no key.
pub fn keys(file: &[u8]) -> Result<Vec<NamedKey>, PgpError> {
    let armored = armor::is_armored(file).then(|| armor::decode(file)).transpose()?;
    let mut rest = armored.as_deref().unwrap_or(file);
    let mut ring = Ring::default();
    while !rest.is_empty() {
        let (packet, behind) = packet::next(rest)?;
        ring.take(packet)?;
        rest = behind;
    }
    if ring.keys.is_empty() {
        return Err(PgpError::Empty);
    }
    Ok(ring.keys)
}

#[derive(Default)]
struct Ring {
    keys: Vec<NamedKey>,
    fingerprints: usize,
    user_ids: usize,
}

impl Ring {
    fn take(&mut self, packet: Packet<'_>) -> Result<(), PgpError> {
        let misplaced = PgpError::Misplaced { tag: packet.tag };
        match packet.tag {
            tag::PUBLIC_KEY => {
                let fingerprint = self.fingerprint(packet.body)?;
                self.keys.push(NamedKey {
                    form: KeyForm::OpenPgp,
                    subjects: Vec::new(),
                    fingerprints: vec![fingerprint],
                });
                Ok(())
            }
            tag::PUBLIC_SUBKEY => {
                let fingerprint = self.fingerprint(packet.body)?;
                let primary = self.keys.last_mut().ok_or(misplaced)?;
                primary.fingerprints.push(fingerprint);
                Ok(())
            }
            tag::USER_ID => self.user_id(packet.body, misplaced),
            tag::SIGNATURE | tag::MARKER | tag::TRUST | tag::USER_ATTRIBUTE | tag::PADDING => Ok(()),
            tag::FIRST_NOT_CRITICAL.. => Ok(()),
            _ => Err(misplaced),
        }
    }

    fn fingerprint(&mut self, body: &[u8]) -> Result<String, PgpError> {
        self.fingerprints += 1;
        if self.fingerprints > MAX_KEYS {
            return Err(PgpError::TooMany);
        }
        key::fingerprint(body)
    }

    fn user_id(&mut self, body: &[u8], misplaced: PgpError) -> Result<(), PgpError> {
        let primary = self.keys.last_mut().ok_or(misplaced)?;
        let addresses = user_id::addresses(body)?;
        self.user_ids += addresses.len().max(1);
        if self.user_ids > MAX_USER_IDS {
            return Err(PgpError::TooMany);
        }
        for address in addresses {
            if !primary.subjects.contains(&address) {
                primary.subjects.push(address);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_KEYS, MAX_USER_IDS, keys};
    use crate::openpgp::PgpError;

    fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
        [&[0xc0 | tag, u8::try_from(body.len()).unwrap()], body].concat()
    }

    fn public(mark: u8) -> Vec<u8> {
        packet(6, &[4, 0, 0, 0, 0, 1, mark])
    }

    fn names(ring: &[u8]) -> Result<Vec<(usize, Vec<String>)>, PgpError> {
        Ok(keys(ring)?
            .into_iter()
            .map(|key| (key.fingerprints.len(), key.subjects))
            .collect())
    }

    #[test]
    fn names_and_subkeys_belong_to_the_key_before_them() {
        let ring = [
            public(1),
            packet(13, b"A <a@example.com>"),
            packet(2, b"anything"),
            packet(13, b"a@example.com"),
            packet(17, b"a picture"),
            packet(14, &[4, 0, 0, 0, 0, 1, 2]),
            packet(60, b"of a private kind"),
            public(3),
            packet(12, b""),
            packet(13, b"b@example.com"),
        ];
        let expect = vec![
            (2, vec!["a@example.com".to_owned()]),
            (1, vec!["b@example.com".to_owned()]),
        ];
        assert_eq!(names(&ring.concat()), Ok(expect));
    }

    #[test]
    fn refuses_what_is_no_public_key() {
        assert_eq!(names(b""), Err(PgpError::Empty));
        assert_eq!(names(b"not a key\n"), Err(PgpError::Packet));
        assert_eq!(names(&packet(2, b"a signature")), Err(PgpError::Empty));
        for tag in [1, 3, 5, 7, 8, 9, 11, 18, 19, 20, 39] {
            let ring = [public(1), packet(tag, b"x")].concat();
            assert_eq!(names(&ring), Err(PgpError::Misplaced { tag }));
        }
        for tag in [13, 14] {
            let orphan = [packet(tag, &[4, 0, 0, 0, 0, 1, 2].map(|it| it | 0x40)), public(1)].concat();
            assert!(names(&orphan).is_err());
        }
    }

    #[test]
    fn there_are_bounds() {
        assert_eq!(names(&public(1).repeat(MAX_KEYS)).map(|it| it.len()), Ok(MAX_KEYS));
        assert_eq!(names(&public(1).repeat(MAX_KEYS + 1)), Err(PgpError::TooMany));
        let users = packet(13, b"A <a@example.com>").repeat(MAX_USER_IDS + 1);
        assert_eq!(names(&[public(1), users].concat()), Err(PgpError::TooMany));
    }
}
