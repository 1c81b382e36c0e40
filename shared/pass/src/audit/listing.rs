//! Names in a store, a page at a time.
//!
//! `%` is the least byte of a name ([`crate::check_name`]) and `0` follows `/`: with the one behind it a name, and with
//! the other a folder, is passed over, and nothing else.

use crate::Store;
use crate::trouble::Fault;

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Every name that starts with a prefix.
pub(super) struct Names<'a> {
    store: &'a dyn Store,
    prefix: String,
    from: Option<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(store: &'a dyn Store, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self {
            store,
            from: Some(prefix.clone()),
            prefix,
        }
    }

    /// The next page; none behind the last.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<String>>, Fault> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let page = self.store.list(&self.prefix, &from, PAGE).await?;
        self.from = page
            .last()
            .filter(|_| page.len() >= PAGE)
            .map(|last| format!("{last}%"));
        Ok(Some(page))
    }
}

/// What stands right below a folder: objects and folders, each once, whatever is in them.
pub(super) struct Below<'a> {
    store: &'a dyn Store,
    folder: String,
    from: String,
}

/// Something right below a folder.
pub(super) enum Child {
    Folder(String),
    Object(String),
}

impl<'a> Below<'a> {
    /// Below `folder`, which ends with a slash.
    pub(super) fn new(store: &'a dyn Store, folder: impl Into<String>) -> Self {
        let folder = folder.into();
        Self {
            store,
            from: folder.clone(),
            folder,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Child>, Fault> {
        let Some(name) = self.store.list(&self.folder, &self.from, 1).await?.pop() else {
            return Ok(None);
        };
        let inside = name.strip_prefix(&self.folder).unwrap_or_default();
        Ok(Some(match inside.split_once('/') {
            Some((child, _)) => {
                self.from = format!("{}{child}0", self.folder);
                Child::Folder(child.to_owned())
            }
            None => {
                self.from = format!("{name}%");
                Child::Object(inside.to_owned())
            }
        }))
    }
}
