//! `authorise`: a record of a release in a ledger, so that its entry in a log is explained.
//!
//! It says what the release process knows: digests, and as far as it is given who signs, from which ref and in which run.
//! Nothing is asked of any log. A record is put once, under the day and each of its digests.

mod key;
mod surroundings;

use crate::args::Authorise;
use crate::cloud;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::wiring::{self, Access};
use alerts::text::escape;
use pass::ledger::{LedgerRecord, PLAIN, SIGNED, digest, object_name};
use pass::record::Known;
use pass::{Clock as _, Fault, LedgerSettings, PutOnce, Store, SystemClock};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Bytes of a file that are hashed at a time.
const PIECE: usize = 64 * 1024;

/// Characters of a name that words quote.
const SHOWN: usize = 400;

pub(crate) async fn authorise(args: Authorise) -> Result<ExitCode, Failure> {
    let digests = digests(&args)?;
    let key = args.sign_with.as_deref().map(key::read).transpose()?;
    let ledger = ledger(&args).await?;
    check_key(&args.ledger, ledger.as_ref(), key.as_ref())?;
    let known = known(&args);
    let now = SystemClock::new().now();
    let record = LedgerRecord::new(&digests, known, now, args.note.clone());
    let record = record.map_err(|error| usage(&format!("this makes no record: {error}")))?;
    let text = record.to_text();
    let (bytes, ending) = match &key {
        Some(key) => (key.sign(&text)?, SIGNED),
        None => (text.into_bytes(), PLAIN),
    };
    let place = ledger
        .as_ref()
        .map_or(args.ledger.as_str(), |ledger| ledger.place.as_str());
    let store = store(place).await?;
    for hex in record.hex() {
        let name = object_name(now, hex, &bytes, ending);
        let put = store.put_once(&name, &bytes).await.map_err(Fault::from)?;
        if put == PutOnce::Exists {
            say(&format!("{name} was there already"));
        }
        print(&format!("{}/{name}", store.place().trim_end_matches('/')));
    }
    Ok(ExitCode::SUCCESS)
}

fn usage(text: &str) -> Failure {
    Failure::Usage(format!("error: {text}"))
}

/// The digests that are given and those of the files, each once.
fn digests(args: &Authorise) -> Result<Vec<String>, Failure> {
    let mut digests: Vec<String> = Vec::new();
    for given in &args.digest {
        let bare = given.len() == 64 && !given.contains(':');
        let whole = if bare { format!("sha256:{given}") } else { given.clone() };
        let read = digest(&whole).ok_or_else(|| {
            let given = escape(given, SHOWN);
            usage(&format!(
                "--digest {given}: write sha256:, sha384: or sha512: and its hexadecimal digits"
            ))
        })?;
        digests.push(read);
    }
    for file in &args.files {
        let hashed = hash(file).map_err(|error| usage(&format!("{} cannot be read: {error}", file.display())))?;
        digests.push(hashed);
    }
    if digests.is_empty() {
        return Err(usage("name the files of the release, or their digests by --digest"));
    }
    digests.sort_unstable();
    digests.dedup();
    Ok(digests)
}

fn hash(file: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(file)?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            let digits: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(format!("sha256:{digits}"));
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}

/// The ledger of the configuration that is named; none if a place is given.
async fn ledger(args: &Authorise) -> Result<Option<LedgerSettings>, Failure> {
    let is_place = args.ledger.contains(['/', '\\']) || args.ledger.starts_with('.');
    if is_place {
        return Ok(None);
    }
    let ledgers = config::load(&args.common).await?.in_force.settings.ledgers;
    let found = ledgers.iter().find(|ledger| ledger.name == args.ledger).cloned();
    let Some(found) = found else {
        let names = ledgers.iter().map(|ledger| ledger.name.as_str());
        let nearest = rules::nearest(&args.ledger, names).map(|name| format!(" (did you mean `{name}`?)"));
        return Err(usage(&format!(
            "--ledger {}: the configuration lists no ledger of this name{}; a folder is written ./NAME",
            escape(&args.ledger, SHOWN),
            nearest.unwrap_or_default()
        )));
    };
    Ok(Some(found))
}

/// A record that the ledger would not count is not written.
fn check_key(name: &str, ledger: Option<&LedgerSettings>, key: Option<&key::SecretKey>) -> Result<(), Failure> {
    let keys = ledger.map_or(&[][..], |ledger| &ledger.keys);
    match key {
        None if !keys.is_empty() => Err(usage(&format!(
            "the ledger {name} has keys, so that only signed records count: give one of them by --sign-with"
        ))),
        Some(key) if !keys.is_empty() && !keys.iter().any(|known| known.spki() == key.public().spki()) => Err(usage(
            &format!("the key of --sign-with is none of those of the ledger {name}: its record would not count"),
        )),
        _ => Ok(()),
    }
}

/// What is given, and what the surroundings say where nothing is.
fn known(args: &Authorise) -> Known {
    let given = Known {
        identity: args.identity.clone(),
        issuer: args.issuer.clone(),
        reference: args.reference.clone(),
        run: args.run.clone(),
        repository: args.repository.clone(),
    };
    let found = match args.no_environment {
        true => None,
        false => surroundings::found(&|name| std::env::var(name).ok()),
    };
    let Some((place, found)) = found else { return given };
    let mut taken = Vec::new();
    let mut or = |name: &str, given: Option<String>, found: Option<String>| {
        if let (None, Some(found)) = (&given, &found) {
            taken.push(format!("{name} {}", escape(found, SHOWN)));
        }
        given.or(found)
    };
    let known = Known {
        reference: or("ref", given.reference, found.reference),
        run: or("run", given.run, found.run),
        repository: or("repository", given.repository, found.repository),
        identity: given.identity,
        issuer: given.issuer,
    };
    if !taken.is_empty() {
        say(&format!(
            "from {place}: {} (--no-environment leaves it out)",
            taken.join(", ")
        ));
    }
    known
}

async fn store(place: &str) -> Result<Arc<dyn Store>, Failure> {
    match place.starts_with("s3://") {
        true => cloud::store(place).await,
        false => wiring::store(place, Access::Make).await,
    }
}
