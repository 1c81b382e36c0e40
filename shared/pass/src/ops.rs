//! What an operator does to a log: acknowledge, restart, read again, look up an entry.

pub(crate) mod decide;
pub(crate) mod entry;
pub(crate) mod rescan;
