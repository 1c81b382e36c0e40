//! The configuration that a user begins with: the public logs, and at most one identity. Pure text.

use rules::{OPEN_HOSTS, OPEN_MAIL};

/// The longest text that is taken for an identity.
pub const MAX_IDENTITY_BYTES: usize = 2_048;

/// Why there is no rule for a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoIdentity {
    /// It is no line of text.
    #[error("an identity is one line of printable text, of at most {MAX_IDENTITY_BYTES} bytes")]
    Unprintable,
    /// It is none of the forms that identities have.
    #[error(
        "`{0}` is no identity: write an e-mail address (you@example.com), a domain (example.com), or the URL of a repository or of its owner (https://github.com/acme)"
    )]
    NoForm(String),
    /// It is everybody's.
    #[error("`{0}` is where anybody may have a name: write the owner behind it, or the address")]
    Everybody(String),
    /// Its domain is not in the form that certificates have.
    #[error("the domain of `{0}` stands in certificates in its ASCII form (`xn--…`): write that")]
    NotAscii(String),
}

/// A configuration to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// Its text.
    pub text: String,
    /// Whom it watches for, in words; nobody without an identity.
    pub watches: Option<String>,
}

/// A commented configuration that watches for an identity: an e-mail address, a domain, or the URL of a repository or of
/// its owner. Without one it watches for nobody.
///
/// # Errors
/// [`NoIdentity`].
pub fn starter(identity: Option<&str>) -> Result<Starter, NoIdentity> {
    let Some(identity) = identity else {
        return Ok(Starter {
            text: format!("{HEAD}{NO_RULE}"),
            watches: None,
        });
    };
    if identity.chars().any(char::is_control) || identity.len() > MAX_IDENTITY_BYTES {
        return Err(NoIdentity::Unprintable);
    }
    let Watched { field, value, words } = watched(identity.trim())?;
    // A JSON text is a YAML text, whatever it holds.
    let quoted = serde_json::to_string(&value).unwrap_or_default();
    let rule = format!(
        "rules:\n  - name: signs-as-us\n    severity: high\n    note: If this was not us, revoke and tell our users.\n    match:\n      {field}: {quoted}\n    # What is expected is recorded and raises no alert. Be precise here:\n    # allow:\n    #   - san: \"glob:https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*\"\n"
    );
    Ok(Starter {
        text: format!("{HEAD}{rule}"),
        watches: Some(format!("{words} (`{field}: {value}`)")),
    })
}

/// The text of [`starter`] alone.
///
/// # Errors
/// [`NoIdentity`].
pub fn text(identity: Option<&str>) -> Result<String, NoIdentity> {
    starter(identity).map(|started| started.text)
}

/// What an identity was taken for.
struct Watched {
    field: &'static str,
    value: String,
    words: &'static str,
}

fn watched(identity: &str) -> Result<Watched, NoIdentity> {
    let no_form = || NoIdentity::NoForm(identity.to_owned());
    let san = |value: String, words| Watched {
        field: "san",
        value,
        words,
    };
    // The forms in which an identity is copied: a link, a name with its address, a remote.
    let bare = identity.strip_prefix("mailto:").unwrap_or(identity);
    let bare = match bare.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>')) {
        Some(address) => address.trim(),
        None => bare,
    };
    if bare.is_empty() || bare.contains([' ', '"', '*', '\\']) {
        return Err(no_form());
    }
    if let Some(url) = url(bare) {
        return of_url(&url).ok_or_else(|| match host(&url).0 {
            host if OPEN_HOSTS.contains(&host) => NoIdentity::Everybody(identity.to_owned()),
            _ => no_form(),
        });
    }
    if bare.contains("://") {
        return Ok(san(bare.to_owned(), "the identity, to the letter"));
    }
    let (name, domain) = bare.rsplit_once('@').unwrap_or(("", bare));
    if !domain.is_ascii() && domain.contains('.') {
        return Err(NoIdentity::NotAscii(identity.to_owned()));
    }
    if !is_domain(domain) {
        return Err(no_form());
    }
    if !name.is_empty() {
        return Ok(san(bare.to_owned(), "what is signed with the address"));
    }
    if OPEN_HOSTS.contains(&domain) || OPEN_MAIL.contains(&domain) {
        return Err(NoIdentity::Everybody(identity.to_owned()));
    }
    Ok(san(
        format!("domain:{}", domain.to_ascii_lowercase()),
        "what is signed with any address of the domain",
    ))
}

/// The URL that is meant: with its scheme where that of a known host was left out, and for the remote of a repository.
fn url(text: &str) -> Option<String> {
    for forge in OPEN_HOSTS {
        let names = [
            format!("git@{forge}:"),
            format!("ssh://git@{forge}/"),
            format!("git+https://{forge}/"),
            format!("git://{forge}/"),
            format!("https://www.{forge}/"),
            format!("http://{forge}/"),
            format!("www.{forge}/"),
            format!("{forge}/"),
        ];
        let rest = |name: &String| {
            let (start, rest) = text.split_at_checked(name.len())?;
            start.eq_ignore_ascii_case(name).then_some(rest)
        };
        if let Some(rest) = names.iter().find_map(rest) {
            return Some(format!("https://{forge}/{rest}"));
        }
    }
    let is_web = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(scheme))
    };
    ["https://", "http://"]
        .iter()
        .any(|scheme| is_web(scheme))
        .then(|| text.to_owned())
}

/// The host of a URL, and what stands behind it.
fn host(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
}

