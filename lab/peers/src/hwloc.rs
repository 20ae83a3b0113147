//! What `lstopo` says of the CPUs of a saved host, as XML, and the comparison with it.

mod compare;
mod complete;
mod parse;

pub use compare::compare;

/// How lstopo is asked: all CPUs and caches, whoever may use them, and no devices.
pub const OPTIONS: [&str; 6] = ["--of", "xml", "--disallowed", "--no-io", "--filter", "cache:all"];
