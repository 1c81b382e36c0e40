//! The steps of a pass over one log, in their order.

pub(crate) mod book;
pub(crate) mod awaiting;
pub(crate) mod fetch;
pub(crate) mod verify;
pub(crate) mod tree;
pub(crate) mod judge;
pub(crate) mod scan;
pub(crate) mod chain;
pub(crate) mod commit;
pub(crate) mod begin;
pub(crate) mod load;
pub(crate) mod witness;
pub(crate) mod observe;
pub(crate) mod prove;
pub(crate) mod views;
pub(crate) mod plan;
pub(crate) mod read;
pub(crate) mod deliver;
pub(crate) mod tell;
pub(crate) mod tail;
pub(crate) mod settle;
