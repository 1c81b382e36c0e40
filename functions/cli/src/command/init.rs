//! `init`: a commented configuration for the public logs.

use crate::args::Init;
use crate::config;
use crate::exit::{Failure, print, say};
use alerts::text::escape;
use local::starter::{self, MAX_IDENTITY_BYTES};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Characters of an answer that are shown.
const SHOWN: usize = 400;

pub(crate) fn init(args: &Init) -> Result<ExitCode, Failure> {
    let file = config::file(args.common.config.as_deref());
    if file.exists() {
        return Err(Failure::Usage(format!(
            "error: {} exists already; it is left as it is",
            file.display()
        )));
    }
    let identity = match &args.identity {
        Some(identity) => Some(identity.trim().to_owned()),
        None => ask()?,
    };
    let started = starter::starter(identity.as_deref().filter(|identity| !identity.is_empty()))
        .map_err(|error| Failure::Usage(format!("error: {}", escape(&error.to_string(), SHOWN))))?;
    write_new(&file, &started.text)
        .map_err(|error| Failure::Usage(format!("error: {} could not be written: {error}", file.display())))?;
    print(&format!(
        "{} is written. Next: `rekor-sentinel check`, then `rekor-sentinel run`",
        file.display()
    ));
    match &started.watches {
        Some(watches) => print(&format!("It watches for {}.", escape(watches, SHOWN))),
        None => print("It watches for nobody yet: take the # away from a rule and put your identity in."),
    }
    Ok(ExitCode::SUCCESS)
}

/// One line from standard input.
fn ask() -> Result<Option<String>, Failure> {
    if std::io::stdin().is_terminal() {
        say(
            "Whom should Rekor Sentinel watch for? An e-mail address (you@example.com), a domain (example.com), or the URL of a repository or its owner (https://github.com/acme). Empty: decide later.",
        );
    }
    let mut line = String::new();
    let stdin = std::io::stdin();
    // With room to see that an answer is too long.
    let mut capped = std::io::Read::take(stdin.lock(), MAX_IDENTITY_BYTES as u64 + 64);
    capped
        .read_line(&mut line)
        .map_err(|error| Failure::Usage(format!("error: no answer could be read: {error}")))?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut created = std::fs::File::create_new(file)?;
    created.write_all(text.as_bytes())?;
    created.sync_all()
}
