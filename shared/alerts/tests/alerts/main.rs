//! What people read, and what of a log's text can reach them.

#[cfg(test)]
mod findings;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod made;
