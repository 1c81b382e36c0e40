//! A configuration's text, checked as a whole: what is in force with it, and the trust that it names.
//!
//! The text may come from a file or from a store; so may the files that it names. Whether a log's URL can be read is
//! asked of the caller, who knows the sources. Nothing is asked of any log.

use crate::yaml::{self, Problem};
use async_trait::async_trait;
use pass::record::Deployment;
use pass::{
    Fault, FixedTrust, GivenTrust, InForce, LedgerSettings, LogSettings, ReadPolicy, Settings, Store, StoreErrorKind,
    TrustChoice, TufChoice, TufRepository, ViewSettings,
};
use rules::{Diagnostic, RuleSpec};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog::Policy;

/// The longest trusted root that is read. The public one has about 10 kB; the parser has a cap of its own.
pub const MAX_TRUSTED_ROOT_BYTES: usize = 16 * 1024 * 1024;

/// Where a store keeps the configuration and the files that it names.
pub const CONFIG_FOLDER: &str = "config/";

/// What is in force, and the trust that it names.
#[derive(Debug)]
pub struct Loaded {
    /// The settings and the bytes that they were read from.
    pub in_force: InForce,
    /// The trust, or where it is to be read.
    pub trust: GivenTrust,
}

/// Why a configuration is not in force.
#[derive(Debug)]
pub enum Refused {
    /// It is wrong. The text says where, line by line.
    Broken(String),
    /// We could not tell.
    Fault(Fault),
}

/// The files that a configuration may name.
#[async_trait]
pub trait Files: Send + Sync {
    /// The content of the file that the configuration calls `name`, and its place in words. At most
    /// [`MAX_TRUSTED_ROOT_BYTES`].
    ///
    /// # Errors
    /// [`Refused::Broken`] with one sentence if the name is to blame, else a fault.
    async fn read(&self, name: &str) -> Result<(String, Vec<u8>), Refused>;

    /// The place of a folder that the configuration calls `name`.
    ///
    /// # Errors
    /// Why there can be none of that name.
    fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = Path::new(name);
        if folder.is_absolute() {
            return Ok(folder.to_path_buf());
        }
        let message = "a relative folder is meant from that of the configuration, and this one is kept in a store; name \
                       an absolute folder, or s3://BUCKET/FOLDER";
        Err(message.to_owned())
    }
}

/// The files of this machine; a relative name is meant from this folder.
#[derive(Debug, Clone)]
pub struct Beside(PathBuf);

impl Beside {
    /// The folder that holds this configuration.
    #[must_use]
    pub fn the(configuration: &Path) -> Self {
        Self(configuration.parent().map(Path::to_path_buf).unwrap_or_default())
    }
}

#[async_trait]
impl Files for Beside {
    async fn read(&self, name: &str) -> Result<(String, Vec<u8>), Refused> {
        let place = self.0.join(name);
        match read_capped(&place) {
            Ok(bytes) => Ok((place.display().to_string(), bytes)),
            Err(error) => Err(Refused::Broken(format!("{} cannot be read: {error}", place.display()))),
        }
    }

    fn folder(&self, name: &str) -> Result<PathBuf, String> {
        // The same from wherever the command is called: the inventory knows the ledger by its place.
        std::path::absolute(self.0.join(name)).map_err(|error| format!("is no place of a folder: {error}"))
    }
}

fn read_capped(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let cap = u64::try_from(MAX_TRUSTED_ROOT_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(file)?.take(cap).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The objects of a store that stand beside its configuration, under `config/`.
pub struct Stored<'s>(pub &'s dyn Store);

#[async_trait]
impl Files for Stored<'_> {
    async fn read(&self, name: &str) -> Result<(String, Vec<u8>), Refused> {
        let object = format!("{CONFIG_FOLDER}{name}");
        let place = format!("{}/{object}", self.0.place().trim_end_matches('/'));
        match self.0.read(&object, MAX_TRUSTED_ROOT_BYTES).await {
            Ok(Some(found)) => Ok((place, found.bytes)),
            Ok(None) => Err(Refused::Broken(format!(
                "{place} cannot be read: there is no such object; put the file beside the configuration"
            ))),
            Err(error) => match error.kind {
                StoreErrorKind::TooLarge { .. } | StoreErrorKind::BadName => {
                    Err(Refused::Broken(format!("{place} cannot be read: {}", error.kind)))
                }
                StoreErrorKind::Io(_) => Err(Refused::Fault(Fault::from(error))),
            },
        }
    }
}

/// Whether what a configuration names can be read where it says; if not, why. Asks nobody.
pub trait UrlCheck: Sync {
    /// Whether a log can.
    ///
    /// # Errors
    /// Why not.
    fn log(&self, log: &LogSettings) -> Result<(), String>;

