//! The rules of PCIe TLP Processing Hints (TPH), written once.
//!
//! A device that supports TPH puts a *steering tag* on a memory request, so that its data lands in
//! the cache of the CPU that uses it next. This crate knows what the registers mean
//! ([`Capability`], [`Control`], [`StTable`]), what a tag is ([`Tag8`], [`Tag16`], [`TagWord`]),
//! what a request may do and which error it gets ([`Requester`] over [`Function`]), which tag
//! travels with a dma-buf ([`DmaBufHint`]), and what the tagged packet looks like ([`tlp`]).
//!
//! It does no I/O, never allocates, has no dependency and no `unsafe`: the same code runs in the
//! kernel module, in the emulated host and in the tests.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod address;
mod batch;
mod capability;
mod completer;
mod config;
mod control;
mod control_io;
mod dma_buf;
mod error;
mod firmware;
mod function;
mod hint;
mod life;
mod mode;
mod msix;
mod prefix;
mod requester;
mod resolve;
mod shadow;
mod slots;
mod table;
mod table_io;
mod tag;
mod targets;
pub mod tlp;
mod vectors;

pub use address::{AcpiUid, Bdf, CpuId, ParseBdfError};
pub use batch::{Batch, BatchLen, Entry, TagQuery, TagSource};
pub use capability::{Capability, ExtendedHeader, TPH_CAPABILITY_ID, TphCapability};
pub use completer::{Completer, PortType, negotiate};
pub use config::{AccessError, ConfigOffset, ConfigSpace};
pub use config::{find_capability, find_extended_capability};
pub use control::{Control, RequesterEnable, RequesterType};
pub use dma_buf::{DmaBufError, DmaBufHint, DmaBufTags, DmaBufs};
pub use error::{EntryError, Error};
pub use firmware::{DsmCall, FirmwareError, TagWord};
pub use function::{CpuPresence, Function};
pub use hint::{MemoryType, ProcessingHint};
pub use mode::{ModeSet, StMode};
pub use msix::MsixCapability;
pub use prefix::{EndEndPrefixes, flit_mode};
pub use requester::{Requester, State};
pub use resolve::{cpu_tag, firmware_gives_tags};
pub use slots::{NoSlot, SlotIndex, SlotUse, TagSlot, TagSlots};
pub use table::{MAX_CAPABILITY_ENTRIES, Malformed, StIndex, StTable, TableLocation};
pub use table::{MAX_MSIX_ENTRIES, entry_offset};
pub use tag::{SteeringTag, Tag8, Tag16};
pub use targets::{CpuStanding, EntryQuery, Programmed};
