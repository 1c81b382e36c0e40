//! S3 as the store and SNS as a sink.
