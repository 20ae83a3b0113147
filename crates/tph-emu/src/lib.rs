//! An emulated TPH host: functions, root ports, firmware, a tagging DMA engine, a scoreboard.
//!
//! A [`Profile`] describes the host, a [`Host`] is built from it. A driver reaches a function
//! through an [`EmuDevice`], which answers like a VFIO device with our module; a guest in QEMU
//! reaches it over [`vfio_user`]. What the function sends is recorded packet by packet, and its
//! [`Scoreboard`] says which CPU each tag named.
//!
//! What a register means and what a request may do is `tph`'s business. Here is the hardware: which
//! bits stick, which tag the engine takes, what a reset clears.

pub mod device;
pub mod dma;
pub mod endpoint;
pub mod engine;
mod firmware;
pub mod host;
mod interrupt;
mod misses;
pub mod profile;
mod root_port;
pub mod scoreboard;
pub mod ssdt;
mod sync;
pub mod vfio_user;

pub use device::{BusMaster, EmuDevice, EmuFile, OpenError, Region};
pub use dma::{BarRange, DmaError, Memory, Packet, SharedMemory};
pub use endpoint::{AccessCounts, Endpoint, Injection};
pub use firmware::Firmware;
pub use host::{Caller, DirectTags, FunctionId, Host, HostView, ImportError};
pub use host::{OpenFile, SharedHost};
pub use interrupt::Interrupt;
pub use misses::MissCounter;
pub use profile::{Profile, ProfileError};
pub use scoreboard::{QueueScore, ReceivedBoard, ReceivedScore, Scoreboard, TlpRecord};
