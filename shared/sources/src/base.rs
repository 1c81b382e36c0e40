//! Where a log is read: the rules for the URLs of a configuration and of a trusted root. Pure.

use core::fmt;
use std::path::PathBuf;
use url::Url;

/// The longest URL that is taken. Common servers stop at 8 KiB; a log's base is far shorter.
pub const MAX_URL_BYTES: usize = 2048;

/// What an empty path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A Rekor v2 log: over HTTP, an empty path reads under `/api/v2`.
    RekorV2,
    /// Any tiled log: the URL is the folder that holds `checkpoint`.
    Tiled,
}

/// The folder that holds a log's `checkpoint` and `tile/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Over HTTP. Without a slash at the end.
    Http(Url),
    /// On this machine; absolute.
    Folder(PathBuf),
}

/// A URL that no log is read from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL.
    #[error("not a URL: {0}")]
    Form(#[from] url::ParseError),
    /// Longer than [`MAX_URL_BYTES`].
    #[error("longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Another scheme.
    #[error("the scheme `{scheme}` is not read; use https://, http:// or file://")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// A user name or a password. Logs are public, and URLs are written into records and alerts.
    #[error("credentials in a URL are not used; take them out")]
    Credentials,
    /// A query or a fragment, which tiles cannot be appended to.
    #[error("a log's URL has no query (`?`) and no fragment (`#`)")]
    Query,
    /// A `file:` URL of another machine, or without an absolute path.
    #[error("a file URL names an absolute path of this machine: file:///path/to/log")]
    NotLocal,
}

/// The folder that this URL means.
///
/// # Errors
/// [`UrlError`].
pub fn resolve(url: &str, layout: Layout) -> Result<Base, UrlError> {
    if url.len() > MAX_URL_BYTES {
        return Err(UrlError::TooLong);
    }
    let mut parsed = Url::parse(url)?;
    if !matches!(parsed.scheme(), "http" | "https" | "file") {
        return Err(UrlError::Scheme {
            scheme: parsed.scheme().to_owned(),
        });
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(UrlError::Credentials);
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(UrlError::Query);
    }
    if parsed.scheme() == "file" {
        return folder(url, &parsed);
    }
    let path = match (parsed.path().trim_end_matches('/'), layout) {
        ("", Layout::RekorV2) => "/api/v2".to_owned(),
        (path, Layout::RekorV2 | Layout::Tiled) => path.to_owned(),
    };
    parsed.set_path(&path);
    Ok(Base::Http(parsed))
}

/// The URL parser completes `file:a/b` and `file://./a` to something absolute, which nobody meant.
fn folder(url: &str, parsed: &Url) -> Result<Base, UrlError> {
    let rest = url.get("file:".len()..).unwrap_or_default();
    let absolute = ["///", "//localhost/"].iter().any(|start| rest.starts_with(start));
    let path = parsed
        .to_file_path()
        .ok()
        .filter(|_| absolute && parsed.host().is_none());
    let path = path
        .filter(|path| !path.as_os_str().as_encoded_bytes().contains(&0))
        .ok_or(UrlError::NotLocal)?;
    // By its components, that is without a slash at the end.
    Ok(Base::Folder(path.components().collect()))
}

impl Base {
    /// The URL of an object below an HTTP base. `path` is relative, as tlog-tiles spells it.
    pub(crate) fn join(base: &Url, path: &str) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
        url
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Base, Layout, MAX_URL_BYTES, UrlError, resolve};
    use std::path::Path;

    fn check(url: &str, layout: Layout, expect: &str) {
        let base = resolve(url, layout).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(base.to_string(), expect, "{url}");
        let Base::Http(url) = base else { return };
        assert_eq!(
            Base::join(&url, "tile/0/x001/234.p/7").as_str(),
            format!("{expect}/tile/0/x001/234.p/7")
        );
    }

    #[test]
    fn an_empty_path_of_rekor_v2_reads_under_api_v2() {
        for url in [
            "https://log2025-1.rekor.sigstore.dev",
            "https://log2025-1.rekor.sigstore.dev/",
        ] {
            check(url, Layout::RekorV2, "https://log2025-1.rekor.sigstore.dev/api/v2");
            check(url, Layout::Tiled, "https://log2025-1.rekor.sigstore.dev");
        }
        check("http://127.0.0.1:8080", Layout::RekorV2, "http://127.0.0.1:8080/api/v2");
    }

    #[test]
    fn any_other_path_is_the_folder() {
        for layout in [Layout::RekorV2, Layout::Tiled] {
            check("http://127.0.0.1:8080/api/v2", layout, "http://127.0.0.1:8080/api/v2");
            check("http://127.0.0.1:8080/api/v2/", layout, "http://127.0.0.1:8080/api/v2");
            check(
                "https://Example.ORG:443/logs/a%20b//",
                layout,
                "https://example.org/logs/a%20b",
            );
            check("http://[::1]:80/x", layout, "http://[::1]/x");
        }
    }

    #[test]
    fn files_are_absolute_and_of_this_machine() {
        for url in [
            "file:///srv/my%20log",
            "file:///srv/my%20log/",
            "file://localhost/srv/my%20log",
        ] {
            let Base::Folder(folder) = resolve(url, Layout::RekorV2).unwrap() else {
                panic!("{url}")
            };
            assert_eq!(folder, Path::new("/srv/my log"), "{url}");
            assert_eq!(folder.to_str(), Some("/srv/my log"), "{url}");
        }
        for url in [
            "file://srv/log",
            "file:srv/log",
            "file:/srv/log",
            "file://./log",
            "file:///a%00b",
        ] {
            assert_eq!(resolve(url, Layout::Tiled), Err(UrlError::NotLocal), "{url}");
        }
    }

    #[test]
    fn what_is_refused() {
        let refused = |url: &str| resolve(url, Layout::Tiled).expect_err(url);
        assert_eq!(
            refused("ftp://example.org/"),
            UrlError::Scheme {
                scheme: "ftp".to_owned()
            }
        );
        assert_eq!(
            refused("s3://bucket/log"),
            UrlError::Scheme {
                scheme: "s3".to_owned()
            }
        );
        assert_eq!(refused("https://me@example.org/"), UrlError::Credentials);
        assert_eq!(refused("https://:secret@example.org/"), UrlError::Credentials);
        assert_eq!(refused("https://example.org/?x=1"), UrlError::Query);
        assert_eq!(refused("https://example.org/?"), UrlError::Query);
        assert_eq!(refused("https://example.org/#x"), UrlError::Query);
        assert!(matches!(refused("example.org"), UrlError::Form(_)));
        assert!(matches!(refused("https://"), UrlError::Form(_)));
        assert!(matches!(refused(""), UrlError::Form(_)));
        assert_eq!(
            refused(&format!("https://example.org/{}", "a".repeat(MAX_URL_BYTES))),
            UrlError::TooLong
        );
    }
}
