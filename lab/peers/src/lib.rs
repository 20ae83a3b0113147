//! Others read the same bytes: `lspci` and the crate pcics a configuration space, hwloc the files of
//! a host. Here are the functions that they are given, what they say of them, and the comparison
//! with what this project says. Where they differ for a known reason, the reason is counted; every
//! other difference is a fault, of ours or of theirs.
//!
//! Nothing here starts a program: `cargo xtask peers` does.

mod emulated;
mod function;
mod generate;
pub mod hwloc;
pub mod lspci;
mod reading;
mod tally;

pub use emulated::emulated;
pub use function::{Function, dump};
pub use generate::{functions, image};
pub use reading::{Express, Reading, Tph};
pub use tally::Tally;
