//! The module under test, loaded and unloaded.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::system::{delete_module, finit_module};
use tph_lab_wire::{PLAN_PATH, Plan};

const FOLDER: &str = "/sys/module/vfio_pci_tph";
/// `O_NONBLOCK`: do not wait for users to go (`delete_module(2)`).
pub(crate) const DO_NOT_WAIT: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// Whether it is loaded.
pub fn is_loaded() -> bool {
    Path::new(FOLDER).exists()
}

/// Whether the kernel has TPH support of its own (`CONFIG_PCIE_TPH`).
///
/// # Errors
/// If the kernel's symbols cannot be read.
pub fn kernel_has_tph() -> io::Result<bool> {
    let symbols = fs::read_to_string("/proc/kallsyms")?;
    Ok(symbols.lines().any(|line| line.split_whitespace().nth(2) == Some("pcie_enable_tph")))
}

/// How many users it has: open devices.
///
/// # Errors
/// If it is not loaded.
pub fn users() -> io::Result<u32> {
    let text = fs::read_to_string(Path::new(FOLDER).join("refcnt"))?;
    text.trim().parse().map_err(|_| io::Error::other(text))
}

/// Whether it was loaded with `enable_unsafe_tph_ds`.
///
/// # Errors
/// If it is not loaded.
pub fn allows_direct_tags() -> io::Result<bool> {
    let switch = Path::new(FOLDER).join("parameters/enable_unsafe_tph_ds");
    Ok(fs::read_to_string(switch)?.trim() == "Y")
}

/// Unloads it.
///
/// # Errors
/// What the kernel answered; `EAGAIN` if somebody uses it.
pub fn unload() -> rustix::io::Result<()> {
    delete_module(c"vfio_pci_tph", DO_NOT_WAIT)
}

/// Loads it with the parameters that the lab chose.
///
/// # Errors
/// If it is not in the lab's plan, and what the kernel answered.
pub fn load() -> io::Result<()> {
    load_with("")
}

/// Loads it with `parameter` beside those that the lab chose.
///
/// # Errors
/// As [`load`].
pub fn load_with(parameter: &str) -> io::Result<()> {
    let plan: Plan = serde_json::from_slice(&fs::read(PLAN_PATH)?)?;
    let is_ours = |path: &str| path.replace('-', "_").contains("vfio_pci_tph");
    let found = plan.modules.into_iter().find(|module| is_ours(&module.path));
    let module = found.ok_or_else(|| io::Error::other("the lab has not loaded it"))?;
    let parameters = CString::new(format!("{} {parameter}", module.parameters))?;
    Ok(finit_module(File::open(module.path)?, &parameters, 0)?)
}

/// A module that only tests need, for as long as this lives.
#[derive(Debug)]
pub struct TestModule(&'static CStr);

impl TestModule {
    /// Loads the one that calls what the module under test exports, and keeps that in use.
    ///
    /// # Errors
    /// If the lab has not put it into the guest, and what the kernel answered.
    pub fn exports() -> io::Result<Self> {
        Self::load("/modules/tph_lab_exports.ko", c"tph_lab_exports")
    }

    /// Loads the one that imports dma-bufs.
    ///
    /// # Errors
    /// As [`exports`](Self::exports).
    pub fn importer() -> io::Result<Self> {
        Self::load("/modules/tph_lab_importer.ko", c"tph_lab_importer")
    }

    fn load(path: &str, name: &'static CStr) -> io::Result<Self> {
        finit_module(File::open(path)?, c"", 0)?;
        Ok(Self(name))
    }
}

impl Drop for TestModule {
    fn drop(&mut self) {
        // Nobody uses it; should that be wrong, the tests that unload ours say so.
        let _ = delete_module(self.0, DO_NOT_WAIT);
    }
}
