//! The body of an answer, decoded and counted as it comes.
//!
//! Caps apply to what comes out of the decoder; what goes in is capped as well, since a gzip stream can go on for ever
//! without producing a byte. Decoded here and not by the HTTP client, which counts neither.

use crate::buffers::Buffers;
use crate::turn::SHARE_BYTES;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// Raw bytes are decoded in pieces of this size, so that one piece yields at most about 1 MiB (deflate expands by
/// 1,032 at most) before the shares of memory are looked at again.
pub(crate) const PIECE_BYTES: usize = 1024;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// From the value of `Content-Encoding`; `None` for what was not asked for.
    pub(crate) fn of(value: Option<&[u8]>) -> Option<Self> {
        let value = value.unwrap_or_default().trim_ascii().to_ascii_lowercase();
        match value.as_slice() {
            b"" | b"identity" => Some(Self::Identity),
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            _ => None,
        }
    }

    /// How many raw bytes are taken at a time.
    pub(crate) const fn piece_bytes(self) -> usize {
        match self {
            Self::Identity => 64 * 1024,
            Self::Gzip => PIECE_BYTES,
        }
    }

    /// How many raw bytes an object of at most `cap` bytes may take: gzip adds five bytes to 64 KiB of what it cannot
    /// compress, and a header that may hold a file name.
    pub(crate) const fn raw_cap(self, cap: usize) -> usize {
        match self {
            Self::Identity => cap,
            Self::Gzip => cap.saturating_add(cap / 64).saturating_add(4096),
        }
    }
}

/// A body that is being read.
pub(crate) struct Body {
    decoder: Decoder,
    raw: usize,
    raw_cap: usize,
}

enum Decoder {
    Identity(Capped),
    Gzip(MultiGzDecoder<Capped>),
}

/// Why a body was refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is longer than its cap, as it came or decoded.
    TooLarge,
    /// It is not what its encoding says.
    Coding(io::Error),
}

impl Body {
    /// A body of at most `cap` bytes, of which about `expected` come first.
    pub(crate) fn new(coding: Coding, cap: usize, buffers: &Buffers, expected: usize) -> Self {
        let capped = Capped {
            bytes: buffers.take(expected),
            cap,
            over: false,
            buffers: buffers.clone(),
        };
        let decoder = match coding {
            Coding::Identity => Decoder::Identity(capped),
            Coding::Gzip => Decoder::Gzip(MultiGzDecoder::new(capped)),
        };
        Self {
            decoder,
            raw: 0,
            raw_cap: coding.raw_cap(cap),
        }
    }

    /// Takes raw bytes, at most [`Coding::piece_bytes`] at a time.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), Refused> {
        self.raw = self.raw.saturating_add(piece.len());
        if self.raw > self.raw_cap {
            return Err(Refused::TooLarge);
        }
        let taken = match &mut self.decoder {
            Decoder::Identity(capped) => capped.write_all(piece),
            Decoder::Gzip(decoder) => decoder.write_all(piece),
        };
        taken.map_err(|error| self.refused(error))
    }

    /// The whole body, after its last byte.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, (Refused, Vec<u8>)> {
        let finished = match &mut self.decoder {
            Decoder::Identity(_) => Ok(()),
            Decoder::Gzip(_) if self.raw == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
        };
        match finished {
            Ok(()) => {
                let mut bytes = self.into_bytes();
                // It may be kept for long: what doubling set aside is given back. The large buffer is for one alone.
                if bytes.capacity() / 2 > bytes.len() && bytes.capacity() <= SHARE_BYTES {
                    bytes.shrink_to_fit();
                }
                Ok(bytes)
            }
            Err(error) => Err((self.refused(error), self.into_bytes())),
        }
    }

    /// Makes room for `expected` bytes in all, now that they may be held.
    pub(crate) fn expect(&mut self, expected: usize) {
        if let Decoder::Identity(capped) = &mut self.decoder {
            capped.grow(expected.min(capped.cap));
        }
    }

    /// How much is held.
    pub(crate) fn held(&self) -> usize {
        self.capped().bytes.len()
    }

    /// What has come so far.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        match &mut self.decoder {
            Decoder::Identity(capped) => core::mem::take(&mut capped.bytes),
            Decoder::Gzip(decoder) => core::mem::take(&mut decoder.get_mut().bytes),
        }
    }

    fn capped(&self) -> &Capped {
        match &self.decoder {
            Decoder::Identity(capped) => capped,
            Decoder::Gzip(decoder) => decoder.get_ref(),
        }
    }

    fn refused(&self, error: io::Error) -> Refused {
        if self.capped().over {
            Refused::TooLarge
        } else {
            Refused::Coding(error)
        }
    }
}