    /// Whether a TUF repository can, and whether its pinned root is one.
    ///
    /// # Errors
    /// Why not, and under which key of `trust.tuf`.
    fn repository(&self, repository: &TufRepository) -> Result<(), (&'static str, String)>;

    /// Whether another observer can.
    ///
    /// # Errors
    /// Why not.
    fn view(&self, view: &ViewSettings) -> Result<(), String>;

    /// Whether a ledger can; a folder is absolute by then.
    ///
    /// # Errors
    /// Why not.
    fn ledger(&self, ledger: &LedgerSettings) -> Result<(), String>;
}

/// Checks a configuration's text. `name` stands in the words about it; the inventory knows logs that the trust no longer
/// names.
///
/// # Errors
/// [`Refused::Broken`] with every problem, its line, column and caret; a fault if a file that the text names could not
/// be asked for.
pub async fn parse(
    name: &str,
    text: &str,
    files: &dyn Files,
    inventory: &Deployment,
    url: &dyn UrlCheck,
) -> Result<Loaded, Refused> {
    let broken = |problem: &Problem| Refused::Broken(yaml::render_problem(name, text, problem));
    let render = |problems: &[Diagnostic]| match yaml::parse(text) {
        Ok(document) => Refused::Broken(yaml::render(name, text, &document.places, problems)),
        Err(problem) => broken(&problem),
    };
    let value = yaml::parse_value(text).map_err(|problem| broken(&problem))?;
    let mut settings = Settings::from_value(&value).map_err(|problems| render(&problems))?;
    drop(value);
    let mut problems = Vec::new();
    for (at, log) in settings.logs.iter().enumerate() {
        if let Err(message) = url.log(log) {
            problems.push(diagnostic(format!("logs[{at}].url"), message));
        }
    }
    for (at, view) in settings.views.iter().enumerate() {
        if let Err(message) = url.view(view) {
            problems.push(diagnostic(format!("views[{at}].url"), message));
        }
    }
    problems.extend(ledgers(&mut settings, files, url));
    problems.extend(policies(&mut settings, files).await?);
    match trust(&settings.trust, files).await {
        Ok(trust) => {
            match &trust {
                GivenTrust::Fixed(fixed) => problems.extend(pass::misfits(&settings, fixed.in_force(), inventory)),
                // Which logs it names is known once it was read.
                GivenTrust::Tuf(repository) => {
                    if let Err((key, message)) = url.repository(repository) {
                        problems.push(diagnostic(format!("trust.tuf.{key}"), message));
                    }
                }
            }
            if problems.is_empty() {
                let in_force = InForce {
                    settings,
                    config: text.as_bytes().to_vec(),
                    fell_back: None,
                    read_rules: rules_of,
                };
                return Ok(Loaded { in_force, trust });
            }
        }
        Err(Refused::Broken(message)) => {
            let path = settings.trust.file().map_or("trust", |(path, _)| path);
            problems.push(diagnostic(path.to_owned(), message));
        }
        Err(fault @ Refused::Fault(_)) => return Err(fault),
    }
    Err(render(&problems))
}

/// The rules that a configuration which was in force before names, whatever else it says; `None` if they cannot be read.
#[must_use]
pub fn rules_of(config: &[u8]) -> Option<Vec<RuleSpec>> {
    pass::rules_in(&yaml::parse_value(core::str::from_utf8(config).ok()?).ok()?)
}

/// Makes the folders of ledgers absolute; what is wrong with their places.
fn ledgers(settings: &mut Settings, files: &dyn Files, url: &dyn UrlCheck) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (at, ledger) in settings.ledgers.iter_mut().enumerate() {
        let placed = match ledger.is_bucket() {
            true => Ok(()),
            false => files
                .folder(&ledger.place)
                .map(|folder| ledger.place = folder.display().to_string()),
        };
        if let Err(message) = placed.and_then(|()| url.ledger(ledger)) {
            problems.push(diagnostic(format!("ledgers[{at}].place"), message));
        }
    }
    problems
}

/// Reads the witness policies that the settings name; what is wrong with them, with the place within their file.
async fn policies(settings: &mut Settings, files: &dyn Files) -> Result<Vec<Diagnostic>, Refused> {
    let mut problems = Vec::new();
    for (path, named) in settings.policies() {
        let (place, bytes) = match files.read(&named.file).await {
            Ok(read) => read,
            Err(Refused::Broken(message)) => {
                problems.push(diagnostic(path, message));
                continue;
            }
            Err(fault @ Refused::Fault(_)) => return Err(fault),
        };
        match Policy::parse(&bytes) {
            Err(error) => problems.push(diagnostic(path, format!("{place}:{error}"))),
            Ok(policy) if !policy.is_attainable() => {
                let message = format!(
                    "{place}: the quorum `{}` cannot be met without ML-DSA-44 witnesses, whose cosignatures this version does not verify",
                    policy.quorum()
                );
                problems.push(diagnostic(path, message));
            }
            Ok(policy) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                named.read = Some(Arc::new(ReadPolicy { text, policy }));
            }
        }
    }
    Ok(problems)
}

fn diagnostic(path: String, message: String) -> Diagnostic {
    Diagnostic {
        path,
        message,
        suggestion: None,
    }
}

async fn trust(choice: &TrustChoice, files: &dyn Files) -> Result<GivenTrust, Refused> {
    Ok(match choice {
        TrustChoice::Public => GivenTrust::Fixed(Box::new(FixedTrust::public())),
        TrustChoice::TrustedRoot(file) => {
            let (place, bytes) = files.read(file).await?;
            let trust = FixedTrust::from_bytes(&place, bytes).map_err(|fault| Refused::Broken(fault.message))?;
            GivenTrust::Fixed(Box::new(trust))
        }
        TrustChoice::Tuf(TufChoice::Production) => {
            GivenTrust::Tuf(TufRepository::public(&sigstore::repository::PRODUCTION))
        }
        TrustChoice::Tuf(TufChoice::Staging) => GivenTrust::Tuf(TufRepository::public(&sigstore::repository::STAGING)),
        TrustChoice::Tuf(TufChoice::Own { url, root }) => {
            let (root_name, root) = files.read(root).await?;
            GivenTrust::Tuf(TufRepository {
                url: url.clone(),
                root_name,
                root,
            })
        }
    })
}
