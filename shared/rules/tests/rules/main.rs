//! The rule language as its users meet it: what it refuses, what it matches, and that the engine does what it says.

#[cfg(test)]
mod common;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod language;
#[cfg(test)]
mod ledgers;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod monitored;
#[cfg(test)]
mod monitored_differential;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod soundness;
#[cfg(test)]
mod near;
