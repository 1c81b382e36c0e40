//! Hosts and domains at which anybody may have a name, so that being there says nothing of who somebody is.
//!
//! Only those that everybody knows; one that is missing costs a warning, not a match.

/// Hosts of repositories.
pub const OPEN_HOSTS: [&str; 2] = ["github.com", "gitlab.com"];

/// Domains of e-mail addresses.
pub const OPEN_MAIL: [&str; 8] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "users.noreply.github.com",
];
