//! Programs that run inside the lab's guest, and what they share: the way to ask the host about the
//! emulated endpoints and to report tests, a small driver for the endpoints, ioctls as bytes.

pub mod bind;
pub mod child;
pub mod config_file;
pub mod control;
pub mod endpoint;
pub mod faults;
pub mod in_tree;
pub mod irq;
pub mod kernel_log;
pub mod module;
pub mod msix;
pub mod nic;
pub mod raw;
mod rights;
pub mod subject;
pub mod suite;
pub mod tph;
pub mod traced;
pub mod wait;

pub use child::Child;
pub use config_file::ConfigFile;
pub use control::Control;
pub use endpoint::Endpoint;
pub use faults::{Aim, Faults};
pub use in_tree::InTree;
pub use kernel_log::KernelLog;
pub use nic::Nic;
pub use subject::{VfioSubject, send};
pub use suite::{Failure, Suite};
pub use tph::Tph;
