//! Numbers as checkpoints and proofs write them: ASCII decimal, one spelling each.

/// Reads a decimal without sign or leading zeros.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits_alone = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let one_spelling = text == "0" || !text.starts_with('0');
    if digits_alone && one_spelling {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_number_has_one_spelling() {
        fn check(text: &str, expect: Option<u64>) {
            assert_eq!(super::parse(text), expect, "{text:?}");
        }
        check("0", Some(0));
        check("10", Some(10));
        check("18446744073709551615", Some(u64::MAX));
        for near_miss in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1e3",
            "0x1",
            "١",
            "18446744073709551616",
        ] {
            check(near_miss, None);
        }
    }
}
