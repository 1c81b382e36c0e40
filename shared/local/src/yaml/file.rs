//! A configuration file as text.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The longest configuration that is read: [`pass::MAX_CONFIG_BYTES`].
pub const MAX_YAML_BYTES: usize = pass::MAX_CONFIG_BYTES;

/// A file that is no text to parse.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("{}: there is no such file", file.display())]
    NotFound {
        /// The file.
        file: PathBuf,
    },
    /// It is there and cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is longer than [`MAX_YAML_BYTES`].
    #[error("{}: longer than the {MAX_YAML_BYTES} bytes that a configuration may have", file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
    },
    /// It is not UTF-8.
    #[error("{}:{line}: not UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The line of the first byte that is none, from 1.
        line: usize,
    },
}

/// Reads a file whole, at most [`MAX_YAML_BYTES`] of UTF-8. Blocks.
///
/// # Errors
/// [`ReadError`].
pub fn read(file: &Path) -> Result<String, ReadError> {
    let named = || file.to_path_buf();
    let bytes = read_capped(file).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ReadError::NotFound { file: named() },
        _ => ReadError::Unreadable { file: named(), source },
    })?;
    if bytes.len() > MAX_YAML_BYTES {
        return Err(ReadError::TooLong { file: named() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count() + 1;
        ReadError::NotText { file: named(), line }
    })
}

fn read_capped(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(MAX_YAML_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(one_more).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{MAX_YAML_BYTES, ReadError, read};

    #[test]
    fn caps_and_encodings() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        assert!(matches!(read(&file), Err(ReadError::NotFound { .. })));
        assert!(matches!(read(folder.path()), Err(ReadError::Unreadable { .. })));

        std::fs::write(&file, vec![b'#'; MAX_YAML_BYTES]).unwrap();
        assert_eq!(read(&file).unwrap().len(), MAX_YAML_BYTES);
        std::fs::write(&file, vec![b'#'; MAX_YAML_BYTES + 1]).unwrap();
        assert!(matches!(read(&file), Err(ReadError::TooLong { .. })));

        std::fs::write(&file, b"a: 1\nb: \xff\n").unwrap();
        assert!(matches!(read(&file), Err(ReadError::NotText { line: 2, .. })));
    }
}
