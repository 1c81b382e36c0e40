//! Whose turn it is: which request lines are about, and when the process may end.
//!
//! Lambda tells a process to end with SIGTERM, if anything in its sandbox asked to hear of it (an extension, such as
//! Lambda Insights). We do not register an extension for the sake of it: between two invocations there is nothing left
//! to do, since everything is durable when a pass says so. If the signal comes during a pass, the pass ends at the next
//! safe moment, its answer is sent, and the process ends.

use crate::words;
use core::pin::Pin;
use core::task::{Context, Poll};
use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};
use pass::StopHandle;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The turns of one process. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Turns {
    busy: watch::Sender<bool>,
    pass: Arc<Mutex<Pass>>,
}

#[derive(Default)]
struct Pass {
    stop: Option<StopHandle>,
    ending: bool,
}

impl Turns {
    /// This stops the pass of the present turn.
    pub(crate) fn may_stop(&self, stop: StopHandle) {
        let mut pass = self.pass();
        if pass.ending {
            stop.stop();
        }
        pass.stop = Some(stop);
    }

    /// Ends when the process was told to end and no answer is outstanding.
    pub(crate) async fn ended(&self) {
        signalled().await;
        tracing::info!("told to end: what is proven is kept");
        {
            let mut pass = self.pass();
            pass.ending = true;
            if let Some(stop) = &pass.stop {
                stop.stop();
            }
        }
        let mut busy = self.busy.subscribe();
        // The sender lives as long as we do.
        let _never_closed = busy.wait_for(|busy| !*busy).await;
    }

    fn pass(&self) -> MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => core::future::pending().await,
    }
}

impl<S> Layer<S> for Turns {
    type Service = Taken<S>;

    fn layer(&self, inner: S) -> Taken<S> {
        Taken {
            inner,
            turns: self.clone(),
        }
    }
}

/// A service that takes turns: one lasts from the event until its answer is sent.
pub(crate) struct Taken<S> {
    inner: S,
    turns: Turns,
}

impl<S> Service<LambdaInvocation> for Taken<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        words::about(&invocation.context.request_id);
        self.turns.busy.send_replace(true);
        let busy = self.turns.busy.clone();
        let answered = self.inner.call(invocation);
        Box::pin(async move {
            let answered = answered.await;
            busy.send_replace(false);
            answered
        })
    }
}
