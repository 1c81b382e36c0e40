//! The scheduled Lambda.

fn main() {}
