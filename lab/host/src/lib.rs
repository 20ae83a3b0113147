//! Boots stock kernels in QEMU with emulated endpoints and runs programs inside.
//!
//! The story, in order: a [`Cache`] is a folder that belongs to the lab; [`prepare`] fills a
//! [`Sysroot`] in it with today's Debian toolchain, QEMU and a [`Kernel`], without root and
//! without touching the machine; commands run in that sysroot (to build the module).

pub mod advice;
pub mod cache;
mod command;
pub mod error;
pub mod kernel;
pub mod prepare;
pub mod progress;
pub mod sysroot;

pub use advice::Advice;
pub use cache::Cache;
pub use error::Error;
pub use kernel::{Kernel, KernelChoice};
pub use prepare::prepare;
pub use progress::Progress;
pub use sysroot::Sysroot;

/// What the lab's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
