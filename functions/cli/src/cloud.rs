//! Buckets and topics, where the command was built with them (feature `aws`); else how to build it so.

pub(crate) use opened::{chat, store, topic};

#[cfg(feature = "aws")]
mod opened {
    use crate::exit::Failure;
    use aws::{Clients, Place, S3Store, SnsSink};
    use pass::{AlertSink, Store};
    use std::sync::Arc;
    use tokio::sync::OnceCell;

    /// Made once, for every store and sink of the command.
    static CLIENTS: OnceCell<Clients> = OnceCell::const_new();

    async fn clients() -> &'static Clients {
        CLIENTS.get_or_init(Clients::from_environment).await
    }

    /// The store in a bucket. Nothing is asked of it yet.
    pub(crate) async fn store(place: &str) -> Result<Arc<dyn Store>, Failure> {
        let found = Place::parse(place).map_err(|error| Failure::Usage(format!("error: --store {place}: {error}")))?;
        Ok(Arc::new(S3Store::new(clients().await, found, None)))
    }

    /// A topic whose subscribers are people and programs.
    pub(crate) async fn topic(name: &str, arn: &str) -> Result<Arc<dyn AlertSink>, Failure> {
        let sink = SnsSink::new(clients().await, arn);
        Ok(Arc::new(sink.map_err(|error| refused(name, &error))?))
    }

    /// A topic that feeds a chat.
    pub(crate) async fn chat(name: &str, arn: &str) -> Result<Arc<dyn AlertSink>, Failure> {
        let sink = SnsSink::chat(clients().await, arn);
        Ok(Arc::new(sink.map_err(|error| refused(name, &error))?))
    }

    fn refused(name: &str, error: &aws::ArnError) -> Failure {
        Failure::Usage(format!("error: --sink {name}: {error}"))
    }
}

#[cfg(not(feature = "aws"))]
mod opened {
    use crate::exit::Failure;
    use pass::{AlertSink, Store};
    use std::sync::Arc;

    /// How the command is built with it.
    const BUILD: &str = "build it so with `cargo install --path functions/cli --features aws`";

    pub(crate) async fn store(place: &str) -> Result<Arc<dyn Store>, Failure> {
        Err(Failure::Usage(format!(
            "error: --store {place}: this command was built without AWS and keeps its record in folders only; {BUILD}"
        )))
    }

    pub(crate) async fn topic(name: &str, _arn: &str) -> Result<Arc<dyn AlertSink>, Failure> {
        Err(Failure::Usage(format!(
            "error: --sink {name}: this command was built without AWS; use console or file:PATH, or {BUILD}"
        )))
    }

    pub(crate) async fn chat(name: &str, arn: &str) -> Result<Arc<dyn AlertSink>, Failure> {
        topic(name, arn).await
    }
}
