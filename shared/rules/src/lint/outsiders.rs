//! Identities that anybody can have: whom a pattern lets in beside those that it is meant for.
//!
//! Nothing is concluded from how a pattern is written. An identity is made that is a stranger's by its form, and the matcher
//! says whether the pattern takes it; where none is found, there may still be one.

use super::covers::Asker;
use super::sample::value;
use crate::field::{Standard, standard};
use crate::form::domain;
use crate::open_names::OPEN_MAIL;
use crate::pattern::Pattern;
use sigstore::Field;

/// [`crate::OPEN_HOSTS`], as the URLs there begin.
pub(super) const FORGES: [&str; 2] = ["https://github.com", "https://gitlab.com"];

/// Strangers as they are, whatever the pattern.
const STRANGERS: [&str; 9] = [
    "https://github.com/mallory/tool/.github/workflows/release.yml@refs/heads/main",
    "https://github.com/mallory/tool/.github/workflows/release.yml@refs/tags/v1",
    "https://gitlab.com/mallory/tool//.gitlab-ci.yml@refs/heads/main",
    "https://github.com/mallory/tool",
    "https://github.com/mallory",
    "https://mallory.example/tool",
    "mallory@gmail.com",
    "mallory@outlook.com",
    "mallory@mallory.example",
];

/// What strangers put in the place of wildcards.
const FILLINGS: [&[&str]; 9] = [
    &["mallory"],
    &["mallory/tool"],
    &["mallory.example"],
    &["mallory.example/tool"],
    &["https", "mallory.example/tool"],
    &[".mallory.example/tool"],
    &["https://github.com/mallory/tool"],
    &["https://github.com/mallory/tool/.github/workflows"],
    &["https://github.com/mallory/tool/.github/workflows/release.yml"],
];

/// An identity that the pattern takes and that is a stranger's.
pub(super) fn stranger(field: &Field, pattern: &Pattern) -> Option<String> {
    // What is compared as it stands is somebody, whoever that is.
    if matches!(pattern, Pattern::Exact(_)) {
        return None;
    }
    let asker = Asker::of(field, pattern)?;
    let takes = |value: &str| asker.holds(value) == Some(true);
    let fits = |value: &&str| {
        (!is_certified(field) || is_strange(field, value))
            && (standard(field) != Standard::Uri || value.contains("://"))
    };
    let plain = STRANGERS.into_iter().filter(fits).find(|value| takes(value));
    let made = || {
        let mut made = FILLINGS.iter().filter_map(|fillings| value(field, pattern, fillings));
        made.find(|value| is_strange(field, value) && takes(value))
    };
    let mail = || {
        OPEN_MAIL
            .iter()
            .map(|domain| format!("mallory@{domain}"))
            .find(|it| takes(it))
    };
    plain.map(str::to_owned).or_else(made).or_else(mail)
}

/// Whether values of the field are names in certificates.
const fn is_certified(field: &Field) -> bool {
    matches!(field, Field::San | Field::Subject)
}

/// Whether the value is a stranger's by its form.
fn is_strange(field: &Field, value: &str) -> bool {
    let Some(domain) = domain(standard(field), value) else {
        return false;
    };
    if domain == "mallory.example" || domain.ends_with(".mallory.example") {
        return true;
    }
    match value.split_once("://") {
        None => value.contains('@') && OPEN_MAIL.contains(&domain),
        Some((_, rest)) => {
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            let is_forge = FORGES.iter().any(|forge| forge.ends_with(&format!("/{domain}")));
            // Whatever stands behind the workflow is a ref, and a certificate's name has one.
            let at = path.split_once('@').map(|(_, at)| at.starts_with("refs/"));
            let has_ref = at.unwrap_or(!is_certified(field));
            is_forge && has_ref && path.split(['/', '@']).next() == Some("mallory")
        }
    }
}

/// A value of another host that begins as the pattern does, where that ends within the host: `prefix:https://a.example`.
pub(super) fn open_host(field: &Field, pattern: &Pattern) -> Option<(String, String)> {
    let head = match pattern {
        Pattern::Prefix(text) => text,
        Pattern::Glob(text) => text.split(['*', '?']).next()?,
        Pattern::Exact(_) | Pattern::Regex(_) | Pattern::Suffix(_) | Pattern::Domain(_) => return None,
    };
    let (_, host) = head.split_once("://")?;
    if host.contains(['/', '@', ':']) || !host.contains('.') || host.ends_with('.') {
        return None;
    }
    let fillings: [&[&str]; 2] = [&[".mallory.example"], &[".mallory.example/x"]];
    let asker = Asker::of(field, pattern)?;
    let mut values = fillings.iter().filter_map(|fillings| value(field, pattern, fillings));
    let value = values.find(|value| asker.holds(value) == Some(true) && is_strange(field, value))?;
    Some((head.to_owned(), value))
}

/// A value that the pattern takes, of another workflow than it says: what it asks for at the end stands in the name of a
/// branch. Behind it the same value without that end, which the pattern does not take.
pub(super) fn within_branch(field: &Field, pattern: &Pattern) -> Option<String> {
    if matches!(pattern, Pattern::Exact(_) | Pattern::Domain(_)) {
        return None;
    }
    let evil = [
        "widgets/.github/workflows/evil.yml@refs/heads/x",
        ".github/workflows/evil.yml@refs/heads/x",
        "evil.yml@refs/heads/x",
        "https://github.com/acme/widgets/.github/workflows/evil.yml@refs/heads/x",
    ];
    let asker = Asker::of(field, pattern)?;
    let takes = |value: &str| asker.holds(value) == Some(true);
    (0..MAX_WILDCARDS).find_map(|before| {
        evil.iter().find_map(|evil| {
            let mut fillings = vec!["x"; before];
            fillings.push(evil);
            fillings.extend(["x"; MAX_WILDCARDS]);
            let value = value(field, pattern, &fillings)?;
            let at = value.find(evil)?;
            let plain = value.get(..at + evil.len())?;
            // What is asked for behind it is a file or a ref, and not the domain of an address.
            let is_path = |rest: &str| rest.contains('/') || (rest.contains('@') && !rest.starts_with('@'));
            let is_path = value.get(plain.len()..).is_some_and(is_path);
            let is_hidden = is_path && takes(&value) && !takes(plain);
            (is_hidden && value.contains("://") && is_ref_legal(&value)).then_some(value)
        })
    })
}

/// Wildcards of a pattern of which one may stand for a branch.
const MAX_WILDCARDS: usize = 4;

/// Whether what stands behind the first `@` of the path may be the name of a ref (git-check-ref-format).
fn is_ref_legal(value: &str) -> bool {
    let Some((_, name)) = value.split_once('@') else {
        return false;
    };
    let bad = [' ', '~', '^', ':', '?', '*', '[', '\\'];
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.contains("..")
        && !name.contains("@{")
        && !name.contains(bad)
        && !name.ends_with('.')
        && name.split('/').all(part)
}
