//! Building the module under test for a kernel, in the sysroot, and checking its C code.
//!
//! How that is done, and whether there is anything to build, is the business of the scripts in
//! `kernel/`.

use crate::command::output;
use crate::kernel::Kernel;
use crate::prepare;
use crate::{Cache, Error, Progress, Result, Sysroot};
use std::path::{Path, PathBuf};

/// The module under test, and the one that gives root ports completer bits.
const MODULE: &str = "vfio_pci_tph.ko";
/// The one that calls what the module under test exports.
const EXPORTS: &str = "tph_lab_exports.ko";
/// The one that imports dma-bufs.
const IMPORTER: &str = "tph_lab_importer.ko";
const COMPLETER: &str = "tph_lab_completer.ko";
/// The one that calls the kernel's own TPH functions.
const IN_TREE: &str = "tph_lab_in_tree.ko";
/// The scripts that build and check them, as they are called in the sysroot.
const BUILD: &str = "/repo/kernel/build.sh";
const CHECK: &str = "/repo/kernel/check.sh";

/// The folder with the built modules.
#[derive(Clone, Debug)]
pub struct Driver {
    folder: PathBuf,
}

impl Driver {
    /// The module under test.
    pub fn module(&self) -> PathBuf {
        self.folder.join(MODULE)
    }

    /// The module that lets root ports report a TPH completer.
    pub fn completer(&self) -> PathBuf {
        self.folder.join(COMPLETER)
    }

    /// The module that calls what the module under test exports.
    pub fn exports(&self) -> PathBuf {
        self.folder.join(EXPORTS)
    }

    /// The module that calls the kernel's own TPH functions; `None` for a kernel without any.
    pub fn in_tree(&self) -> Option<PathBuf> {
        Some(self.folder.join(IN_TREE)).filter(|path| path.exists())
    }

    /// The module that imports dma-bufs.
    pub fn importer(&self) -> PathBuf {
        self.folder.join(IMPORTER)
    }

    /// Builds the modules, unless they were built from the very same sources before.
    ///
    /// # Errors
    /// When the build fails or leaves no module.
    pub fn build(
        cache: &Cache,
        sysroot: &Sysroot,
        kernel: &Kernel,
        repository: &Path,
        progress: Progress,
    ) -> Result<Self> {
        let _lock = cache.lock()?;
        let driver = Self { folder: cache.folder(inside_cache(kernel))? };
        let step = progress.step(format!("build the module for Linux {}", kernel.version()));
        let mounts = kernel.mounts(repository, cache);
        let mut command = sysroot.command("sh", &mounts);
        command
            .args([BUILD, "--tests"])
            .arg("--headers")
            .arg(kernel.headers())
            .arg("--out")
            .arg(Path::new("/cache").join(inside_cache(kernel)))
            .args(["--cache", "/cache/rust-core"]);
        output(&mut command, "build the module")?;
        let built = [driver.module(), driver.completer(), driver.exports(), driver.importer()];
        if let Some(path) = built.into_iter().find(|path| !path.exists()) {
            return Err(Error::NoModule { path });
        }
        step.done();
        Ok(driver)
    }

    /// Checks the C code that the modules were built from, for the kernel that they were built for.
    ///
    /// # Errors
    /// When a check has something to say, or what checks cannot be fetched.
    pub fn check(
        &self,
        cache: &Cache,
        sysroot: &Sysroot,
        kernel: &Kernel,
        repository: &Path,
        progress: Progress,
    ) -> Result<()> {
        let scripts = prepare::checkers(cache, sysroot, progress)?;
        let _lock = cache.lock()?;
        let step = progress.step(format!("check the C code for Linux {}", kernel.version()));
        let mounts = kernel.mounts(repository, cache);
        let mut command = sysroot.command("sh", &mounts);
        command
            .args([CHECK, "--headers"])
            .arg(kernel.headers())
            .arg("--out")
            .arg(Path::new("/cache").join(inside_cache(kernel)))
            .arg("--checkpatch")
            .arg(Path::new("/cache").join(scripts).join("scripts/checkpatch.pl"));
        output(&mut command, "check the C code")?;
        step.done();
        Ok(())
    }
}

/// Where the modules for a kernel are in the cache.
fn inside_cache(kernel: &Kernel) -> PathBuf {
    Path::new("driver").join(kernel.version().as_str())
}
