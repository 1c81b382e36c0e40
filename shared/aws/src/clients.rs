//! The clients of S3 and SNS, made once and used for every call.

use crate::calls::Patience;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

/// The clients of S3 and SNS. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Clients {
    s3: aws_sdk_s3::Client,
    sns: aws_sdk_sns::Client,
    patience: Patience,
}

impl Clients {
    /// Clients as the environment says: region, credentials and endpoints from the standard `AWS_*` variables and
    /// profiles. With `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`) buckets are named in the path, as emulators want it.
    ///
    /// Nothing is asked of any service; what is missing is said by the first call.
    pub async fn from_environment() -> Self {
        Self::patient(Patience::default()).await
    }

    /// Clients as Lambda has it: credentials, region and endpoints from variables and from nowhere else. All other ways
    /// to find them are not in a program that is made so.
    #[must_use]
    pub fn of_lambda() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let endpoint = variable("AWS_ENDPOINT_URL");
        let of_s3 = variable("AWS_ENDPOINT_URL_S3").or_else(|| endpoint.clone());
        let of_sns = variable("AWS_ENDPOINT_URL_SNS").or(endpoint);
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        let of = |endpoint: Option<String>| {
            let mut shared = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region.clone().map(Region::new))
                .credentials_provider(credentials.clone());
            shared.set_endpoint_url(endpoint);
            shared.build()
        };
        let (patience, in_path) = (Patience::default(), of_s3.is_some());
        Self {
            sns: Self::made(&of(of_sns), patience, in_path).sns,
            ..Self::made(&of(of_s3), patience, in_path)
        }
    }

    /// Clients as the environment says, with another patience.
    pub async fn patient(patience: Patience) -> Self {
        let shared = aws_config::defaults(BehaviorVersion::latest()).load().await;
        let named = std::env::var_os("AWS_ENDPOINT_URL_S3").is_some_and(|endpoint| !endpoint.is_empty());
        Self::made(&shared, patience, named || shared.endpoint_url().is_some())
    }

    /// Clients of a configuration that was made elsewhere. Its timeouts and retries are replaced by `patience`; with an
    /// endpoint of its own buckets are named in the path.
    #[must_use]
    pub fn of(shared: &SdkConfig, patience: Patience) -> Self {
        Self::made(shared, patience, shared.endpoint_url().is_some())
    }

    fn made(shared: &SdkConfig, patience: Patience, in_path: bool) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience.connect)
            .read_timeout(patience.attempt)
            .build();
        // What is retried, and how often, is decided in `calls`.
        let shared = shared
            .to_builder()
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled())
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&shared)
            .force_path_style(in_path)
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sns: aws_sdk_sns::Client::new(&shared),
            patience,
        }
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// The client for topics of a region.
    pub(crate) fn sns(&self, region: &str) -> aws_sdk_sns::Client {
        if self.sns.config().region().is_some_and(|ours| ours.as_ref() == region) {
            return self.sns.clone();
        }
        let config = self.sns.config().to_builder().region(Region::new(region.to_owned()));
        aws_sdk_sns::Client::from_conf(config.build())
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }
}
