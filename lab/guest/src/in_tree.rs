//! The kernel's own TPH functions, called for a device by a module of the lab.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::system::{delete_module, finit_module};
use tph_abi::Errno;
use vfio_tph::Bdf;

use crate::module::DO_NOT_WAIT;

const FILE: &str = "/modules/tph_lab_in_tree.ko";
const CALL: &str = "/sys/module/tph_lab_in_tree/parameters/call";

/// The module, for as long as this lives.
#[derive(Debug)]
pub struct InTree(());

/// What the kernel holds a device for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether TPH is enabled.
    pub enabled: bool,
    /// ST Mode Select.
    pub mode: u8,
    /// TPH Requester Enable, raw.
    pub requester: u8,
}

impl InTree {
    /// Whether this kernel has such functions.
    pub fn exists() -> bool {
        Path::new(FILE).exists()
    }

    /// Loads the module.
    ///
    /// # Errors
    /// If this kernel has no such functions, and what it answered.
    pub fn load() -> io::Result<Self> {
        finit_module(File::open(FILE)?, c"", 0)?;
        Ok(Self(()))
    }

    /// One call, in the words of `kernel/test/tph_lab_in_tree.c`.
    ///
    /// # Errors
    /// What the function returned.
    pub fn call(&self, address: Bdf, what: &str) -> Result<(), Errno> {
        fs::write(CALL, format!("{address} {what}"))
            .map_err(|error| Errno(error.raw_os_error().unwrap_or_default()))
    }

    /// `pcie_tph_get_cpu_st()`.
    ///
    /// # Errors
    /// What it returned.
    pub fn tag(&self, address: Bdf, cpu: u32, memory: u8) -> Result<u16, Errno> {
        self.call(address, &format!("tag {cpu} {memory}"))?;
        let words = state().map_err(|_| Errno::EIO)?;
        let tag = words.get(3).and_then(|tag| tag.strip_prefix("0x"));
        tag.and_then(|tag| u16::from_str_radix(tag, 16).ok()).ok_or(Errno::EIO)
    }

    /// What the kernel holds the device for.
    ///
    /// # Errors
    /// If the module does not say.
    pub fn held(&self, address: Bdf) -> io::Result<Held> {
        self.call(address, "state").map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
        let words = state()?;
        let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
        let (Some(enabled), Some(mode), Some(requester)) = (number(0), number(1), number(2)) else {
            return Err(io::Error::other(words.join(" ")));
        };
        Ok(Held { enabled: enabled != 0, mode, requester })
    }
}

fn state() -> io::Result<Vec<String>> {
    Ok(fs::read_to_string(CALL)?.split_whitespace().map(str::to_owned).collect())
}

impl Drop for InTree {
    fn drop(&mut self) {
        // Nobody uses it; should that be wrong, the next one to load it says so.
        let _ = delete_module(c"tph_lab_in_tree", DO_NOT_WAIT);
    }
}
