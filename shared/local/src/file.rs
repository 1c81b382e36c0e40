//! Alerts for programs: one JSON object a line, appended to a file.

use crate::files::sync_folder_of;
use alerts::Alert;
use async_trait::async_trait;
use pass::{AlertSink, SinkError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The longest name of a sink (the contract of `AlertSink`).
pub const MAX_SINK_NAME_BYTES: usize = 256;

/// The sink `file:PATH`. Several processes may append to one file; lines do not mix.
#[derive(Debug, Clone)]
pub struct FileSink {
    name: String,
    path: PathBuf,
}

/// The path cannot be a sink.
#[derive(Debug, thiserror::Error)]
pub enum FileSinkError {
    /// The path is too long for a name, or is not UTF-8.
    #[error("the path of a file sink is UTF-8 of at most {} bytes", MAX_SINK_NAME_BYTES - 5)]
    Name,
    /// The folder that it is in does not exist.
    #[error("{} cannot be made: there is no folder {}; make it first", path.display(), folder.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },
    /// A folder, a pipe or the like is there.
    #[error("{} is there already and is not a file that can be appended to", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
}

impl FileSink {
    /// A sink that appends to the file at `path`, which the first alert creates. Its name has the path as given: a
    /// relative one names the same sink only from the same folder.
    ///
    /// # Errors
    /// [`FileSinkError`].
    pub fn open(path: &Path) -> Result<Self, FileSinkError> {
        let name = format!("file:{}", path.to_str().unwrap_or_default());
        if name.len() > MAX_SINK_NAME_BYTES || name == "file:" {
            return Err(FileSinkError::Name);
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(FileSinkError::NoFolder {
                path: path.to_path_buf(),
                folder: folder.to_path_buf(),
            });
        }
        match fs::metadata(path) {
            Ok(found) if !takes_lines(&found.file_type()) => Err(FileSinkError::NotAFile {
                path: path.to_path_buf(),
            }),
            Ok(_) | Err(_) => Ok(Self {
                name,
                path: path.to_path_buf(),
            }),
        }
    }
}

/// A plain file, or a device such as `/dev/stderr`. A pipe would wait for its reader without end.
fn takes_lines(kind: &fs::FileType) -> bool {
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_char_device(kind) {
        return true;
    }
    kind.is_file()
}

#[async_trait]
impl AlertSink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        let (path, line) = (self.path.clone(), alerts::json(alert));
        let written = tokio::task::spawn_blocking(move || append(&path, &line)).await;
        written
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|error| SinkError {
                sink: self.name.clone(),
                alert: alert.id.clone(),
                source: Box::new(error),
            })
    }
}

/// Appends one line, synced.
fn append(path: &Path, line: &str) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !takes_lines(&found.file_type())) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a file that can be appended to",
        ));
    }
    let fresh = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if !file.metadata()?.is_file() {
        return file.write_all(format!("{line}\n").as_bytes());
    }
    // Held until the file is closed, so that the look at the last byte and the write are one.
    file.lock()?;
    let start = if ends_within_a_line(path)? { "\n" } else { "" };
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()?;
    if fresh {
        sync_folder_of(&std::path::absolute(path)?)
    } else {
        Ok(())
    }
}

/// Whether a writer that was killed, or had no room, left half a line, which ours must not continue.
fn ends_within_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
