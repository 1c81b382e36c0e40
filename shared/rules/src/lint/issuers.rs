//! The issuers of Sigstore's public certificate authority, and what identities it writes for each.
//!
//! From the configuration of the public Fulcio (`config/identity/config.yaml` of sigstore/fulcio, as of August 2026), with
//! the three that its own identity provider stands for. An issuer that is not listed here may be any; those that are a
//! family (clusters, organisations of CircleCI, enterprises of GitHub) are left out. A private Fulcio has issuers of its
//! own, so nothing here says that a rule matches nothing.

use super::covers::Asker;
use crate::diagnostic::distance_of;
use crate::pattern::Pattern;
use sigstore::Field;

/// What the identity for an issuer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An e-mail address.
    Email,
    /// A URI that begins so.
    Uri(&'static str),
}

impl Form {
    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Email => "an e-mail address".to_owned(),
            Self::Uri(start) => format!("a URI that begins with `{start}`"),
        }
    }

    /// Whether the value, or whatever begins with it, may be of this form.
    pub(super) fn allows(self, value: &str) -> bool {
        match self {
            Self::Email => !value.contains("://"),
            Self::Uri(start) => {
                let (short, long) = if value.len() < start.len() {
                    (value, start)
                } else {
                    (start, value)
                };
                long.get(..short.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(short))
            }
        }
    }
}

const ISSUERS: [(&str, Form); 19] = [
    ("https://accounts.google.com", Form::Email),
    ("https://agent.buildkite.com", Form::Uri("https://buildkite.com/")),
    (
        "https://auth.eclipse.org/auth/realms/foundation-service-accounts",
        Form::Email,
    ),
    ("https://dev.gitlab.org", Form::Uri("https://dev.gitlab.org/")),
    ("https://github.com/login/oauth", Form::Email),
    (
        "https://gitlab.archlinux.org",
        Form::Uri("https://gitlab.archlinux.org/"),
    ),
    ("https://gitlab.com", Form::Uri("https://gitlab.com/")),
    ("https://issuer.enforce.dev", Form::Uri("https://issuer.enforce.dev/")),
    ("https://issuer.hello.coop", Form::Email),
    ("https://login.microsoftonline.com", Form::Email),
    ("https://oauth2.sigstore.dev/auth", Form::Email),
    (
        "https://oidc.buddyusercontent.com",
        Form::Uri("https://app.buddy.works/"),
    ),
    (
        "https://eu-oidc.buddyusercontent.com",
        Form::Uri("https://app.buddy.works/"),
    ),
    (
        "https://asia-oidc.buddyusercontent.com",
        Form::Uri("https://app.buddy.works/"),
    ),
    ("https://oidc.codefresh.io", Form::Uri("https://g.codefresh.io/")),
    ("https://ops.gitlab.net", Form::Uri("https://ops.gitlab.net/")),
    ("https://sigstore.verify.ibm.com/oauth2", Form::Email),
    (
        "https://token.actions.githubusercontent.com",
        Form::Uri("https://github.com/"),
    ),
    ("https://www.kaggle.com/api/v1/models/signing", Form::Email),
];

/// The form of the identities for this issuer, if it is a known one.
pub(super) fn form(issuer: &str) -> Option<Form> {
    let known = ISSUERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(issuer));
    known.map(|(_, form)| *form)
}

/// The known issuers that the pattern matches, with the forms of their identities.
pub(super) fn of(pattern: &Pattern) -> Vec<(&'static str, Form)> {
    if let Pattern::Exact(text) = pattern {
        let known = ISSUERS
            .into_iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(text));
        return known.collect();
    }
    let Some(asker) = Asker::of(&Field::Issuer, pattern) else {
        return Vec::new();
    };
    let takes = |issuer: &str| asker.holds(issuer) == Some(true);
    ISSUERS.into_iter().filter(|(issuer, _)| takes(issuer)).collect()
}

/// Letters by which a mistyped issuer differs.
const MISTYPED: usize = 2;

/// The known issuer that was meant by one that is none: without its scheme, with a slash, mistyped.
pub(super) fn meant(issuer: &str) -> Option<&'static str> {
    if form(issuer).is_some() {
        return None;
    }
    let bare = bare(issuer);
    let same = ISSUERS
        .iter()
        .find(|(known, _)| self::bare(known).eq_ignore_ascii_case(bare));
    let near = || {
        let near = |known: &str| distance_of(&self::bare(known).to_ascii_lowercase(), &bare.to_ascii_lowercase());
        ISSUERS.iter().find(|(known, _)| near(known) <= MISTYPED)
    };
    same.or_else(near).map(|(known, _)| *known)
}

fn bare(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

/// Whether values of the field are identities.
pub(super) const fn is_identity(field: &Field) -> bool {
    matches!(field, Field::San | Field::Subject)
}
