//! The names of the objects that a deployment keeps.
//!
//! Sizes and positions are zero-padded to 20 digits, so that a listing is in the order of the log. Nothing here reads
//! or writes; every name that comes out satisfies [`crate::check_name`].

use core::fmt::{self, Write as _};
use tlog::Hash;

/// The longest origin that names a log, in bytes once it is escaped. C2SP sets no limit; file systems take 255 bytes
/// for a part of a name, of which an epoch and an ending need some.
pub const MAX_ORIGIN_BYTES: usize = 240;

/// Where the inventory of the deployment stands.
pub const DEPLOYMENT: &str = "state/deployment.json";

/// Where the trust that a TUF repository vouches for is kept, as it came from there.
pub const TRUST: &str = "state/trust.json";

/// The tips of all receipt chains, for others to compare.
pub const TIP: &str = "public/tip.json";

/// Every configuration that was in force begins with this.
pub const CONFIGS: &str = "audit/config/";

/// The entries that rules with a ledger found.
pub const LEDGERS: &str = "audit/ledgers/";

/// One log in one epoch: the folder below `audit/` that holds its record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogFolder {
    escaped: String,
    epoch: u32,
}

impl LogFolder {
    /// The folder of the log with this origin. The first epoch is 1; later ones get a suffix (`~2`).
    #[must_use]
    pub fn new(origin: &str, epoch: u32) -> Self {
        Self {
            escaped: escape(origin),
            epoch,
        }
    }

    /// The folder of another epoch of the same log.
    #[must_use]
    pub fn with_epoch(&self, epoch: u32) -> Self {
        Self {
            escaped: self.escaped.clone(),
            epoch,
        }
    }

    /// The epoch, from 1.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The pointer: one for all epochs.
    #[must_use]
    pub fn state(&self) -> String {
        format!("state/{}.json", self.escaped)
    }

    /// The whole record of this epoch begins with this.
    #[must_use]
    pub fn all(&self) -> String {
        format!("audit/{self}/")
    }

    /// How this epoch began.
    #[must_use]
    pub fn start(&self) -> String {
        format!("audit/{self}/start.json")
    }

    /// The receipt of the span that begins at `from`.
    #[must_use]
    pub fn receipt(&self, from: u64) -> String {
        format!("audit/{self}/receipts/{from:020}.json")
    }

    /// All receipts begin with this.
    #[must_use]
    pub fn receipts(&self) -> String {
        format!("audit/{self}/receipts/")
    }

    /// An accepted head.
    #[must_use]
    pub fn checkpoint(&self, size: u64, root: &Hash) -> String {
        format!("audit/{self}/checkpoints/{size:020}-{root}.json")
    }

    /// All heads begin with this.
    #[must_use]
    pub fn checkpoints(&self) -> String {
        format!("audit/{self}/checkpoints/")
    }

    /// All heads of this size begin with this.
    #[must_use]
    pub fn checkpoints_of(&self, size: u64) -> String {
        format!("audit/{self}/checkpoints/{size:020}-")
    }

    /// The findings of the span that begins at `from`, under the hash of their content.
    #[must_use]
    pub fn findings(&self, from: u64, content: &Hash) -> String {
        format!("audit/{self}/findings/{from:020}-{content}.jsonl")
    }

    /// The undecodable leaves of the span that begins at `from`, under the hash of their content.
    #[must_use]
    pub fn quarantine(&self, from: u64, content: &Hash) -> String {
        format!("audit/{self}/quarantine/{from:020}-{content}.jsonl")
    }

    /// That a ledger explains the finding of this id.
    #[must_use]
    pub fn authorised(&self, finding: &str) -> String {
        format!("audit/{self}/authorised/{finding}.json")
    }

    /// A piece of evidence.
    #[must_use]
    pub fn evidence(&self, id: &str) -> String {
        format!("audit/{self}/evidence/{id}.json")
    }

    /// All evidence begins with this.
    #[must_use]
    pub fn all_evidence(&self) -> String {
        format!("audit/{self}/evidence/")
    }

    /// An operator's acknowledgement of a piece of evidence.
    #[must_use]
    pub fn acknowledgement(&self, id: &str) -> String {
        format!("audit/{self}/evidence/{id}.ack.json")
    }

    /// What a second reading of a range found.
    #[must_use]
    pub fn rescan(&self, pass: &str, from: u64, to: u64) -> String {
        format!("scans/{self}/{from:020}-{to:020}-{pass}.jsonl")
    }

    /// The evidence of a violation that a second reading found.
    #[must_use]
    pub fn rescan_evidence(&self, id: &str) -> String {
        format!("scans/{self}/{id}.json")
    }

