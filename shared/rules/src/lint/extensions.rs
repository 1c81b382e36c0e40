//! What the values of Fulcio's extensions look like: its `docs/oid-info.md`, and what GitHub and GitLab put there.

use super::outsiders::FORGES;
use crate::diagnostic::nearest;
use sigstore::{Field, fulcio};

/// What is wrong with a value, and what was probably meant.
pub(super) type Wrong = (&'static str, Option<String>);

const NO_SCHEME: &str = "has no scheme: Fulcio writes a whole URL";

/// What is wrong with a whole value.
pub(super) fn whole(field: &Field, text: &str) -> Option<Wrong> {
    match number(field)? {
        5 => repository_name(text),
        6 | 14 => reference(text),
        3 | 10 | 13 | 19 => commit(text),
        12 => url(text).or_else(|| repository(text)),
        16 => url(text).or_else(|| owner(text)),
        9 | 18 => url(text).or_else(|| workflow(text)),
        15 | 17 => identifier(text),
        2 | 20 => word(text, &TRIGGERS, "is no event as GitHub and GitLab name them"),
        11 => word(text, &RUNNERS, "is no environment as GitHub and GitLab name them"),
        21 => url(text),
        22 => word(text, &VISIBILITIES, "is no visibility as GitHub and GitLab name them"),
        _ => None,
    }
}

/// What is wrong with the beginning of a value.
pub(super) fn beginning(field: &Field, head: &str) -> Option<Wrong> {
    let begins = |with: &str| head.starts_with(with) || with.starts_with(head);
    match number(field)? {
        6 | 14 if !begins("refs/") => Some((
            "does not begin with `refs/`, as the refs of GitHub and GitLab do",
            Some(format!("prefix:refs/heads/{head}")),
        )),
        9 | 12 | 16 | 18 | 21 if !head.contains("://") && !begins("https://") && !begins("http://") => {
            let meant = with_scheme(head).unwrap_or_else(|| format!("https://github.com/{head}"));
            Some((NO_SCHEME, Some(format!("prefix:{meant}"))))
        }
        5 if head.contains("://") => {
            let path = path(head).unwrap_or_default();
            let meant = (!path.is_empty()).then(|| format!("prefix:{path}"));
            Some(("is a URL, and GitHub writes `owner/repository` here", meant))
        }
        _ => None,
    }
}

fn number(field: &Field) -> Option<u8> {
    match field {
        Field::Extension(oid) => fulcio::number_of(oid.as_bytes()),
        _ => None,
    }
}

/// The URL that is meant by `github.com/…`.
pub(super) fn with_scheme(text: &str) -> Option<String> {
    let (host, _) = text.split_once('/')?;
    let forge = FORGES
        .iter()
        .find(|forge| forge.trim_start_matches("https://").eq_ignore_ascii_case(host))?;
    Some(format!("{forge}{}", text.get(host.len()..).unwrap_or_default()))
}

/// A URL without what people leave at its end: slashes, and the `.git` of a remote.
pub(super) fn bare(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

/// What stands behind the host of a URL.
fn path(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split_once('/').map(|(_, path)| path)
}

/// The path of a URL at a host of which the form is known.
fn forge_path(url: &str) -> Option<&str> {
    let path = path(url)?;
    let host = url.get(..url.len() - path.len())?.trim_end_matches('/');
    FORGES
        .iter()
        .any(|forge| forge.eq_ignore_ascii_case(host))
        .then_some(path)
}

/// A value that is to be a URL, with nothing at its end.
fn url(text: &str) -> Option<Wrong> {
    if !text.contains("://") {
        let meant = with_scheme(text).or_else(|| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
            text.bytes()
                .all(plain)
                .then(|| format!("https://github.com/{}", text.trim_matches('/')))
        });
        return Some((NO_SCHEME, meant.map(|meant| bare(&meant).to_owned())));
    }
    (text.ends_with('/')).then(|| ("ends in a slash, and Fulcio writes none", Some(bare(text).to_owned())))
}

fn is_github(text: &str) -> bool {
    text.get(..19)
        .is_some_and(|start| start.eq_ignore_ascii_case("https://github.com/"))
}

fn owner(text: &str) -> Option<Wrong> {
    let (owner, _) = forge_path(text)?.split_once('/').filter(|_| is_github(text))?;
    let meant = format!("https://github.com/{owner}");
    Some(("is a repository, and this is the URL of its owner", Some(meant)))
}

fn repository(text: &str) -> Option<Wrong> {
    let path = forge_path(text)?;
    if path.ends_with(".git") {
        return Some((
            "ends in `.git`, which GitHub and GitLab do not write",
            Some(bare(text).to_owned()),
        ));
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [_] => Some((
            "is an owner, and this is the URL of a repository",
            Some(format!("source-repository-owner-uri: {text}")),
        )),
        [owner, name, _, ..] if is_github(text) => Some((
            "is more than the URL of a repository",
            Some(format!("https://github.com/{owner}/{name}")),
        )),
        _ => None,
    }
}

fn workflow(text: &str) -> Option<Wrong> {
    forge_path(text).filter(|path| !path.contains('@'))?;
    let wrong = "has no ref: GitHub and GitLab write the file and its ref (`…@refs/…`)";
    Some((wrong, Some(format!("glob:{}@**", text.trim_end_matches('/')))))
}

fn repository_name(text: &str) -> Option<Wrong> {
    let rest = path(text).or_else(|| {
        with_scheme(text)
            .is_some()
            .then(|| text.split_once('/').map(|(_, rest)| rest))?
    });
    let meant = bare(rest.unwrap_or(text)).trim_start_matches('/');
    if meant == text {
        let is_name = text.split('/').count() == 2;
        return (!is_name).then_some(("is no `owner/repository`, as GitHub writes it here", None));
    }
    Some((
        "is not written as `owner/repository`, as GitHub writes it here",
        Some(meant.to_owned()),
    ))
}

fn reference(text: &str) -> Option<Wrong> {
    if text.starts_with("refs/") {
        return None;
    }
    let rest = text.trim_start_matches('/');
    let digits = rest.strip_prefix('v').unwrap_or(rest);
    let is_version = digits.starts_with(|letter: char| letter.is_ascii_digit());
    let meant = match (rest.starts_with("heads/") || rest.starts_with("tags/"), is_version) {
        (true, _) => format!("refs/{rest}"),
        (false, true) => format!("refs/tags/{rest}"),
        (false, false) => format!("refs/heads/{rest}"),
    };
    Some((
        "does not begin with `refs/`, as the refs of GitHub and GitLab do",
        Some(meant),
    ))
}

/// Digits of a commit's id, of SHA-1 and of SHA-256.
const COMMIT_DIGITS: [usize; 2] = [40, 64];

fn commit(text: &str) -> Option<Wrong> {
    // The kind of the digest may stand before it.
    let digits = text.rsplit_once(':').map_or(text, |(_, digits)| digits);
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some((
            "has capital letters, and ids of commits have none",
            Some(text.to_lowercase()),
        ));
    }
    if is_hex && COMMIT_DIGITS.contains(&digits.len()) {
        return None;
    }
    let meant = (is_hex && digits.len() < 40).then(|| format!("prefix:{text}"));
    Some((
        "is no whole id of a commit, which has 40 hexadecimal digits or 64",
        meant,
    ))
}