struct Capped {
    bytes: Vec<u8>,
    cap: usize,
    over: bool,
    buffers: Buffers,
}

impl Capped {
    /// Makes room for `needed` bytes in all.
    fn grow(&mut self, needed: usize) {
        if needed > self.bytes.capacity() {
            self.bytes = self.buffers.grow(core::mem::take(&mut self.bytes), needed, self.cap);
        }
    }
}

impl Drop for Capped {
    fn drop(&mut self) {
        self.buffers.give_back(core::mem::take(&mut self.bytes));
    }
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let needed = self.bytes.len().saturating_add(more.len());
        if needed > self.cap {
            self.over = true;
            return Err(io::Error::other("over the cap"));
        }
        if needed > self.bytes.capacity() {
            // Doubling, but never past the cap: the last doubling of a large object would cost as much again.
            self.grow(self.bytes.capacity().saturating_mul(2).clamp(needed, self.cap));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Coding, PIECE_BYTES, Refused};
    use crate::buffers::Buffers;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(coding: Coding, raw: &[u8], cap: usize) -> Result<Vec<u8>, Refused> {
        let mut body = Body::new(coding, cap, &Buffers::default(), 0);
        for piece in raw.chunks(PIECE_BYTES) {
            body.take(piece)?;
        }
        body.finish().map_err(|(refused, _)| refused)
    }

    #[test]
    fn caps_are_exact_after_decoding() {
        let text: Vec<u8> = (0..5000_u32).flat_map(u32::to_be_bytes).collect();
        for (coding, raw) in [(Coding::Identity, text.clone()), (Coding::Gzip, gzip(&text))] {
            assert_eq!(read(coding, &raw, text.len()).unwrap(), text);
            assert!(matches!(read(coding, &raw, text.len() - 1), Err(Refused::TooLarge)));
        }
    }

    #[test]
    fn a_bomb_is_refused_after_its_cap() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let mut body = Body::new(Coding::Gzip, 1 << 20, &Buffers::default(), 0);
        let refused = bomb
            .chunks(PIECE_BYTES)
            .map(|piece| body.take(piece))
            .find_map(Result::err);
        assert!(matches!(refused, Some(Refused::TooLarge)));
        assert!(body.held() <= 1 << 20);
    }

    #[test]
    fn a_gzip_stream_that_yields_nothing_ends_too() {
        // A header, then stored blocks of no bytes.
        let mut endless = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        endless.extend([0, 0, 0, 0xff, 0xff].repeat(100_000));
        assert!(matches!(read(Coding::Gzip, &endless, 1000), Err(Refused::TooLarge)));
    }

    #[test]
    fn what_is_not_gzip_is_refused() {
        let whole = gzip(b"some text, some text");
        let flipped = |at: usize| {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            flipped
        };
        let cut = whole.get(..whole.len() - 1).unwrap();
        for raw in [&b""[..], b"plain", cut, &flipped(0), &flipped(whole.len() - 5)] {
            assert!(
                matches!(read(Coding::Gzip, raw, 1000), Err(Refused::Coding(_))),
                "{raw:x?}"
            );
        }
    }

    #[test]
    fn codings() {
        assert_eq!(Coding::of(None), Some(Coding::Identity));
        assert_eq!(Coding::of(Some(b" GZip ")), Some(Coding::Gzip));
        assert_eq!(Coding::of(Some(b"br")), None);
        assert_eq!(Coding::of(Some(b"gzip, gzip")), None);
    }
}