fn of_url(url: &str) -> Option<Watched> {
    let exact = |value: String| Watched {
        field: "san",
        value,
        words: "what this workflow signs",
    };
    if url.contains("@refs/") {
        return Some(exact(url.to_owned()));
    }
    let (host, path) = host(url);
    let is_forge = OPEN_HOSTS.iter().any(|forge| forge.eq_ignore_ascii_case(host));
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let is_github = host.eq_ignore_ascii_case("github.com");
    let of = |field, path: &str, words| Watched {
        field,
        value: format!("{scheme}://{host}/{path}"),
        words,
    };
    let repository = "what the repository signs";
    Some(match parts.as_slice() {
        _ if host.is_empty() || parts.contains(&"..") => return None,
        [""] if is_forge => return None,
        [""] => Watched {
            field: "san",
            value: format!("domain:{}", host.split(':').next().unwrap_or(host)),
            words: "what is signed with any identity of the host",
        },
        _ if parts.contains(&"") && !path.contains("//.gitlab-ci.yml") => return None,
        [owner] => of(
            "source-repository-owner-uri",
            owner,
            "what all repositories of the owner sign",
        ),
        [_, _] => of("source-repository-uri", path, repository),
        // What a browser shows of a workflow is not what a certificate names.
        [_, _, ".github", "workflows", _] => exact(format!("glob:{scheme}://{host}/{path}@**")),
        [owner, name, ..] if is_github => of("source-repository-uri", &format!("{owner}/{name}"), repository),
        _ => of(
            "source-repository-uri",
            path.split("/-/").next().unwrap_or(path),
            repository,
        ),
    })
}

fn is_domain(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| !label.is_empty() && label.bytes().all(good);
    text.contains('.') && text.split('.').all(label)
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

    /// The rule that is written, whether it is sound and nothing is said of it.
    fn written(identity: &str) -> Result<String, NoIdentity> {
        let started = starter(Some(identity))?;
        let document = crate::yaml::parse(&started.text).unwrap();
        let settings = pass::Settings::from_value(&document.value).unwrap();
        assert_eq!(settings.rules.len(), 1, "{identity}");
        let now = sigstore::Timestamp::from_unix(1_795_123_456);
        let lints = rules::lint(&settings.rules, &document.value["rules"], now);
        assert!(lints.is_empty(), "{identity}: {lints:?}");
        let rule = &document.value["rules"][0]["match"];
        let (field, value) = rule.as_object().unwrap().iter().next().unwrap();
        let rule = format!("{field}: {}", value.as_str().unwrap());
        assert!(started.watches.unwrap().contains(&format!("(`{rule}`)")));
        Ok(rule)
    }

    #[test]
    fn what_is_written_is_what_was_meant() {
        for (identity, rule) in [
            ("me@example.com", "san: me@example.com"),
            ("mailto:me@example.com", "san: me@example.com"),
            ("Me <me@example.com>", "san: me@example.com"),
            ("@example.com", "san: domain:example.com"),
            ("Example.com", "san: domain:example.com"),
            ("https://git.example/", "san: domain:git.example"),
            (
                "https://github.com/acme",
                "source-repository-owner-uri: https://github.com/acme",
            ),
            (
                "https://github.com/acme/",
                "source-repository-owner-uri: https://github.com/acme",
            ),
            (
                "github.com/acme",
                "source-repository-owner-uri: https://github.com/acme",
            ),
            (
                "http://github.com/acme",
                "source-repository-owner-uri: https://github.com/acme",
            ),
            (
                "https://github.com/acme/x.git",
                "source-repository-uri: https://github.com/acme/x",
            ),
            (
                "git@github.com:acme/x.git",
                "source-repository-uri: https://github.com/acme/x",
            ),
            (
                "https://github.com/acme/tool/",
                "source-repository-uri: https://github.com/acme/tool",
            ),
            (
                "https://github.com/acme/tool/tree/main?x#y",
                "source-repository-uri: https://github.com/acme/tool",
            ),
            (
                "https://gitlab.com/a/b/c",
                "source-repository-uri: https://gitlab.com/a/b/c",
            ),
            (
                "https://github.com/acme/x/.github/workflows/y.yml",
                "san: glob:https://github.com/acme/x/.github/workflows/y.yml@**",
            ),
            (
                "https://github.com/acme/x/.github/workflows/y.yml@refs/heads/main",
                "san: https://github.com/acme/x/.github/workflows/y.yml@refs/heads/main",
            ),
            ("spiffe://example.com/x", "san: spiffe://example.com/x"),
        ] {
            assert_eq!(written(identity).as_deref(), Ok(rule), "{identity}");
        }
    }

    #[test]
    fn what_is_nobody_is_refused() {
        for identity in ["acme", "quote\"and: colon", "a@b", "@", "https://", "glob:x", "acme/x"] {
            assert!(matches!(written(identity), Err(NoIdentity::NoForm(_))), "{identity}");
        }
        for identity in ["https://github.com", "github.com", "github.com/", "@gmail.com"] {
            assert!(matches!(written(identity), Err(NoIdentity::Everybody(_))), "{identity}");
        }
        assert!(matches!(written("a@b\u{fc}cher.de"), Err(NoIdentity::NotAscii(_))));
        assert_eq!(written("two\nlines"), Err(NoIdentity::Unprintable));
        assert_eq!(
            written(&"x".repeat(MAX_IDENTITY_BYTES + 1)),
            Err(NoIdentity::Unprintable)
        );
    }

    #[test]
    fn without_an_identity_nobody_is_watched() {
        let started = starter(None).unwrap();
        let document = crate::yaml::parse(&started.text).unwrap();
        assert_eq!(pass::Settings::from_value(&document.value).unwrap().rules.len(), 0);
        assert_eq!(started.watches, None);
    }
}
