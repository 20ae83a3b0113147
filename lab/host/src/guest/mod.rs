//! What is put into the guest: programs, kernel modules, and the archive that carries them.

mod c_programs;
mod cpio;
mod driver;
mod elf;
mod initramfs;
mod modules;
mod programs;

pub use driver::Driver;
pub(crate) use initramfs::Initramfs;
pub(crate) use modules::{list_dependencies, needed};
pub use programs::{Programs, build};
