//! YAML with the place of every error.
//!
//! [`read`] takes a file, [`parse`] makes a tree of its text, in which every path (`rules[3].match.san`) has a place
//! ([`parse_value`] is for a text that is sound), and [`render`] turns diagnostics that carry such paths into text with line and caret. What the tree means is not judged
//! here.

mod file;
mod place;
mod render;
mod scalar;
mod tree;

pub use file::{MAX_YAML_BYTES, ReadError, read};
pub use place::{Extent, Place, Places, Problem, Spot};
pub use render::{MAX_RENDERED, render, render_lints, render_problem};
pub use tree::{Document, MAX_DEPTH, parse, parse_value};
