//! `init`: a commented configuration for the public logs.

use crate::args::Init;
use crate::config;
use crate::exit::{Failure, print, say};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// The longest answer that is taken for an identity.
const MAX_IDENTITY_BYTES: usize = 2_048;

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
    let text = text(identity.as_deref().filter(|identity| !identity.is_empty()))?;
    write_new(&file, &text)
        .map_err(|error| Failure::Usage(format!("error: {} could not be written: {error}", file.display())))?;
    print(&format!(
        "{} is written. Next: `rekor-sentinel check`, then `rekor-sentinel run`",
        file.display()
    ));
    if identity.is_none_or(|identity| identity.is_empty()) {
        print("It watches for nobody yet: take the # away from a rule and put your identity in.");
    }
    Ok(ExitCode::SUCCESS)
}

/// One line from standard input.
fn ask() -> Result<Option<String>, Failure> {
    if std::io::stdin().is_terminal() {
        say(
            "Whom should Rekor Sentinel watch for? An e-mail address (you@example.com), or the URL of a repository or its owner (https://github.com/acme). Empty: decide later.",
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

fn text(identity: Option<&str>) -> Result<String, Failure> {
    let rule = match identity {
        Some(identity) => rule(identity)?,
        None => NO_RULE.to_owned(),
    };
    Ok(format!("{HEAD}{rule}"))
}

/// A rule for an identity: by its form.
fn rule(identity: &str) -> Result<String, Failure> {
    if identity.chars().any(char::is_control) || identity.len() > MAX_IDENTITY_BYTES {
        return Err(Failure::Usage(
            "error: an identity is one line of printable text".to_owned(),
        ));
    }
    // A JSON text is a YAML text, whatever it holds.
    let quoted = serde_json::to_string(identity.trim_end_matches('/')).unwrap_or_default();
    let parts = identity
        .trim_end_matches('/')
        .split("://")
        .nth(1)
        .map(|rest| rest.split('/').count());
    let field = match parts {
        Some(..=2) => "source-repository-owner-uri",
        Some(3) => "source-repository-uri",
        _ => "san",
    };
    Ok(format!(
        "rules:\n  - name: signs-as-us\n    severity: high\n    note: If this was not us, revoke and tell our users.\n    match:\n      {field}: {quoted}\n    # What is expected is recorded and raises no alert. Be precise here:\n    # allow:\n    #   - san: \"glob:https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*\"\n"
    ))
}

const HEAD: &str = "\
# Rekor Sentinel: what to watch, and for whom. `rekor-sentinel check` tells whether this file is sound.
schema: 1

# The logs are those of Sigstore's public trusted root; a dated copy ships inside. To use another:
# trust:
#   trusted_root: trusted_root.json

# Where to begin with the logs that are known at the first pass: head (entries from now on), or 0 (everything, for days).
from: head

# Logs beside those of the trusted root:
# logs:
#   - url: https://log.example.com
#     kind: rekor-v2            # or tlog: any C2SP tiled log, whose leaves match by digest only
#     key: log.example.com+...  # a C2SP vkey, or a PEM public key

# This version reads tiled logs. Logs of the trusted root that it cannot read are named on every pass, and keep the run
# from being clean until you say that you know:
# exclude:
#   - {log: rekor.sigstore.dev, reason: \"Rekor v1 is watched by other means\", until: 2027-06-30}
#   - {log: ctfe.sigstore.dev/2022, reason: \"watched by other means\", until: 2027-06-30}
#   - {log: ctfe.sigstore.dev/test, reason: \"retired\"}

# Within what time you want to be told:
limits:
  max_lag: 1h            # entries unread, or a log unreachable
  no_growth: never       # a log that stays still
  unproven_after: 10m    # served data that does not verify

";

const NO_RULE: &str = "\
# Whom to watch for. Without a rule every entry is proven and nobody is watched for.
rules: []
#  - name: our-releases
#    severity: high
#    note: If this was not us, revoke and tell our users.
#    match:
#      source-repository-owner-uri: https://github.com/acme
#  - name: my-address
#    match:
#      san: me@example.com
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_sound() {
        let check = |identity: Option<&str>, rules: usize, field: &str| {
            let text = text(identity).unwrap();
            let document = local::yaml::parse(&text).unwrap();
            let settings = pass::Settings::from_value(&document.value).unwrap();
            assert_eq!(settings.rules.len(), rules);
            assert!(text.contains(field), "{text}");
        };
        check(None, 0, "rules: []");
        check(Some("me@example.com"), 1, "san: \"me@example.com\"");
        check(
            Some("https://github.com/acme"),
            1,
            "source-repository-owner-uri: \"https://github.com/acme\"",
        );
        check(
            Some("https://github.com/acme/tool/"),
            1,
            "source-repository-uri: \"https://github.com/acme/tool\"",
        );
        check(Some("quote\"and: colon"), 1, "san: \"quote\\\"and: colon\"");
        assert!(text(Some("two\nlines")).is_err());
    }
}
