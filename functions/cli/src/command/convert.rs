//! `convert`: rekor-monitor's configuration as one of ours, and what became of it. Overwrites nothing, asks nobody.

use crate::args::Convert;
use crate::exit::{Failure, print, say};
use alerts::text::escape;
use local::conversion::{self, Conversion, NotConverted};
use local::yaml;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn convert(args: &Convert) -> Result<ExitCode, Failure> {
    let usage = |text: String| Failure::Usage(format!("error: {text}"));
    let text = yaml::read(&args.file).map_err(|error| usage(error.to_string()))?;
    let name = args.file.display().to_string();
    let converted = conversion::convert(&name, &text).map_err(|error| match error {
        NotConverted::Broken(text) => Failure::Usage(text),
        NotConverted::Ours | NotConverted::Nobody | NotConverted::NotTheSame => {
            usage(format!("{} {error}", escape(&name, 400)))
        }
    })?;
    match &args.out {
        Some(out) => {
            write_new(out, &converted.text).map_err(|error| usage(refusal(out, &error)))?;
            tell(&converted);
            print(&format!(
                "{} is written, {}. Read it, then `rekor-sentinel check --config {0}`",
                out.display(),
                rules(converted.rules)
            ));
        }
        None => {
            tell(&converted);
            print(converted.text.trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What became of the file, on standard error: the text may go to a pipe.
fn tell(converted: &Conversion) {
    for line in &converted.tightened {
        say(&format!("tightened  {line}"));
    }
    for line in &converted.open {
        say(&format!(
            "open       {line}: matches any value with this in it, as before"
        ));
    }
    for line in &converted.left_out {
        say(&format!("left out   {line}"));
    }
}

fn rules(count: usize) -> String {
    format!("with {count} {}", if count == 1 { "rule" } else { "rules" })
}

fn refusal(out: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => format!("{} exists already; it is left as it is", out.display()),
        _ => format!("{} could not be written: {error}", out.display()),
    }
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut created = std::fs::File::create_new(file)?;
    created.write_all(text.as_bytes())?;
    created.sync_all()
}
