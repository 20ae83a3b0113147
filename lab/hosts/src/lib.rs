//! Hosts for tests: the files that a Linux host shows of itself, written into a temporary folder that
//! the library reads as a saved host.
//!
//! [`Tree`] writes them; [`known`] has a host of each kind that the command has to be right about.
//! Everything is made up except what its maker says is captured.

mod cpus;
mod image;
pub mod known;
mod tree;

pub use cpus::{Processors, two_sockets, two_threads};
pub use image::{ConfigImage, endpoint, root_port};
pub use tree::{FunctionFiles, Tree};
