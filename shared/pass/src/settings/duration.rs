//! Durations as people write them: `90s`, `10m`, `1h`, `3d`, `never`.

/// How long something may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// It is never too long.
    Never,
    /// Too long after this many seconds.
    After(u64),
}

impl Limit {
    /// Whether `secs` is at or past the limit.
    #[must_use]
    pub fn is_reached(self, secs: u64) -> bool {
        match self {
            Self::Never => false,
            Self::After(limit) => secs >= limit,
        }
    }

    /// As it may be written in a configuration.
    #[must_use]
    pub fn written(self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::After(0) => "0s".to_owned(),
            Self::After(secs) if secs % 86_400 == 0 => format!("{}d", secs / 86_400),
            Self::After(secs) if secs % 3_600 == 0 => format!("{}h", secs / 3_600),
            Self::After(secs) if secs % 60 == 0 => format!("{}m", secs / 60),
            Self::After(secs) => format!("{secs}s"),
        }
    }
}

/// Seconds of `90s`, `10m`, `1h` or `3d`; a bare number has no meaning.
#[must_use]
pub fn parse_duration(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(parse_duration(text), expect, "{text}");
        check("0s", Some(0));
        check("10m", Some(600));
        check("1h", Some(3_600));
        check("3d", Some(259_200));
        for wrong in [
            "",
            "s",
            "10",
            "1 h",
            "-1s",
            "+1s",
            "1w",
            "1.5h",
            "99999999999999999999s",
            "18446744073709551615d",
            "1é",
        ] {
            check(wrong, None);
        }
    }
}
