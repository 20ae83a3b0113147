//! `libvfiotph`: [`vfio_tph`] for C. The header is `include/vfiotph.h`.
//!
//! A C program goes through three rooms: `boundary` takes pointers, and is where all `unsafe` of
//! this crate is; a [`Device`] does the work with the Rust library; a `Failure` becomes an errno and
//! two texts. Nothing is decided here: what TPH is and may do, the crates below know.
//!
//! A Rust program that has a device of another kind, an emulated one for example, gives it to C as a
//! [`Device`] made of a [`Link`].

mod boundary;
mod device;
mod failure;
mod link;
mod numbers;
mod plan;
mod tag_table;
mod types;

pub use boundary::*;
pub use device::Device;
use failure::Failure;
pub use link::Link;
pub use numbers::*;
pub use plan::Plan;
pub use tag_table::{BufferTag, TagTable};
pub use types::{Capability, DmaBufTag, Entry, EntryState, PeerTags, PlanRequest, PlannedQueue};
pub use types::{Queue, Range, Status, Tag};
