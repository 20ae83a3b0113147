//! What `lspci -F DUMP -vvv -n -D` prints, and the comparison with it.

mod compare;
mod parse;

pub use compare::{compare, compare_dump};