fn identifier(text: &str) -> Option<Wrong> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then_some((
        "is no number, which the identifiers of GitHub and GitLab are; the names of owners and repositories stand in `source-repository-owner-uri` and `source-repository-uri`",
        None,
    ))
}

const TRIGGERS: [&str; 14] = [
    "push",
    "pull_request",
    "pull_request_target",
    "workflow_dispatch",
    "workflow_run",
    "workflow_call",
    "repository_dispatch",
    "schedule",
    "release",
    "merge_group",
    "merge_request_event",
    "pipeline",
    "web",
    "trigger",
];

const RUNNERS: [&str; 3] = ["github-hosted", "gitlab-hosted", "self-hosted"];

const VISIBILITIES: [&str; 3] = ["public", "private", "internal"];

/// A word that is none of those known and nearly one. Others may be somebody's.
fn word(text: &str, known: &[&str], wrong: &'static str) -> Option<Wrong> {
    if known.contains(&text) {
        return None;
    }
    let folded = text.to_lowercase().replace('-', "_");
    let same = known.iter().find(|known| known.replace('-', "_") == folded);
    let near = || nearest(text, known.iter().copied()).filter(|near| near.len().abs_diff(text.len()) <= 1);
    let meant = same.map(|known| (*known).to_owned()).or_else(near)?;
    Some((wrong, Some(meant)))
}
