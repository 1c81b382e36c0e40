//! One log of a pass, by itself: found, opened, watched. Its trouble, a panic in it included, stays its own.

use crate::LogSource;
use crate::coverage::WatchedLog;
use crate::environment::LogContext;
use crate::record::Listed;
use crate::report::{LogReport, Problem};
use crate::settings::LogKind;
use crate::trouble::{Fault, Outcome};
use crate::watch::{self, Watched};
use async_trait::async_trait;
use std::sync::Arc;

/// Opens the sources of logs.
#[async_trait]
pub trait Sources: Send + Sync {
    /// The source of a log.
    ///
    /// # Errors
    /// A fault of class `Configuration` if the URL cannot be one of this kind.
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault>;

    /// What is spoken at the base URL of a log whose kind nobody states.
    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault>;
}

/// What a log was found to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The kind.
    pub kind: LogKind,
    /// The folder that holds its checkpoint, if it is tiled.
    pub base: Option<String>,
}

/// What one log came to.
pub(crate) enum One {
    Watched(Probed, Box<Watched>),
    Unread(Probed),
    Failed(Box<LogReport>),
}

pub(crate) async fn one(context: LogContext, listed: Listed, sources: &dyn Sources) -> One {
    let log = context.log.clone();
    let failed = |fault: &Fault| {
        let mut report = LogReport::new(&context.environment.pass, context.now(), Some(&log.origin));
        report.worsen(Outcome::Fault, Some(Problem::from(fault)));
        One::Failed(Box::new(report))
    };
    let probed = match log.kind {
        Some(kind) => Probed {
            kind,
            base: log.base.clone(),
        },
        None => match sources.probe(&log).await {
            Ok(probed) => probed,
            Err(fault) => return failed(&fault),
        },
    };
    if probed.kind.leaves().is_none() {
        return One::Unread(probed);
    }
    let found = WatchedLog {
        base: probed.base.clone(),
        ..log.clone()
    };
    let source = match sources.open(&found, probed.kind) {
        Ok(source) => source,
        Err(fault) => return failed(&fault),
    };
    let task = tokio::spawn(watch::watch(context.clone(), source, probed.kind, listed));
    match task.await {
        Ok(watched) => One::Watched(probed, Box::new(watched)),
        Err(error) => failed(&crate::trouble::internal(&error)),
    }
}
