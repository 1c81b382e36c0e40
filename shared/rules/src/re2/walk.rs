//! An expression of RE2 as it is read letter by letter, and its escapes.

use super::error::Re2Error;

/// Letters of an expression that an error shows.
pub(super) const MAX_SHOWN: usize = 40;

pub(super) struct Walk<'s> {
    pub(super) rest: &'s str,
    pub(super) out: String,
    /// Whether what was read last is a repetition.
    pub(super) repeated: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or_default();
        Some(letter)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What stands before `end`, which is read too.
    pub(super) fn until(&mut self, end: &str) -> Option<&'s str> {
        let (text, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(text)
    }

    /// A letter that stands for itself.
    pub(super) fn letter(&mut self, letter: char) {
        if regex_syntax::is_meta_character(letter) {
            self.out.push('\\');
        }
        self.out.push(letter);
    }

    pub(super) fn escape(&mut self) -> Result<(), Re2Error> {
        let letter = self.next().ok_or(Re2Error::Backslash)?;
        match letter {
            'A' | 'z' => self.out.extend(['\\', letter]),
            'b' | 'B' => self.out.extend(["(?-u:\\", if letter == 'b' { "b" } else { "B" }, ")"]),
            'C' => return Err(Re2Error::OneByte),
            'Q' => {
                let rest = self.rest;
                let quoted = self.until("\\E").unwrap_or(rest);
                if quoted == rest {
                    self.rest = "";
                }
                quoted.chars().for_each(|letter| self.letter(letter));
            }
            _ if self.set(letter, false)? => {}
            _ => {
                let letter = self.escaped(letter)?;
                self.letter(letter);
            }
        }
        Ok(())
    }

    /// A class that is written as an escape, if it is one.
    pub(super) fn set(&mut self, letter: char, inside: bool) -> Result<bool, Re2Error> {
        if matches!(letter, 'p' | 'P') {
            self.property(letter == 'P')?;
            return Ok(true);
        }
        let Some((_, ranges)) = PERL.iter().find(|(name, _)| *name == letter.to_ascii_lowercase()) else {
            return Ok(false);
        };
        match (letter.is_ascii_uppercase(), inside) {
            (false, true) => self.out.push_str(ranges),
            (false, false) => self.out.extend(["[", ranges, "]"]),
            (true, _) => self.out.extend(["[^", ranges, "]"]),
        }
        Ok(true)
    }

    /// `\pN`, `\p{Greek}`, `\p{^Greek}`.
    fn property(&mut self, negated: bool) -> Result<(), Re2Error> {
        let unknown = |name: &str| {
            let (letter, name) = (if negated { 'P' } else { 'p' }, name.chars().take(MAX_SHOWN));
            Re2Error::Escape(format!("\\{letter}{}", name.collect::<String>()))
        };
        let rest = self.rest;
        let name = if self.eat("{") {
            self.until("}").ok_or_else(|| unknown(rest))?
        } else {
            let letter = self.next().map_or(0, char::len_utf8);
            rest.get(..letter).unwrap_or_default()
        };
        let (negated_inside, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            return Err(unknown(rest.strip_suffix(self.rest).unwrap_or(rest)));
        }
        let letter = if negated != negated_inside { "\\P{" } else { "\\p{" };
        self.out.extend([letter, bare, "}"]);
        Ok(())
    }

    /// The letter that an escape stands for, of which this one was read.
    pub(super) fn escaped(&mut self, letter: char) -> Result<char, Re2Error> {
        let code = match letter {
            'a' => 0x07,
            'f' => 0x0c,
            't' => 0x09,
            'n' => 0x0a,
            'r' => 0x0d,
            'v' => 0x0b,
            'x' => self.hexadecimal()?,
            // One digit that is not zero would be a reference to a group.
            '1'..='7' if !self.rest.starts_with(|next: char| next.is_digit(8)) => {
                return Err(Re2Error::Escape(format!("\\{letter}")));
            }
            '0'..='7' => self.octal(letter),
            letter if letter.is_ascii_punctuation() || letter == ' ' => return Ok(letter),
            letter => return Err(Re2Error::Escape(format!("\\{letter}"))),
        };
        char::from_u32(code).ok_or_else(|| Re2Error::Escape(format!("\\x{{{code:X}}}")))
    }

    fn octal(&mut self, first: char) -> u32 {
        let mut code = first.to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|next| next.to_digit(8)) else {
                break;
            };
            self.next();
            code = code * 8 + digit;
        }
        code
    }

    /// `\x7F`, `\x{10FFFF}`.
    fn hexadecimal(&mut self) -> Result<u32, Re2Error> {
        let rest = self.rest;
        let digits = if self.eat("{") {
            self.until("}")
        } else {
            self.rest = rest.get(2..).unwrap_or_default();
            rest.get(..2)
        };
        let good = digits.filter(|digits| {
            !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let code = good.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        code.ok_or_else(|| Re2Error::Escape(format!("\\x{}", rest.chars().take(2).collect::<String>())))
    }
}

/// RE2's classes by their letters: ASCII, and no vertical tab among the blanks.
pub(super) const PERL: [(char, &str); 3] = [('d', "0-9"), ('s', r"\t\n\f\r "), ('w', "0-9A-Za-z_")];
