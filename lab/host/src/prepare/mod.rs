//! Filling the cache: a sysroot with today's Debian toolchain, QEMU and a kernel.
//!
//! Nothing here needs root or changes the machine: apt works on a root of its own and packages are
//! unpacked, never installed. Every step can be interrupted; running again goes on from there.

mod apt;
mod mirror;
mod packages;
mod stamp;
mod unpack;

use crate::guest::list_dependencies;
use crate::kernel::{Kernel, KernelChoice};
use crate::{Cache, Progress, Result, Sysroot};
use apt::Apt;
use stamp::Stamp;

/// Whether to be content with what an earlier run fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Use what is there; ask the archive only for what is missing.
    #[default]
    Cached,
    /// Ask the archive for its newest packages.
    Newest,
}

/// Makes sure that the sysroot and the kernel are in the cache, and says where.
///
/// # Errors
/// When the archive cannot be reached, has no such kernel, or the cache cannot be written.
pub fn prepare(
    cache: &Cache,
    choice: &KernelChoice,
    freshness: Freshness,
    progress: Progress,
) -> Result<(Sysroot, Kernel)> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    let tools = Stamp::of(cache, "tools")?;
    let stamp = Stamp::of(cache, &format!("kernel-{}", choice.slug()))?;
    if freshness == Freshness::Cached && tools.is_current() {
        if let KernelChoice::Folder(folder) = choice {
            return Ok((sysroot, Kernel::newest_in(folder)?));
        }
        if let Some(kernel) = stamp.version().and_then(|v| Kernel::find(sysroot.root(), &v).ok()) {
            return Ok((sysroot, kernel));
        }
    }
    let apt = Apt::new(cache)?;
    apt.update(progress)?;
    if freshness == Freshness::Newest || !tools.is_current() {
        let debs = apt.download(&packages::tools(), "download the toolchain and QEMU", progress)?;
        unpack::all(&debs, sysroot.root(), "unpack the toolchain and QEMU", progress)?;
        sysroot.finish()?;
        tools.write(None)?;
    }
    if let KernelChoice::Folder(folder) = choice {
        return Ok((sysroot, Kernel::newest_in(folder)?));
    }
    let version = packages::newest_kernel(&apt, choice)?;
    let mut debs = apt.download(
        &packages::kernel_headers(&version),
        &format!("download the headers of Linux {version}"),
        progress,
    )?;
    debs.extend(apt.download_alone(
        &packages::kernel_image(&apt, &version)?,
        &format!("download Linux {version}"),
        progress,
    )?);
    unpack::all(&debs, sysroot.root(), &format!("unpack Linux {version}"), progress)?;
    list_dependencies(&sysroot, version.as_str())?;
    let kernel = Kernel::find(sysroot.root(), &version)?;
    stamp.write(Some(&version))?;
    Ok((sysroot, kernel))
}
