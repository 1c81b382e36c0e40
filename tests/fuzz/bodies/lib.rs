//! What the fuzz targets do with their input: plain functions, so that the tests can run them too.

pub mod sigstore;
pub mod tlog;
