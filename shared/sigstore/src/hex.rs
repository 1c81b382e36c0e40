//! Lower-case hexadecimal, the one way this project writes bytes that people compare.
//!
//! Reading hexadecimal is left to the types that expect it.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// `bytes` as lower hex.
pub fn lower(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    push_lower(&mut out, bytes);
    out
}

/// Appends `bytes` as lower hex to `out`.
pub fn push_lower(out: &mut String, bytes: &[u8]) {
    // A block at a time: `String::push` for each digit is several times slower, and each leaf has a digest.
    for block in bytes.chunks(32) {
        let mut digits = [0u8; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(block) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        let written = digits.get(..block.len() * 2).unwrap_or_default();
        out.push_str(str::from_utf8(written).unwrap_or_default());
    }
}

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::lower;

    #[test]
    fn writes_each_byte_as_two_lower_digits() {
        assert_eq!(lower(&[]), "");
        assert_eq!(lower(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        let all: Vec<u8> = (0..=255).collect();
        let expect: String = all.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(lower(&all), expect);
    }
}
