//! One reading of a repository: from the pinned root to the files that are vouched for.

use crate::tuf::error::TufError;
use crate::tuf::files::Files;
use crate::tuf::transport::{Asked, Desk};
use pass::{SourceError, SourceErrorKind};
use sigstore::document::MAX_DOCUMENT_BYTES;
use sigstore::{MonitorConfig, SigningConfig, Timestamp, TrustedRoot};
use sigstore_tuf::metadata::Role as _;
use sigstore_tuf::{Error, Repository, TrustedMetadataSet, Updater, UpdaterConfig};

/// What says which logs verifiers accept.
const TRUSTED_ROOT: &str = "trusted_root.json";

/// What says where clients write: v1 logs alone, and v2 logs too.
const SIGNING: [&str; 2] = ["signing_config.v0.2.json", "signing_config_rekor_v2.v0.2.json"];

/// How the name of the monitor configuration begins. It is being introduced, and the rest of its name is not settled.
const MONITOR: &str = "monitor_config";

/// The largest production root has 7 kB; python-tuf reads 512,000.
const MAX_ROOT_BYTES: u64 = 256 * 1024;

/// One has 450 bytes; python-tuf's cap.
const MAX_TIMESTAMP_BYTES: u64 = 16 * 1024;

/// It names a handful of files, each in some hundred bytes.
const MAX_SNAPSHOT_BYTES: u64 = 512 * 1024;

/// Twelve targets are 5 kB.
const MAX_TARGETS_BYTES: u64 = 1024 * 1024;

/// A root lives for months: more than there will be before a pinned one of today is forgotten.
const MAX_ROOTS: u32 = 64;

/// What a repository vouches for.
pub(super) struct Vouched {
    pub(super) root: TrustedRoot,
    pub(super) root_bytes: Vec<u8>,
    pub(super) signing: Vec<SigningConfig>,
    pub(super) monitor: Option<MonitorConfig>,
    pub(super) root_version: u64,
    pub(super) root_expires: Timestamp,
    /// The first moment at which some of it is no longer fresh.
    pub(super) expires: Timestamp,
    /// Files beside the trusted root that are vouched for and could not be used, and why.
    pub(super) notes: Vec<String>,
}

/// Whether this is a root that a repository can be verified from.
///
/// # Errors
/// [`TufError::Pinned`].
pub(super) fn check_root(root: &[u8]) -> Result<(), TufError> {
    TrustedMetadataSet::from_root(root).map(drop).map_err(TufError::Pinned)
}

/// Reads a repository as of `now`. `files` are those of the last time, to be verified again; those that are read take
/// their place once they are verified.
pub(super) async fn refresh(
    repository: impl Repository + 'static,
    desk: &Desk,
    pinned: &[u8],
    files: Files,
    now: Timestamp,
) -> Result<Vouched, TufError> {
    let updater = Updater::new(repository, pinned).map_err(TufError::Pinned)?;
    let mut updater = updater.with_config(caps()).with_store(files);
    let at = moment(now);
    let refreshed = updater.refresh(at).await;
    refreshed.map_err(|error| told(error, &desk.last(), updater.trusted().root().version))?;
    let root_bytes = target(&mut updater, desk, TRUSTED_ROOT, at).await?;
    let root_bytes = root_bytes.ok_or_else(|| TufError::NoTarget {
        name: TRUSTED_ROOT.to_owned(),
    })?;
    let root = TrustedRoot::parse(&root_bytes).map_err(|source| TufError::Target {
        name: TRUSTED_ROOT.to_owned(),
        source,
    })?;
    let (mut signing, mut notes) = (Vec::new(), Vec::new());
    for name in SIGNING {
        if let Some(bytes) = target(&mut updater, desk, name, at).await? {
            match SigningConfig::parse(&bytes) {
                Ok(config) => signing.push(config),
                Err(error) => notes.push(format!("the target {name} cannot be used: {error}")),
            }
        }
    }
    let monitor = match monitor_name(updater.trusted()) {
        None => None,
        Some(name) => match target(&mut updater, desk, &name, at)
            .await?
            .map(|bytes| MonitorConfig::parse(&bytes))
        {
            Some(Ok(config)) => Some(config),
            Some(Err(error)) => {
                notes.push(format!("the target {name} cannot be used: {error}"));
                None
            }
            None => None,
        },
    };
    let trusted = updater.trusted();
    Ok(Vouched {
        root,
        root_bytes,
        signing,
        monitor,
        root_version: trusted.root().version,
        root_expires: timestamp(trusted.root().expires),
        expires: timestamp(expires(trusted)),
        notes,
    })
}

