//! Sigstore's monitor configuration: where each log is read, which need not be where its base URL points.
//!
//! It never widens or narrows what is watched: coverage comes from the trusted root, and a log that stands here alone has
//! no key. Being introduced; a repository may have none.

use crate::document::{self, Place, TrustError};
use crate::instance::origin_of;

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.monitorconfig";

/// Where logs are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorConfig {
    rekor_logs: Vec<MonitoredLog>,
    ct_logs: Vec<MonitoredLog>,
}

/// One log (`TransparencyLogMonitorConfig` of Sigstore's protobuf-specs).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredLog {
    /// Where its entries are read.
    pub read_url: String,
    /// The origin of its checkpoints.
    pub origin: String,
    /// The major version of its interface; 0 for one that is not released yet.
    pub major_api_version: u32,
}

impl MonitorConfig {
    /// Reads a monitor configuration. Unknown fields are ignored.
    ///
    /// # Errors
    /// [`TrustError`] with the place of the field that is missing or broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let document = document::parse(bytes, MEDIA_TYPE, "rekorLogs")?;
        let root = Place::root(&document);
        Ok(Self {
            rekor_logs: root.each("rekorLogs", MonitoredLog::read)?,
            ct_logs: root.each("ctLogs", MonitoredLog::read)?,
        })
    }

    /// The Rekor logs it names.
    pub fn rekor_logs(&self) -> &[MonitoredLog] {
        &self.rekor_logs
    }

    /// The certificate transparency logs it names.
    pub fn ct_logs(&self) -> &[MonitoredLog] {
        &self.ct_logs
    }

    /// The Rekor log of this origin, if it is named and released.
    pub fn rekor_log(&self, origin: &str) -> Option<&MonitoredLog> {
        let of = |log: &&MonitoredLog| origin_of(&log.origin) == origin && log.major_api_version > 0;
        self.rekor_logs.iter().find(of)
    }
}

impl MonitoredLog {
    fn read(place: &Place<'_>) -> Result<Self, TrustError> {
        Ok(Self {
            read_url: place.required("readUrl")?.text()?.to_owned(),
            origin: place.required("logOrigin")?.text()?.to_owned(),
            // proto3 leaves a zero out.
            major_api_version: place
                .optional("majorApiVersion")?
                .map_or(Ok(0), |version| version.number())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MonitorConfig;

    #[test]
    fn reads_where_logs_are_read() {
        let text = br#"{"rekorLogs":[
            {"readUrl":"https://read.example","logOrigin":"log.example","majorApiVersion":2,"more":1},
            {"readUrl":"https://soon.example","logOrigin":"soon.example"}],"ctLogs":[]}"#;
        let config = MonitorConfig::parse(text).unwrap();
        let log = config.rekor_log("log.example").unwrap();
        assert_eq!(
            (log.read_url.as_str(), log.major_api_version),
            ("https://read.example", 2)
        );
        assert_eq!(config.rekor_log("soon.example"), None);
        assert_eq!(config.rekor_log("read.example"), None);
        assert_eq!((config.rekor_logs().len(), config.ct_logs().len()), (2, 0));
    }

    #[test]
    fn refuses_what_is_none() {
        let check = |text: &str, expect: &str| {
            let error = MonitorConfig::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        check("[]", "");
        check(
            r#"{"rekorLogs":[{"logOrigin":"a"}]}"#,
            "rekorLogs[0].readUrl is missing",
        );
        check(
            r#"{"rekorLogs":[{"readUrl":"a"}]}"#,
            "rekorLogs[0].logOrigin is missing",
        );
        check(
            r#"{"rekorLogs":[{"readUrl":1,"logOrigin":"a"}]}"#,
            "rekorLogs[0].readUrl is no text",
        );
    }
}
