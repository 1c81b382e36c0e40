//! A bucket of its own for each test, with a proxy before it.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use core::time::Duration;
use pass::StoreError;
use sentinel_aws::{CallError, Clients, LockDays, Patience, Place, S3Store};
use stage::emulator::{Moto, Proxy, emulator};

/// As patient as the real one in the number of attempts, and in less of a hurry.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(3),
    attempt: Duration::from_secs(20),
    total: Duration::from_secs(60),
    attempts: 6,
    backoff: Duration::from_millis(5),
};

pub(crate) struct World {
    pub(crate) moto: &'static Moto,
    pub(crate) proxy: Proxy,
    pub(crate) bucket: String,
}

impl World {
    /// A bucket of this name, unless there is no emulator.
    pub(crate) fn new(bucket: &str) -> Option<Self> {
        let world = Self::without_bucket(bucket)?;
        world.moto.create_bucket(bucket);
        Some(world)
    }

    pub(crate) fn without_bucket(bucket: &str) -> Option<Self> {
        let moto = emulator()?;
        let proxy = Proxy::start(moto.address());
        Some(Self {
            moto,
            proxy,
            bucket: bucket.to_owned(),
        })
    }

    pub(crate) fn clients(&self, patience: Patience) -> Clients {
        Clients::of(&configuration(&self.proxy.url()), patience)
    }

    pub(crate) fn store(&self, patience: Patience) -> S3Store {
        self.locking(patience, None)
    }

    pub(crate) fn locking(&self, patience: Patience, lock: Option<LockDays>) -> S3Store {
        let place = Place::parse(&format!("s3://{}/kept/here", self.bucket)).unwrap();
        S3Store::new(&self.clients(patience), place, lock)
    }

    /// The object as the emulator has it.
    pub(crate) fn kept(&self, name: &str) -> Option<Vec<u8>> {
        let stored = self.moto.get(&self.bucket, &format!("kept/here/{name}"));
        stored.map(|stored| stored.bytes)
    }
}

pub(crate) fn configuration(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("testing", "not-a-secret-of-anybody", None, None, "a test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// What AWS said.
pub(crate) fn call_error(error: StoreError) -> CallError {
    match error.kind {
        pass::StoreErrorKind::Io(source) => *source.downcast::<CallError>().unwrap(),
        other => panic!("{other:?}"),
    }
}
