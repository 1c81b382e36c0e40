//! A request as far as a log looks at it.

use testlog::Resource;

/// A request for something of a log.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The path relative to the log.
    pub path: String,
    /// What that is, if it is anything.
    pub resource: Option<Resource>,
    /// It insists on passing caches.
    pub no_cache: bool,
    /// It takes gzip.
    pub gzip: bool,
    /// It follows a redirect of ours; no rule applies to it.
    pub redirected: bool,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The number of its connection.
    pub connection: u64,
    /// `127.0.0.1:<port>`, and before it the name of the log: to build redirects from.
    pub host: String,
    /// The log's name.
    pub log: String,
}

/// A request that came, for tests of a client's manners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The path relative to the log.
    pub path: String,
    /// It said `Cache-Control: no-cache`.
    pub no_cache: bool,
    /// It said that it takes gzip.
    pub gzip: bool,
    /// It followed a redirect.
    pub redirected: bool,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Requests with the same number came over one connection.
    pub connection: u64,
}

impl Request {
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            path: self.path.clone(),
            no_cache: self.no_cache,
            gzip: self.gzip,
            redirected: self.redirected,
            user_agent: self.user_agent.clone(),
            connection: self.connection,
        }
    }
}
