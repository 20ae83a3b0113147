//! The VFIO interface for TLP Processing Hints on the wire: numbers, byte layouts, and the
//! dispatcher that answers a request's bytes with the rules of [`tph`].
//!
//! The kernel module and the emulated host both hand request bytes to [`needed`] and
//! [`dispatch`], so they cannot answer differently. Clients write requests with [`client`] and
//! hand them to a [`Transport`].
//!
//! The layout is that of "vfio/pci: Add PCIe TPH support" v3 to v8, with operations of our own
//! beyond it ([`Operation::OWN`]); [`layout`] has it field by
//! field, and [`header`] writes it down in C.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod client;
mod dispatch;
mod entries;
mod errno;
pub mod header;
pub mod layout;
mod request;
mod st;
mod transport;

pub use dispatch::dispatch;
pub use entries::EntriesRequest;
pub use errno::Errno;
pub use request::{MODE_DS, MODE_IV, Operation, Request, needed};
pub use st::{CLEAR_CPU, MEMORY_PERSISTENT, MEMORY_VOLATILE, StRequest, memory_type};
pub use transport::Transport;

/// The ioctl on a VFIO device: `_IO(';', 122)`, that is `VFIO_BASE + 22`.
pub const VFIO_DEVICE_PCI_TPH: u32 = 0x3b7a;
