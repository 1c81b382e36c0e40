//! Alerts for people, on standard output or standard error.

use alerts::Alert;
use async_trait::async_trait;
use core::fmt;
use pass::{AlertSink, SinkError};
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Whether the escapes of a terminal are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// As for a terminal.
    Yes,
    /// As for a file.
    No,
}

impl Colour {
    /// Colours for a terminal, unless `NO_COLOR` is set to anything (no-color.org).
    fn for_stream(terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if terminal && !unwanted { Self::Yes } else { Self::No }
    }
}

/// The sink `console`: writes each alert, an empty line behind it, and flushes.
#[derive(Clone)]
pub struct ConsoleSink {
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    colour: Colour,
}

impl ConsoleSink {
    /// On standard output.
    #[must_use]
    pub fn stdout() -> Self {
        let stream = io::stdout();
        let colour = Colour::for_stream(stream.is_terminal());
        Self::to(Box::new(stream), colour)
    }

    /// On standard error: where standard output belongs to JSON.
    #[must_use]
    pub fn stderr() -> Self {
        let stream = io::stderr();
        let colour = Colour::for_stream(stream.is_terminal());
        Self::to(Box::new(stream), colour)
    }

    /// An alert as it would be written, without the empty line behind it.
    #[must_use]
    pub fn form(&self, alert: &Alert) -> String {
        match self.colour {
            Colour::Yes => alerts::terminal(alert),
            Colour::No => alerts::plain(alert),
        }
    }

    /// Into anything.
    #[must_use]
    pub fn to(writer: Box<dyn Write + Send>, colour: Colour) -> Self {
        Self {
            writer: Arc::new(Mutex::new(writer)),
            colour,
        }
    }
}

#[async_trait]
impl AlertSink for ConsoleSink {
    fn name(&self) -> &'static str {
        "console"
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        let form = self.form(alert);
        let text = format!("{}\n\n", form.trim_end_matches('\n'));
        let writer = Arc::clone(&self.writer);
        let written = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.write_all(text.as_bytes()).and_then(|()| writer.flush())
        });
        written
            .await
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|error| SinkError {
                sink: self.name().to_owned(),
                alert: alert.id.clone(),
                source: Box::new(error),
            })
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConsoleSink({:?})", self.colour)
    }
}
