//! Filling the cache: a sysroot with today's Debian toolchain, QEMU and a kernel.
//!
//! Nothing here needs root or changes the machine: apt works on a root of its own and packages are
//! unpacked, never installed. Every step can be interrupted; running again goes on from there.

mod apt;
mod fetch;
mod mirror;
mod packages;
mod saved_hosts;
mod source;
mod stamp;
mod unpack;
mod view;

use crate::debug_kernel;
use crate::kernel::{Kernel, KernelChoice};
use crate::{Cache, Progress, Result, Sysroot};
use fetch::Fetch;
use std::path::PathBuf;
use view::View;

pub(crate) use source::Source;

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
/// When the archive cannot be reached, has no such kernel, the cache cannot be written, or a kernel
/// that the lab builds itself cannot be built.
pub fn prepare(
    cache: &Cache,
    choice: &KernelChoice,
    freshness: Freshness,
    progress: Progress,
) -> Result<(Sysroot, Kernel)> {
    let lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    let mut fetch = Fetch::new(cache, &sysroot, freshness, progress);
    fetch.tools()?;
    let kernel = match choice {
        KernelChoice::Folder(folder) => Kernel::newest_in(folder)?,
        KernelChoice::Debug => {
            let source = fetch.source()?;
            // Building takes minutes; nobody else has to wait for it.
            drop(lock);
            debug_kernel::build(cache, &sysroot, &source, progress)?
        }
        _ => fetch.kernel(choice)?,
    };
    Ok((sysroot, kernel))
}

/// Makes sure that what checks C code is in the cache and the sysroot; the folder in the cache that
/// `scripts/checkpatch.pl` is in.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub(crate) fn checkers(cache: &Cache, sysroot: &Sysroot, progress: Progress) -> Result<PathBuf> {
    let _lock = cache.lock()?;
    let mut fetch = Fetch::new(cache, sysroot, Freshness::Cached, progress);
    Ok(fetch.checkers()?.inside)
}

/// Makes sure that the sysroot has what the C library is built and checked with, beside the
/// toolchain, and says where it is.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_c_library(cache: &Cache, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    let mut fetch = Fetch::new(cache, &sysroot, Freshness::Cached, progress);
    fetch.tools()?;
    fetch.c_library_tools()?;
    Ok(sysroot)
}

/// Makes sure that the sysroot has the programs that benchmarks are compared with and counted by, and
/// says where it is.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_benchmarks(cache: &Cache, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    Fetch::new(cache, &sysroot, Freshness::Cached, progress).benchmark_tools()?;
    Ok(sysroot)
}

/// Makes sure that the sysroot has the programs of LLVM's version `llvm` that read coverage, and says
/// where it is.
///
/// # Errors
/// When the archive cannot be reached or has no such version, or the cache cannot be written.
pub fn prepare_coverage(cache: &Cache, llvm: u32, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    Fetch::new(cache, &sysroot, Freshness::Cached, progress).coverage_tools(llvm)?;
    Ok(sysroot)
}

/// Makes sure that the sysroot has what the project's packages are installed with, and the headers of
/// Debian's stable kernel, beside what [`prepare_c_library`] brings.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_packages(cache: &Cache, progress: Progress) -> Result<(Sysroot, Kernel)> {
    let sysroot = prepare_c_library(cache, progress)?;
    let _lock = cache.lock()?;
    let mut fetch = Fetch::new(cache, &sysroot, Freshness::Cached, progress);
    fetch.package_tools()?;
    let kernel = fetch.kernel(&KernelChoice::Stable)?;
    Ok((sysroot, kernel))
}

/// Makes sure that a small Debian system with systemd and udev is in the cache, unpacked and not
/// installed, and says where.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_system(cache: &Cache, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let system = Sysroot::at(cache.folder("system")?);
    Fetch::new(cache, &system, Freshness::Cached, progress).system()?;
    Ok(system)
}

/// Makes sure that the sysroot has the programs that read what this project reads, and the cache the
/// files of hosts that hwloc's own tests read; the sysroot, and the folder with one folder for each
/// host.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_peers(cache: &Cache, progress: Progress) -> Result<(Sysroot, PathBuf)> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("sysroot")?);
    let mut fetch = Fetch::new(cache, &sysroot, Freshness::Cached, progress);
    fetch.tools()?;
    let hosts = fetch.peers()?;
    Ok((sysroot, hosts))
}

/// Makes sure that the cache has a system with Rust for s390x, which is big-endian, and what runs its
/// programs, and says where.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_big_endian(cache: &Cache, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("big-endian")?);
    let fetch = Fetch::new(cache, &sysroot, Freshness::Cached, progress);
    fetch.seeing(View::BIG_ENDIAN).big_endian()?;
    Ok(sysroot)
}

/// Makes sure that the cache has a system with Rust, the sources of its standard library and the thread
/// sanitizer, and says where.
///
/// # Errors
/// When the archive cannot be reached or the cache cannot be written.
pub fn prepare_thread_sanitizer(cache: &Cache, progress: Progress) -> Result<Sysroot> {
    let _lock = cache.lock()?;
    let sysroot = Sysroot::at(cache.folder("thread-sanitizer")?);
    let fetch = Fetch::new(cache, &sysroot, Freshness::Cached, progress);
    fetch.seeing(View::UNSTABLE).thread_sanitizer()?;
    Ok(sysroot)
}
