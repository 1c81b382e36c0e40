//! One log of a pass, by itself: opened and watched. Its trouble, a panic in it included, stays its own.

use crate::discovery::{Found, Probed, Sources};
use crate::environment::LogContext;
use crate::record::Listed;
use crate::report::{LogReport, Problem};
use crate::steps::views::View;
use crate::trouble::{Fault, Outcome};
use crate::watch::{self, Watched};

/// What one log came to.
pub(crate) enum One {
    Watched(Probed, Box<Watched>),
    Unread(Probed),
    Failed(Box<LogReport>),
}

pub(crate) async fn one(context: LogContext, found: Found, listed: Listed, sources: &dyn Sources) -> One {
    let log = context.log.clone();
    let failed = |fault: &Fault| {
        let mut report = LogReport::new(&context.environment.pass, context.now(), Some(&log.origin));
        report.worsen(Outcome::Fault, Some(Problem::from(fault)));
        One::Failed(Box::new(report))
    };
    let base = log.base.clone();
    let kind = match found {
        Found::Log(_, kind) => kind,
        Found::Unread(_, kind) => return One::Unread(Probed { kind, base }),
        Found::Failed(_, fault) => return failed(&fault),
    };
    let source = match sources.open(&log, kind) {
        Ok(source) => source,
        Err(fault) => return failed(&fault),
    };
    let views = log.views().map(|view| {
        let log = &log;
        async move {
            View {
                name: view.name.clone(),
                source: sources.view(view, log).await,
            }
        }
    });
    let views = futures::future::join_all(views).await;
    let task = tokio::spawn(watch::watch(context.clone(), source, kind, listed, views));
    match task.await {
        Ok(watched) => One::Watched(Probed { kind, base }, Box::new(watched)),
        Err(error) => failed(&crate::trouble::internal(&error)),
    }
}
