//! What every server of `VFIO_DEVICE_PCI_TPH` must answer.
//!
//! The same cases run against the emulated host, in process, and against the module in a guest's
//! kernel: a [`Subject`] is whoever answers, [`Facts`] is what is known of its device and host.
//! Expectations come from the rules in `tph` and the wire in `tph-abi`, not from copies of them.

mod bad;
mod case;
mod direct;
mod dma_buf;
mod entries;
mod good;
mod life;
mod request;
mod subject;

pub use case::{Case, cases, direct_cases};
pub use dma_buf::{DmaBufCase, Exporter, MemorySpace, any_dma_buf_cases, dma_buf_cases};
pub use request::{disable, enable, entries, get_cap, program, st};
pub use subject::{Facts, Registers, Subject};