    /// That a rule was asked of a range which had been read without it.
    #[must_use]
    pub fn asked(&self, question: &Hash, from: u64, to: u64) -> String {
        format!("scans/rules/{question}/{self}/{from:020}-{to:020}.json")
    }

    /// All ranges of this epoch that a rule was asked of afterwards begin with this.
    #[must_use]
    pub fn all_asked(&self, question: &Hash) -> String {
        format!("scans/rules/{question}/{self}/")
    }

    /// Our latest verified checkpoint, for others to compare.
    #[must_use]
    pub fn public_checkpoint(&self) -> String {
        format!("public/{}/checkpoint", self.escaped)
    }
}

impl fmt::Display for LogFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            0 | 1 => f.write_str(&self.escaped),
            epoch => write!(f, "{}~{epoch}", self.escaped),
        }
    }
}

/// The configuration that was in force, by the hash of its bytes.
#[must_use]
pub fn config(content: &Hash) -> String {
    format!("audit/config/{content}.yaml")
}

/// The trust that was in force, by the hash of its bytes.
#[must_use]
pub fn trust(content: &Hash) -> String {
    format!("audit/trust/{content}.json")
}

/// All entries of a digest that rules with this ledger found begin with this.
#[must_use]
pub fn ledger_entries(ledger: &str, digest: &str) -> String {
    format!("{LEDGERS}{ledger}/entries/{digest}-")
}

/// One of them.
#[must_use]
pub fn ledger_entry(ledger: &str, digest: &str, finding: &str) -> String {
    format!("{}{finding}.json", ledger_entries(ledger, digest))
}

/// The 20 digits at the start of a name's last part: the position or size that it stands for.
#[must_use]
pub fn position(name: &str) -> Option<u64> {
    let last = name.rsplit('/').next()?;
    last.get(..20)?.parse().ok()
}

/// The two positions at the start of a name's last part: the range that it stands for.
#[must_use]
pub fn range(name: &str) -> Option<(u64, u64)> {
    let last = name.rsplit('/').next()?;
    let to = last.get(20..)?.strip_prefix('-')?.get(..20)?;
    Some((position(name)?, to.parse().ok()?))
}

/// Whether an origin can name a log here: one line, and short enough once it is escaped.
#[must_use]
pub fn is_name(origin: &str) -> bool {
    !origin.is_empty() && !origin.chars().any(char::is_control) && escape(origin).len() <= MAX_ORIGIN_BYTES
}

/// What stands beside logs in a folder; a log of such a name is escaped.
const RESERVED: [&str; 5] = ["config", "trust", "ledgers", "deployment", "tip.json"];

fn escape(origin: &str) -> String {
    let reserved = RESERVED.contains(&origin);
    let mut escaped = String::with_capacity(origin.len());
    for (at, byte) in origin.bytes().enumerate() {
        let dots_only = origin.bytes().all(|byte| byte == b'.');
        if (byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) && !dots_only && !(reserved && at == 0) {
            escaped.push(char::from(byte));
        } else {
            let _infallible = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_readable_and_safe() {
        let check = |origin: &str, expect: &str| {
            let folder = LogFolder::new(origin, 1);
            assert_eq!(folder.to_string(), expect);
            assert!(crate::check_name(&folder.receipt(u64::MAX)));
            assert!(crate::check_name(&folder.state()));
        };
        check("log2025-1.rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev");
        check(
            "rekor.sigstore.dev - 1193050959916656506",
            "rekor.sigstore.dev%20-%201193050959916656506",
        );
        check("127.0.0.1:8080/a", "127.0.0.1%3A8080%2Fa");
        check("..", "%2E%2E");
        check("a~2", "a%7E2");
        check("config", "%63onfig");
        check("trust", "%74rust");
        check("ledgers", "%6Cedgers");
        check("deployment", "%64eployment");
        check("tip.json", "%74ip.json");
        assert_eq!(
            LogFolder::new("x", 2).receipt(256),
            "audit/x~2/receipts/00000000000000000256.json"
        );
        assert_eq!(position("audit/x/receipts/00000000000000000256.json"), Some(256));
        assert_eq!(position("audit/x/receipts/nothing"), None);
        let asked = LogFolder::new("rules", 2).asked(&Hash::EMPTY_ROOT, 7, 256);
        assert!(crate::check_name(&asked));
        assert!(asked.starts_with(&LogFolder::new("rules", 2).all_asked(&Hash::EMPTY_ROOT)));
        assert_eq!(range(&asked), Some((7, 256)));
        assert_eq!(range("scans/x/00000000000000000007.json"), None);
        assert_eq!(range("scans/x/00000000000000000007-12.json"), None);
    }
}
