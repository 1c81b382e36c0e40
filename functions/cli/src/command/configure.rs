//! `config put` and `config get`: the configuration that a store keeps, which a scheduled deployment reads.
//!
//! What is put was checked as a whole, with the root that it names, which is put beside it. It replaces only what
//! was read and shown: where somebody else was faster, nothing is overwritten.

use crate::args::{Config, ConfigAction};
use crate::config;
use crate::exit::{Failure, print};
use crate::wiring::{self, Access};
use alerts::text::{escape, without_passwords};
use local::configuration::{self, Beside, CONFIG_FOLDER, Files as _, MAX_TRUSTED_ROOT_BYTES, Refused};
use local::{standing, yaml};
use pass::{Fault, FaultClass, Object, Outline, Settings, Store, StoreErrorKind, Swap, Version};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

/// Characters of a line that are shown.
const SHOWN: usize = 400;

pub(crate) async fn configure(args: Config) -> Result<ExitCode, Failure> {
    match (args.action, &args.file) {
        (ConfigAction::Put, _) => put(&args).await,
        (ConfigAction::Get, None) => get(&args).await,
        (ConfigAction::Get, Some(_)) => Err(Failure::Usage(
            "error: `config get` prints to standard output and takes no file".to_owned(),
        )),
    }
}

async fn get(args: &Config) -> Result<ExitCode, Failure> {
    let store = wiring::store(&args.common.store, Access::Read).await?;
    let read = store.read(standing::CONFIG, yaml::MAX_YAML_BYTES).await;
    let place = config::place(store.as_ref());
    let Some(object) = read.map_err(Fault::from)? else {
        return Err(Failure::Usage(format!(
            "error: there is no {place}; `rekor-sentinel config put` writes it"
        )));
    };
    let text = String::from_utf8_lossy(&object.bytes);
    if std::io::stdout().is_terminal() {
        // Whoever can write the store must not move the cursor of who reads it.
        text.lines().for_each(|line| print(&escape(line, usize::MAX)));
    } else {
        print(text.strip_suffix('\n').unwrap_or(&text));
    }
    Ok(ExitCode::SUCCESS)
}

