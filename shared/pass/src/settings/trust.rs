//! The `trust:` block: where the logs and their keys come from.

use super::fields::Fields;
use serde_json::Value;

/// Where the logs and their keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustChoice {
    /// The dated public trusted root that ships inside.
    Public,
    /// A file in Sigstore's trusted-root format; a relative path is meant from the folder of the configuration.
    TrustedRoot(String),
    /// A TUF repository.
    Tuf(TufChoice),
}

/// Which TUF repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TufChoice {
    /// Sigstore's own.
    Production,
    /// The one that Sigstore tries things in.
    Staging,
    /// Another.
    Own {
        /// Where it is: over HTTP, or a folder.
        url: String,
        /// The file of the root that it is verified from; a relative path is meant from the folder of the configuration.
        root: String,
    },
}

impl TrustChoice {
    /// The file that it names, and the key under which it does.
    #[must_use]
    pub fn file(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::TrustedRoot(file) => Some(("trust.trusted_root", file)),
            Self::Tuf(TufChoice::Own { root, .. }) => Some(("trust.tuf.root", root)),
            Self::Public | Self::Tuf(TufChoice::Production | TufChoice::Staging) => None,
        }
    }
}

/// The repositories that have a word of their own.
const WORDS: [&str; 2] = ["production", "staging"];

pub(super) fn read_trust(top: &mut Fields<'_, '_>) -> TrustChoice {
    let Some(value) = top.take("trust") else {
        return TrustChoice::Public;
    };
    let path = top.path("trust");
    let Some(mut trust) = Fields::open(value, &path, &["trusted_root", "tuf"], top.problems) else {
        return TrustChoice::Public;
    };
    match (trust.take("trusted_root"), trust.take("tuf")) {
        (Some(_), Some(_)) => {
            let message = "`trusted_root` and `tuf` exclude one another: one of them says what is trusted";
            trust.complain("tuf", message.to_owned(), None);
            TrustChoice::Public
        }
        (None, Some(tuf)) => read_tuf(tuf, &mut trust).map_or(TrustChoice::Public, TrustChoice::Tuf),
        (Some(_), None) => {
            let file = trust.text("trusted_root");
            file.map_or(TrustChoice::Public, TrustChoice::TrustedRoot)
        }
        (None, None) => {
            trust.complain("", "`trusted_root` or `tuf` is missing".to_owned(), None);
            TrustChoice::Public
        }
    }
}

fn read_tuf(value: &Value, trust: &mut Fields<'_, '_>) -> Option<TufChoice> {
    match value.as_str() {
        Some("production") => return Some(TufChoice::Production),
        Some("staging") => return Some(TufChoice::Staging),
        Some(word) => {
            let message =
                format!("`{word}` is no TUF repository; write production, staging, or {{url: …, root: FILE}}");
            trust.complain("tuf", message, rules::nearest(word, WORDS));
            return None;
        }
        None if !value.is_object() => {
            let message = "write production, staging, or {url: …, root: FILE}";
            trust.complain("tuf", message.to_owned(), None);
            return None;
        }
        None => {}
    }
    let path = trust.path("tuf");
    let mut own = Fields::open(value, &path, &["url", "root"], trust.problems)?;
    let (url, root) = (own.required("url"), own.required("root"));
    if let Some(url) = &url {
        super::fields::check_url(url, &mut own);
    }
    Some(TufChoice::Own { url: url?, root: root? })
}
