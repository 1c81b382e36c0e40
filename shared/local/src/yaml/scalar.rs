//! What a plain scalar means: the core schema of YAML 1.2 (section 10.3.2), and no other.
//!
//! So `yes`, `on` and `0755` are not what YAML 1.1 made of them: the first two are strings, the last is the number 755.
//! Quoted and block scalars never come here; they are strings.

use serde_json::{Number, Value};

/// A plain scalar that has no JSON form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScalarError {
    /// An integer beyond 64 bits. Reading it as a float would lose digits.
    #[error("this number is larger than 64 bits hold; put it in quotes if it is a name")]
    TooLarge,
    /// `.inf`, `.nan`, or a float beyond 64 bits.
    #[error("this number is not finite; put it in quotes if it is a name")]
    NotFinite,
}

/// The value of a plain scalar.
///
/// # Errors
/// A number that JSON cannot hold exactly (an integer) or at all (a float).
pub(super) fn plain(text: &str) -> Result<Value, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(ScalarError::NotFinite),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err(ScalarError::NotFinite);
    }
    if is_digits(unsigned) {
        return integer(text);
    }
    if let Some(based) = based(text) {
        return based;
    }
    if is_float(unsigned) {
        float(text)
    } else {
        Ok(Value::String(text.to_owned()))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn integer(text: &str) -> Result<Value, ScalarError> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let positive = unsigned.parse::<u64>().map(Value::from);
    positive
        .or_else(|_| unsigned.parse::<i64>().map(Value::from))
        .map_err(|_| ScalarError::TooLarge)
}

/// `0o17` and `0x1F`, which take no sign.
fn based(text: &str) -> Option<Result<Value, ScalarError>> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(octal), _) => (octal, 8),
        (None, Some(hex)) => (hex, 16),
        (None, None) => return None,
    };
    let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    all.then(|| {
        u64::from_str_radix(digits, radix)
            .map(Value::from)
            .map_err(|_| ScalarError::TooLarge)
    })
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, without the sign.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['-', '+']).unwrap_or(digits)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

fn float(text: &str) -> Result<Value, ScalarError> {
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or(ScalarError::NotFinite)
}

#[cfg(test)]
mod tests {
    use super::{ScalarError, plain};
    use serde_json::{Value, json};

    fn check(text: &str, expect: &Result<Value, ScalarError>) {
        assert_eq!(&plain(text), expect, "{text:?}");
    }

    #[test]
    fn the_core_schema() {
        for text in ["", "~", "null", "Null", "NULL"] {
            check(text, &Ok(Value::Null));
        }
        check("true", &Ok(json!(true)));
        check("FALSE", &Ok(json!(false)));
        check("0", &Ok(json!(0)));
        check("-19", &Ok(json!(-19)));
        check("+12", &Ok(json!(12)));
        check("0755", &Ok(json!(755)));
        check("0o14", &Ok(json!(12)));
        check("0xfF", &Ok(json!(255)));
        check("18446744073709551615", &Ok(json!(u64::MAX)));
        check("-9223372036854775808", &Ok(json!(i64::MIN)));
        check("0.", &Ok(json!(0.0)));
        check("-.5", &Ok(json!(-0.5)));
        check("+12e03", &Ok(json!(12000.0)));
        check("-2E+05", &Ok(json!(-200_000.0)));
    }

    #[test]
    fn what_looks_like_it_and_is_a_string() {
        let strings = [
            "yes",
            "no",
            "on",
            "off",
            "tRue",
            "nULL",
            "0o18",
            "0xg",
            "-0x1",
            "1_000",
            "12:30",
            "1.2.3",
            "1e",
            "e5",
            ".",
            "-",
            "+",
            "1h",
            "2026-01-01",
            "- 1",
            ".e5",
            "0o",
            "0x",
            "+.e1",
            "infinity",
            "NaN",
            "inf",
        ];
        for text in strings {
            check(text, &Ok(Value::String(text.to_owned())));
        }
    }

    #[test]
    fn what_has_no_json_form() {
        check("18446744073709551616", &Err(ScalarError::TooLarge));
        check("-9223372036854775809", &Err(ScalarError::TooLarge));
        check("0x10000000000000000", &Err(ScalarError::TooLarge));
        for text in [".inf", "-.INF", "+.Inf", ".nan", "1e999", "12e4567"] {
            check(text, &Err(ScalarError::NotFinite));
        }
    }
}
