//! The emulated machine: its hardware, and the QEMU that runs it.

mod hardware;
mod monitor;
mod qemu;
mod slots;

pub use hardware::{Function, Hardware, Position, RootPort};
pub(crate) use monitor::{Monitor, MonitorError};
pub(crate) use qemu::{Boot, Qemu};
pub use slots::Slots;