async fn put(args: &Config) -> Result<ExitCode, Failure> {
    let file = config::file(args.file.as_deref().or(args.common.config.as_deref()));
    let text = yaml::read(&file).map_err(|error| Failure::Usage(format!("error: {error}")))?;
    let inventory = config::inventory(&args.common.store).await;
    let (name, beside) = (file.display().to_string(), Beside::the(&file));
    let loaded = configuration::parse(&name, &text, &beside, &inventory, &config::Readable).await?;
    let settings = &loaded.in_force.settings;
    check_ledgers(&text, &args.common.store)?;
    let named = named_files(settings, &beside).await?;
    let store = wiring::store(&args.common.store, Access::Make).await?;
    let stored = stored(store.as_ref(), standing::CONFIG, yaml::MAX_YAML_BYTES).await?;
    let before = stored.content.as_ref().map(|object| object.bytes.as_slice());
    let same = before == Some(text.as_bytes());
    if !same {
        show(before, &text, settings);
    }
    let mut written = Vec::new();
    for (name, bytes) in named {
        if replace(store.as_ref(), &name, &bytes).await? {
            written.push(name);
        }
    }
    if !same {
        swap(store.as_ref(), standing::CONFIG, &stored, text.as_bytes(), &written).await?;
        written.push(standing::CONFIG.to_owned());
    }
    let place = store.place();
    print(&match written.as_slice() {
        [] => format!(
            "{} and {name} say the same; nothing was written",
            config::place(store.as_ref())
        ),
        written => format!(
            "{} is in {place}. It is in force from the next pass on, which tells the difference",
            written.join(" and ")
        ),
    });
    if settings.rules.is_empty() {
        print("warning: there is no rule: nobody is watched for");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is stored is read where it is stored: there is no folder that a relative place could be meant from, and a
/// function has none at all.
fn check_ledgers(text: &str, store: &str) -> Result<(), Failure> {
    // It was read a moment ago.
    let document = yaml::parse(text).ok();
    let ledgers = document
        .as_ref()
        .and_then(|document| document.value.get("ledgers")?.as_array());
    let places = ledgers
        .into_iter()
        .flatten()
        .filter_map(|ledger| ledger.get("place")?.as_str());
    let is_lost =
        |place: &&str| !place.starts_with("s3://") && (store.starts_with("s3://") || Path::new(place).is_relative());
    match places.into_iter().find(is_lost) {
        None => Ok(()),
        Some(place) => Err(Failure::Usage(format!(
            "error: the ledger at {} cannot be read from where this is stored: name s3://BUCKET/FOLDER, or for a store in a folder an absolute one",
            escape(place, SHOWN)
        ))),
    }
}

/// The files that the configuration names, and where the store keeps them.
async fn named_files(settings: &Settings, beside: &Beside) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    if let Some((key, file)) = settings.trust.file() {
        files.extend([named_file(key, file, beside).await?]);
    }
    let own = settings.logs.iter().filter_map(|log| log.witness_policy.as_ref());
    for policy in settings.witness_policy.iter().chain(own) {
        files.extend([named_file("witness_policy", &policy.file, beside).await?]);
    }
    Ok(files)
}

async fn named_file(key: &str, file: &str, beside: &Beside) -> Result<(String, Vec<u8>), Failure> {
    let name = format!("{CONFIG_FOLDER}{file}");
    if !pass::check_name(&name) || name == standing::CONFIG {
        return Err(Failure::Usage(format!(
            "error: `{key}: {}` cannot be stored: keep the file beside the configuration, and name it by letters, digits, `.`, `_` and `-` alone",
            escape(file, SHOWN)
        )));
    }
    match beside.read(file).await {
        Ok((_, bytes)) => Ok((name, bytes)),
        Err(Refused::Broken(text)) => Err(Failure::Usage(format!("error: {text}"))),
        Err(Refused::Fault(fault)) => Err(fault.into()),
    }
}

/// What is stored under a name, and the version to replace.
struct Stored {
    /// Nothing, or too much to be shown.
    content: Option<Object>,
    version: Option<Version>,
}

async fn stored(store: &dyn Store, name: &str, cap: usize) -> Result<Stored, Failure> {
    match store.read(name, cap).await {
        Ok(content) => Ok(Stored {
            version: content.as_ref().map(|object| object.version.clone()),
            content,
        }),
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => {
            let message = format!("{error}; take it away first, so that it is not replaced unseen");
            Err(Fault::new(FaultClass::Store, &error.object, message).into())
        }
        Err(error) => Err(Fault::from(error).into()),
    }
}

/// Replaces an object whose content is another; false if it is the same.
async fn replace(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<bool, Failure> {
    let stored = stored(store, name, MAX_TRUSTED_ROOT_BYTES).await?;
    if stored.content.as_ref().is_some_and(|object| object.bytes == bytes) {
        return Ok(false);
    }
    swap(store, name, &stored, bytes, &[]).await?;
    Ok(true)
}

async fn swap(store: &dyn Store, name: &str, stored: &Stored, bytes: &[u8], before: &[String]) -> Result<(), Failure> {
    match store
        .swap(name, stored.version.as_ref(), bytes)
        .await
        .map_err(Fault::from)?
    {
        Swap::Done(_) => Ok(()),
        Swap::Lost => {
            let also = if before.is_empty() {
                String::new()
            } else {
                format!(" {} is written already.", before.join(" and "))
            };
            let message = format!(
                "somebody else changed {name} in {} since it was read here; theirs stands.{also} See what it says with `rekor-sentinel config get`, then put yours again",
                store.place()
            );
            Err(Fault::new(FaultClass::Store, name, message).into())
        }
    }
}

/// What differs from the stored one, in words and line by line.
fn show(before: Option<&[u8]>, now: &str, settings: &Settings) {
    let Some(before) = before else {
        return print("there is no stored configuration yet");
    };
    let before = String::from_utf8_lossy(before);
    let outline = |settings: &Settings| Outline::of(settings);
    let was = yaml::parse_value(&before).ok();
    let was = was.and_then(|value| Settings::from_value(&value).ok());
    if let (Some(was), Some(is)) = (was.as_ref().and_then(outline), outline(settings)) {
        for change in is.changes(&was) {
            print(&escape(&change, SHOWN));
        }
    }
    for line in pass::difference(&before, now) {
        print(&escape(&without_passwords(&line), SHOWN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pass::MemoryStore;

    #[tokio::test]
    async fn what_somebody_else_put_meanwhile_stands() {
        let store = MemoryStore::new();
        for theirs in ["first", "second"] {
            let read = stored(&store, standing::CONFIG, 99).await.unwrap();
            store.publish(standing::CONFIG, theirs.as_bytes()).await.unwrap();
            let before = ["config/root.json".to_owned()];
            let lost = swap(&store, standing::CONFIG, &read, b"ours", &before)
                .await
                .unwrap_err();
            assert_eq!(lost.code(), 30);
            let Failure::Fault(fault) = lost else {
                panic!("{lost:?}")
            };
            assert!(
                fault
                    .message
                    .contains("theirs stands. config/root.json is written already."),
                "{fault}"
            );
            assert_eq!(
                store.read(standing::CONFIG, 99).await.unwrap().unwrap().bytes,
                theirs.as_bytes()
            );
        }
        let read = stored(&store, standing::CONFIG, 99).await.unwrap();
        swap(&store, standing::CONFIG, &read, b"ours", &[]).await.unwrap();
        assert!(!replace(&store, standing::CONFIG, b"ours").await.unwrap());
    }

    #[tokio::test]
    async fn what_is_too_long_to_be_shown_is_not_replaced() {
        let store = MemoryStore::new();
        store.publish(standing::CONFIG, b"long").await.unwrap();
        let refused = stored(&store, standing::CONFIG, 3).await.map(|_| ());
        assert_eq!(refused.unwrap_err().code(), 30);
    }
}
