//! Kernels the lab can boot: choosing one, and the parts of one that is there.

mod choice;
mod parts;
mod version;

pub use choice::KernelChoice;
pub use parts::Kernel;
pub use version::Version;
