//! The configuration that a user begins with: the public logs, and at most one identity. Pure text.

/// The longest text that is taken for an identity.
pub const MAX_IDENTITY_BYTES: usize = 2_048;

/// The text is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity is one line of printable text, of at most {MAX_IDENTITY_BYTES} bytes")]
pub struct NoIdentity;

/// A commented configuration that watches for an identity: an e-mail address, or the URL of a repository or of its
/// owner. Without one it watches for nobody.
///
/// # Errors
/// [`NoIdentity`].
pub fn text(identity: Option<&str>) -> Result<String, NoIdentity> {
    let rule = match identity {
        Some(identity) => rule(identity)?,
        None => NO_RULE.to_owned(),
    };
    Ok(format!("{HEAD}{rule}"))
}

/// A rule for an identity: by its form.
fn rule(identity: &str) -> Result<String, NoIdentity> {
    if identity.chars().any(char::is_control) || identity.len() > MAX_IDENTITY_BYTES {
        return Err(NoIdentity);
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
# For an editor that completes and checks it: `rekor-sentinel check --schema > sentinel.schema.json`, and as the first line
#   # yaml-language-server: $schema=sentinel.schema.json
schema: 1

# The logs are those of Sigstore's public trusted root; a dated copy ships inside. To follow it, or to use another:
# trust:
#   tuf: production          # or staging, or {url: ..., root: FILE}; or `trusted_root: FILE` in its place

# Where to begin with the logs that are known at the first pass: head (entries from now on), or 0 (everything, for days).
from: head

# Logs beside those of the trusted root:
# logs:
#   - url: https://log.example.com
#     kind: rekor-v2            # or rekor-v1; or tlog: any C2SP tiled log, whose leaves match by digest only
#     key: log.example.com+...  # a C2SP vkey, or a PEM public key

# This version reads no certificate transparency logs. Those that the trusted root names are named on every pass, and keep
# the run from being clean until you say that you know:
# exclude:
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
            let document = crate::yaml::parse(&text).unwrap();
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
