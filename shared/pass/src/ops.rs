//! What an operator does to a log: acknowledge, restart, read again.

pub(crate) mod decide;
pub(crate) mod rescan;
