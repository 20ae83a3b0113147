//! Steer the DMA of a VFIO device into the right cache.
//!
//! PCIe TLP Processing Hints (TPH) let a device say with each write which CPU will use the data
//! next. A driver in user space, which owns its device through VFIO, turns them on in three steps:
//!
//! ```no_run
//! use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource, VfioFunction};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let function = VfioFunction::open("0000:01:00.0".parse()?)?;
//! let mut tph = function.tph();
//! let mut tph = tph.enable(StMode::DeviceSpecific)?;
//! let cpu = |cpu| TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
//! tph.program(&[(StIndex(0), cpu(3)), (StIndex(1), cpu(7))])?;
//! // Queues that use ST entries 0 and 1 now write into the caches of CPUs 3 and 7. When `tph` is
//! // dropped, the entries are cleared and TPH is off.
//! # Ok(()) }
//! ```
//!
//! A whole driver of the lab's NIC, which the lab runs on a real kernel:
//!
#![doc = concat!("```ignore\n", include_str!("../examples/steer.rs"), "```")]
//!
//! # A device that is open already
//!
//! A driver or VMM that owns its device gives the file of it to [`TphDevice::adopt`], borrowed or
//! owned: one line.
//!
//! ```no_run
//! use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
//! use vfio_tph::TphDevice;
//!
//! # fn adopt(owned: OwnedFd, file: std::fs::File, raw: i32, device: &vfio_tph::vfio_ioctls::VfioDevice) {
//! // Borrowed: the device stays the driver's. A `&File` or anything else with `AsFd` does as well.
//! let tph = TphDevice::adopt(owned.as_fd(), "nic0");
//! // Given away: the device is closed when `tph` is dropped.
//! let tph = TphDevice::adopt(owned, "nic0");
//! // A number, as QEMU and DPDK keep it.
//! // SAFETY: the descriptor stays open for as long as `tph` lives.
//! let tph = TphDevice::adopt(unsafe { BorrowedFd::borrow_raw(raw) }, "nic0");
//! // A `VfioDevice` of the crate vfio-ioctls, as cloud-hypervisor and others of rust-vmm have it.
//! // SAFETY: the device owns the descriptor, and outlives `tph`.
//! let tph = TphDevice::adopt(unsafe { BorrowedFd::borrow_raw(device.as_raw_fd()) }, "nic0");
//! # }
//! ```
//!
//! [`TphDevice::interface`] tells which interface its driver serves, and what to install if none.
//!
//! # Other things
//!
//! The same calls work on everything that carries requests ([`Transport`]): the kernel, an emulated
//! host. [`Host`] and [`Dump`] show which functions have TPH and what the ports above them make of
//! it, [`Host::topology`] the CPUs and the caches that data can land in, and [`explain`] why TPH works
//! for a function or does not.
//!
//! # Threads, panics, events
//!
//! Every type can be sent to other threads and shared by them, as far as a type parameter can. There is
//! no global state: two devices know nothing of each other. Nothing here panics, whatever hardware,
//! kernel and files say.
//!
//! Nothing is printed. Whoever wants to know what is done subscribes to `tracing`, target `vfio_tph`:
//! each [`Step`] that was done or refused at level `DEBUG`, with `device` and `step`, and if refused with
//! `errno` and `error` as well; so too a device that was opened, or was not, with the [`OpenStep`] and the
//! `errno` where there is one. What is asked beyond that to find the [`Cause`] of a refusal is no event.
//! Adopting is told at `TRACE`; what a destructor could not clean up, which nobody is told otherwise, at `WARN`.
//! There is no cargo feature for it: without a subscriber an event costs the load of one number beside a
//! system call, and what is always there is always tested.

/// The code in docs/peer.md is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/peer.md")]
mod peer_guide {}

mod advice;
mod any_thread;
mod binding;
mod cause;
mod device;
mod dma_buf;
mod drift;
mod dump;
mod enabled;
mod error;
pub mod experiment;
mod explain;
mod host;
mod inventory;
mod kernel;
mod layout;
mod plan;
mod processes;
mod rehearsal;
mod step;
mod sync;
mod sys;
mod tag_table;
#[cfg(test)]
mod testing;
mod topology;
mod transport;
mod uevent;
mod vfio;
mod vfio_config;
mod view;

pub use advice::Advice;
pub use binding::{Binder, Bound, Refusal, Released, Usage};
pub use cause::Cause;
pub use device::{Interface, TagBits, TphDevice};
pub use dma_buf::{Descriptor, DmaBuf, DmaBufStep, ExportDmaBuf};
pub use drift::{Comparison, Drift, NotCompared, Seen};
pub use dump::{Dump, DumpError, DumpErrorKind};
pub use enabled::Enabled;
pub use error::Error;
pub use explain::{Answer, Binding, Evidence, Explanation, Facts, Finding, FirmwareTags};
pub use explain::{Link, Reason, Served, explain};
pub use host::{Captured, DeviceFile, DeviceName, GroupMember, Host, Permission};
pub use host::{TableState, Thread, VectorAffinity};
pub use inventory::Inventory;
pub use kernel::{BootParameters, Kernel, KernelConfig, Module};
pub use layout::{Arrival, BusNode, BusPlace, CacheDomain, DomainIndex, Layout, PackageLayout};
pub use plan::{Landing, Plan, PlanError, PlannedEntry, PlannedQueue, Queue};
pub use processes::{BufferView, DeviceView, ProcessView, Processes, SeenTags};
pub use rehearsal::{Change, ChangeStep, NewTag, Register, rehearse};
pub use step::{OpenStep, Step, VfioCall};
pub use tag_table::{BufferTag, NoPlaces, TagTable, WriteTag};
pub use topology::{
    Cache, CacheAllocation, CacheKind, CacheTraffic, Cpu, CpuSet, IoAllocation, Topology,
};
pub use transport::VfioFd;
pub use uevent::{Uevent, Uevents};
pub use vfio::{Bar, ConfigRegion, DmaBuffer, Iommu, VfioFunction};
pub use vfio_config::VfioConfig;
pub use view::{FunctionView, Ids, PortView, ReadOnce, TphView, Unreadable};

pub use tph::{AcpiUid, Bdf, CpuId, CpuPresence, CpuStanding, DmaBufHint, DmaBufTags, MemoryType};
pub use tph::{NoSlot, ProcessingHint, Programmed, RequesterType, SlotIndex, StIndex, StMode};
pub use tph::{SteeringTag, Tag8, Tag16, TagSource};
pub use tph_abi::client::DeviceCapability;
pub use tph_abi::{Errno, FeatureNumber, FeatureTransport, Transport};
pub use vfio_ioctls;
pub use vmm_sys_util::eventfd::EventFd;
