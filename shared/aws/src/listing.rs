//! Where a listing begins.
//!
//! `Store::list` begins **at** a name; S3 begins **behind** a key (`StartAfter`). So a key is named that stands before
//! the name with hardly anything between. What there is between, the caller leaves out.

/// The bytes that stand in names, in their order (`pass::check_name`).
const BYTES: &[u8] = b"%-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/// Whether a name can begin so.
pub(crate) fn may_begin(prefix: &str) -> bool {
    let parts = prefix.split('/');
    let last = parts.clone().count().saturating_sub(1);
    let part = |(at, part): (usize, &str)| at == last || !(part.is_empty() || part == "." || part == "..");
    prefix.bytes().all(|byte| BYTES.contains(&byte)) && parts.enumerate().all(part)
}

/// A text that is less than `from`, and not less than almost every name that is; nothing, if none is.
pub(crate) fn before(from: &str) -> Option<String> {
    let last = from.chars().next_back()?;
    let kept = from.strip_suffix(last)?;
    // The greatest byte of names that is less than the last one.
    let less = BYTES.iter().rev().find(|byte| char::from(**byte) < last);
    Some(match less {
        // Names that go on behind `~~~~` would be listed, and are left out then.
        Some(less) => format!("{kept}{}~~~~", char::from(*less)),
        None => kept.to_owned(),
    })
    .filter(|before| !before.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_is_less_and_close() {
        let names = [
            "a",
            "a/b",
            "a/c",
            "a-",
            "a.",
            "a~",
            "a~~",
            "b",
            "audit/x/receipts/00000000000000000256.json",
            "%",
            "~",
            "A",
            "state/deployment.json",
            "state/deployment.jsonl",
            "state/deployment.jsom~~~",
        ];
        for from in names {
            let Some(before) = before(from) else { continue };
            assert!(before.as_str() < from, "{before:?} {from:?}");
            for name in names.iter().filter(|name| **name < from) {
                assert!(
                    *name <= before.as_str(),
                    "{name:?} stands between {before:?} and {from:?}"
                );
            }
        }
        assert_eq!(before("state/a"), Some("state/_~~~~".to_owned()));
        assert_eq!(before("x%"), Some("x".to_owned()));
        assert_eq!(before("%"), None);
        assert_eq!(before(""), None);
    }

    #[test]
    fn the_bytes_are_those_of_names() {
        assert!(BYTES.is_sorted());
        for byte in 0..=127_u8 {
            let name = format!("a{}b", char::from(byte));
            assert_eq!(pass::check_name(&name), BYTES.contains(&byte), "{name:?}");
        }
    }

    #[test]
    fn what_no_name_begins_with() {
        for prefix in ["", "a", "a/", "a/b", "..", ".", "a/..", "%2"] {
            assert!(may_begin(prefix), "{prefix:?}");
        }
        for prefix in ["/", "a//", "../", "a/../", "./", "a b", "ä", "a\n"] {
            assert!(!may_begin(prefix), "{prefix:?}");
        }
    }
}
