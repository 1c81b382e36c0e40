//! Buckets and topics, where the command was built with them (feature `aws`); else how to build it so.

pub(crate) use opened::{chat, check_bucket, is_bucket, store, topic, with_buckets};

#[cfg(feature = "aws")]
mod opened {
    use crate::exit::Failure;
    use aws::{Clients, Place, S3Store, SnsSink, WithBuckets};
    use pass::{AlertSink, LedgerSettings, Settings, Sources, Store, ViewSettings};
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

    /// Whether a view stands in a bucket; if it means to and cannot, why.
    pub(crate) fn is_bucket(view: &ViewSettings) -> Result<bool, String> {
        let place = aws::view_place(view).map_err(|error| error.to_string())?;
        Ok(place.is_some())
    }

    /// Whether a bucket can be read at this place; if not, why.
    pub(crate) fn check_bucket(place: &str) -> Result<(), String> {
        Place::parse(place).map(drop).map_err(|error| error.to_string())
    }

    /// These sources, with the clients for the views and ledgers in buckets, if there are any.
    pub(crate) async fn with_buckets(sources: Arc<dyn Sources>, settings: &Settings) -> Arc<dyn Sources> {
        let bucket = |view| is_bucket(view).unwrap_or_default();
        if settings.views.iter().any(bucket) || settings.ledgers.iter().any(LedgerSettings::is_bucket) {
            Arc::new(WithBuckets::new(sources, clients().await.clone()))
        } else {
            sources
        }
    }

    fn refused(name: &str, error: &aws::ArnError) -> Failure {
        Failure::Usage(format!("error: --sink {name}: {error}"))
    }
}

#[cfg(not(feature = "aws"))]
mod opened {
    use crate::exit::Failure;
    use pass::{AlertSink, Settings, Sources, Store, ViewSettings};
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

    /// A view in a bucket is refused.
    pub(crate) fn is_bucket(view: &ViewSettings) -> Result<bool, String> {
        match view.url.starts_with("s3://") {
            true => check_bucket(&view.url).map(|()| true),
            false => Ok(false),
        }
    }

    /// No bucket can be read.
    pub(crate) fn check_bucket(_place: &str) -> Result<(), String> {
        Err(format!(
            "this command was built without AWS and reads no buckets; {BUILD}"
        ))
    }

    pub(crate) async fn with_buckets(sources: Arc<dyn Sources>, _settings: &Settings) -> Arc<dyn Sources> {
        sources
    }
}