fn caps() -> UpdaterConfig {
    let mut config = UpdaterConfig::default();
    config.root_max_length = MAX_ROOT_BYTES;
    config.timestamp_max_length = MAX_TIMESTAMP_BYTES;
    config.snapshot_max_length = MAX_SNAPSHOT_BYTES;
    config.targets_max_length = MAX_TARGETS_BYTES;
    config.target_max_length = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    config.max_root_rotations = MAX_ROOTS;
    config
}

async fn target(
    updater: &mut Updater,
    desk: &Desk,
    name: &str,
    at: jiff::Timestamp,
) -> Result<Option<Vec<u8>>, TufError> {
    match updater.get_target(name, at).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::TargetNotFound(_)) => Ok(None),
        Err(error) => Err(told(error, &desk.last(), updater.trusted().root().version)),
    }
}

/// The monitor configuration, if there is one; of several the one whose name is last.
fn monitor_name(trusted: &TrustedMetadataSet) -> Option<String> {
    let targets = trusted.targets_role("targets")?;
    let names = targets.targets.keys();
    names
        .filter(|name| name.starts_with(MONITOR) && name.ends_with(".json"))
        .max()
        .cloned()
}

fn expires(trusted: &TrustedMetadataSet) -> jiff::Timestamp {
    let root = trusted.root().expires;
    let more = [
        trusted.timestamp().map(|role| role.expires()),
        trusted.snapshot().map(|role| role.expires()),
        trusted.targets_role("targets").map(|role| role.expires()),
    ];
    more.into_iter().flatten().fold(root, Ord::min)
}

/// What an error of the verifier means, given what was asked for last and the version of the trusted root.
fn told(error: Error, asked: &Asked, root: u64) -> TufError {
    let object = asked.object.clone();
    match error {
        Error::Transport { source, .. } => match source.and_then(|source| source.downcast::<SourceError>().ok()) {
            Some(unread) => unread_object(*unread),
            None if object.ends_with(".root.json") => TufError::TooManyRoots { max: MAX_ROOTS },
            None => TufError::Absent { object },
        },
        Error::Expired { role, expires } => {
            let at = timestamp(expires);
            match role.as_str() {
                "root" => TufError::RootExpired { version: root, at },
                "timestamp" | "snapshot" => TufError::Frozen { role, at },
                _ => TufError::Expired { role, at },
            }
        }
        Error::Rollback { role, trusted, new } => TufError::RolledBack {
            role,
            trusted,
            offered: new,
        },
        Error::BadRootVersion { trusted, new } => TufError::RootOutOfOrder {
            object,
            trusted,
            offered: new,
        },
        Error::ThresholdNotMet { role, found, threshold } => TufError::MissingSignature {
            object,
            role,
            found,
            threshold,
        },
        Error::IntegrityMismatch(reason) if asked.target => TufError::SwappedTarget { object, reason },
        Error::IntegrityMismatch(reason) => TufError::WrongHash { object, reason },
        other => TufError::Malformed {
            object,
            source: Box::new(other),
        },
    }
}

fn unread_object(SourceError { object, kind }: SourceError) -> TufError {
    match kind {
        SourceErrorKind::TooLarge {
            cap,
            announced: Some(bytes),
        } => TufError::Oversized { object, bytes, cap },
        SourceErrorKind::TooLarge { cap, announced: None } => TufError::Endless { object, cap },
        kind => TufError::Unread { object, kind },
    }
}

fn moment(now: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(now.unix()).unwrap_or(jiff::Timestamp::MAX)
}

fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_unix(moment.as_second())
}
