//! The VFIO interface for TLP Processing Hints on the wire: numbers, byte layouts, and the
//! dispatcher that answers a request's bytes with the rules of [`tph`].
//!
//! The kernel module and the emulated host both hand request bytes to [`needed`] and
//! [`dispatch`], so they cannot answer differently. Clients write requests with [`client`] and
//! hand them to a [`Transport`].
//!
//! Tags that travel with a dma-buf are set by a feature, [`answer_feature`], and asked for by an
//! operation, [`answer_dma_buf`].
//!
//! The layout is that of "vfio/pci: Add PCIe TPH support" v3 to v8, and of "vfio/dma-buf: add TPH
//! support for peer-to-peer access" v2 and v6 to v11, with operations of our own beyond them
//! ([`Operation::OWN`]); [`layout`] has it field by
//! field, and [`header`] writes it down in C.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod client;
mod dispatch;
mod dma_buf;
mod entries;
mod errno;
mod feature;
pub mod header;
pub mod layout;
mod request;
mod st;
mod transport;

pub use dispatch::dispatch;
pub use dma_buf::{DmaBufQuery, answer_dma_buf};
pub use entries::{ENTRY_CPU_NOT_PERMITTED, ENTRY_CPU_OFFLINE, ENTRY_IN_USE, EntriesRequest};
pub use errno::Errno;
pub use feature::{DmaBufSet, FeatureCall, FeatureNumber, FeatureRequest};
pub use feature::{VFIO_DEVICE_FEATURE, answer_feature};
pub use request::{MODE_DS, MODE_IV, Operation, Request, needed};
pub use st::{CLEAR_CPU, MEMORY_PERSISTENT, MEMORY_VOLATILE, StRequest, memory_type};
pub use transport::{FeatureTransport, Transport};

/// The ioctl on a VFIO device: `_IO(';', 122)`, that is `VFIO_BASE + 22`.
pub const VFIO_DEVICE_PCI_TPH: u32 = 0x3b7a;
