//! Boots stock kernels in QEMU with emulated endpoints and runs programs inside.
//!
//! The story, in order: a [`Cache`] is a folder that belongs to the lab; [`prepare()`] fills a
//! [`Sysroot`] in it with today's Debian toolchain, QEMU and a [`Kernel`], without root and
//! without touching the machine; commands run in that sysroot (to build the module); a
//! [`run::Session`] boots that kernel in QEMU and runs one program in it. [`Lab`] does all of this in
//! one go.

pub mod advice;
pub mod cache;
mod command;
mod debug_kernel;
mod emulation;
pub mod error;
pub mod guest;
pub mod kernel;
pub mod lab;
pub mod machine;
mod parameter;
pub mod prepare;
pub mod progress;
pub mod run;
pub mod sysroot;

pub use advice::Advice;
pub use cache::Cache;
pub use command::output;
pub use error::Error;
pub use kernel::{Kernel, KernelChoice};
pub use lab::{Lab, Request};
pub use parameter::{NotAParameter, Parameter};
pub use prepare::prepare;
pub use progress::Progress;
pub use sysroot::Sysroot;
pub use tph_lab_wire::TestReport;

/// What the lab's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
