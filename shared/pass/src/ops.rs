//! What an operator does to a log: acknowledge, restart, read again, ask a new rule of the past, look up an entry.

pub(crate) mod decide;
pub(crate) mod entry;
pub(crate) mod rescan;
pub(crate) mod past;
pub(crate) mod ask;
