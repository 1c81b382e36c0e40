//! The template is what the house says of it: least privilege, a record that is kept, alarms that can fire and that say
//! what to do, the environment that the function reads, and words for everything in the runbook.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

// As other tests find them.
#[allow(dead_code)]
#[path = "house/files.rs"]
mod files;
#[path = "template/deployments.rs"]
mod deployments;
#[path = "template/whole.rs"]
mod whole;
#[path = "template/role.rs"]
mod role;
#[path = "template/kept.rs"]
mod kept;
#[path = "template/alarms.rs"]
mod alarms;
#[path = "template/function.rs"]
mod function;
#[path = "template/words.rs"]
mod words;
