//! Reading canonical JSON as what it is, a text of which every byte is known beforehand but for a few values.

/// What is left of a text.
pub(crate) struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn literal(&mut self, expect: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expect)?;
        Some(())
    }

    /// A string up to its closing quote, which nothing in it can hide: printable ASCII without a backslash.
    pub(crate) fn plain(&mut self) -> Option<()> {
        let text = self.raw()?;
        let odd = text
            .iter()
            .fold(false, |odd, b| odd | !(0x20..0x7f).contains(b) | (*b == b'\\'));
        (!odd).then_some(())
    }

    /// A string up to its closing quote, of which the decoder will refuse everything but base64 or hex.
    pub(crate) fn raw(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'"', self.rest)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..)?;
        Some(text)
    }
}
