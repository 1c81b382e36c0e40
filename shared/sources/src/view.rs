//! What other observers were shown of a log: where their checkpoints stand, and the bytes of them.

use crate::base::{Base, Layout, UrlError, resolve};
use crate::http::Http;
use crate::reader::{FolderReader, HttpReader, TileReader};
use crate::turn::Turn;
use async_trait::async_trait;
use pass::names::LogFolder;
use pass::{Freshness, SourceError, ViewKind, ViewSettings, ViewSource};
use std::sync::Arc;
use tlog::{Hash, MAX_NOTE_BYTES};

/// What the distributor puts before an origin to make a log's id (github.com/transparency-dev/formats, `log.ID`).
const DISTRIBUTOR_PREFIX: &str = "o:";

/// Where a view's checkpoint of the log of this origin stands below the view's URL.
#[must_use]
pub fn view_path(view: &ViewSettings, origin: &str) -> String {
    match view.kind {
        // C2SP tlog-witness, "Monitor Retrieval Mechanism".
        ViewKind::Witness => format!("{}/checkpoint", Hash::of(origin.as_bytes())),
        ViewKind::Distributor => {
            let id = Hash::of(format!("{DISTRIBUTOR_PREFIX}{origin}").as_bytes());
            format!("distributor/v0/logs/{id}/checkpoint.{}", view.witnesses)
        }
        ViewKind::Sentinel => LogFolder::new(origin, 1).public_checkpoint(),
        ViewKind::Folder => "checkpoint".to_owned(),
    }
}

/// Where a view is read.
///
/// # Errors
/// [`UrlError`].
pub fn view_base(view: &ViewSettings) -> Result<Base, UrlError> {
    resolve(&view.url, Layout::Tiled)
}

/// A view over HTTP or from a folder.
pub struct RemoteView {
    reader: Arc<dyn TileReader>,
    path: String,
    place: String,
}

impl RemoteView {
    /// The checkpoint of the log of this origin.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn open(view: &ViewSettings, origin: &str, http: &Http) -> Result<Self, UrlError> {
        let path = view_path(view, origin);
        // An object's name has percent signs of its own: in a URL they are escaped once more.
        let (reader, path): (Arc<dyn TileReader>, String) = match view_base(view)? {
            Base::Http(url) => (Arc::new(HttpReader::new(http.clone(), url)), path.replace('%', "%25")),
            Base::Folder(folder) => (Arc::new(FolderReader::new(folder)), path),
        };
        let place = format!("{}/{path}", reader.place());
        Ok(Self { reader, path, place })
    }
}

#[async_trait]
impl ViewSource for RemoteView {
    fn place(&self) -> &str {
        &self.place
    }

    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        let mut turn = Turn::now();
        let read = self.reader.read(&self.path, MAX_NOTE_BYTES, freshness, &mut turn);
        Ok(read.await?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(kind: ViewKind) -> ViewSettings {
        ViewSettings {
            name: "v".to_owned(),
            kind,
            url: "https://v.example/base/".to_owned(),
            logs: Vec::new(),
            witnesses: 2,
        }
    }

    /// The ids are those that the distributor's own README shows.
    #[test]
    fn paths() {
        let ci = "transparency.dev/armored-witness/firmware_transparency/ci/3";
        assert_eq!(
            view_path(&view(ViewKind::Distributor), ci),
            "distributor/v0/logs/0b963db2162e516836b4afbf8ff75aca120af717d3b93a332464cd5af4146e99/checkpoint.2"
        );
        assert_eq!(
            view_path(
                &view(ViewKind::Distributor),
                "developers.google.com/android/binary_transparency/0"
            ),
            "distributor/v0/logs/2371c7aa76ca0d588c7f21317b789071bb63593bd2c3d7b02ca5842f03680fda/checkpoint.2"
        );
        assert_eq!(
            view_path(&view(ViewKind::Witness), ci),
            "b9ff218fb4436888b00a472a70d4d079a6aaf6863cacbdb42487189d7d29f1ed/checkpoint"
        );
        assert_eq!(
            view_path(&view(ViewKind::Sentinel), "rekor.sigstore.dev - 7"),
            "public/rekor.sigstore.dev%20-%207/checkpoint"
        );
        assert_eq!(view_path(&view(ViewKind::Folder), ci), "checkpoint");
    }
}
