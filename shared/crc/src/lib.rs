//! The three CRCs that the AWS SDK for S3 can ask for, in place of the crate `crc-fast`.
//!
//! That crate has tables of 32 KiB for each CRC that there is, and a program that links it has all of them: 0.7 MB that no
//! compression makes smaller, in a function of which every byte is loaded at a cold start. What a pass puts into a bucket
//! is small, and how fast its CRC is does not matter. The arithmetic is that of the crate `crc`; only what
//! `aws-smithy-checksums` calls is here, and `[patch.crates-io]` in the workspace puts it there.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Table};

static ISO_HDLC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
static ISCSI: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);
static NVME: Crc<u64, Table<1>> = Crc::<u64, Table<1>>::new(&CRC_64_NVME);

/// Which CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// `x-amz-checksum-crc32`.
    Crc32IsoHdlc,
    /// `x-amz-checksum-crc32c`.
    Crc32Iscsi,
    /// `x-amz-checksum-crc64nvme`.
    Crc64Nvme,
}

/// A CRC over bytes that come piece by piece.
#[derive(Clone)]
pub struct Digest(Running);

#[derive(Clone)]
enum Running {
    Narrow(crc::Digest<'static, u32, Table<1>>),
    Wide(crc::Digest<'static, u64, Table<1>>),
}

impl Digest {
    /// Over no bytes yet.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => Running::Narrow(ISO_HDLC.digest()),
            CrcAlgorithm::Crc32Iscsi => Running::Narrow(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => Running::Wide(NVME.digest()),
        })
    }

    /// Over these as well.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Narrow(digest) => digest.update(bytes),
            Running::Wide(digest) => digest.update(bytes),
        }
    }

    /// What it comes to; of 32 bits in the lower half.
    #[must_use]
    pub fn finalize(self) -> u64 {
        match self.0 {
            Running::Narrow(digest) => u64::from(digest.finalize()),
            Running::Wide(digest) => digest.finalize(),
        }
    }
}

impl core::fmt::Debug for Digest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    use super::{CrcAlgorithm, Digest};

    /// The check values of the catalogue of CRCs: over the nine digits.
    #[test]
    fn check_values() {
        for (algorithm, expect) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let (mut whole, mut pieces) = (Digest::new(algorithm), Digest::new(algorithm));
            whole.update(b"123456789");
            pieces.update(b"");
            b"123456789".chunks(2).for_each(|piece| pieces.update(piece));
            assert_eq!((whole.finalize(), pieces.finalize()), (expect, expect), "{algorithm:?}");
            assert_eq!(Digest::new(algorithm).finalize(), 0);
        }
    }
}
