//! Fetching one thing after the other; the archive is asked only when something is missing.

use super::apt::Apt;
use super::source::{self, Extent, Source};
use super::stamp::Stamp;
use super::view::View;
use super::{Freshness, packages, saved_hosts, unpack};
use crate::guest::list_dependencies;
use crate::kernel::{Kernel, KernelChoice};
use crate::{Cache, Progress, Result, Sysroot};
use std::path::PathBuf;

/// One run's fetching, with the cache locked.
pub(super) struct Fetch<'a> {
    cache: &'a Cache,
    sysroot: &'a Sysroot,
    freshness: Freshness,
    progress: Progress,
    view: View,
    apt: Option<Apt>,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        cache: &'a Cache,
        sysroot: &'a Sysroot,
        freshness: Freshness,
        progress: Progress,
    ) -> Self {
        Self { cache, sysroot, freshness, progress, view: View::LAB, apt: None }
    }

    /// The same from another part of the archive.
    pub(super) fn seeing(self, view: View) -> Self {
        Self { view, apt: None, ..self }
    }

    /// Whether what an earlier run completed will do.
    fn content(&self) -> bool {
        self.freshness == Freshness::Cached
    }

    /// apt, with lists of packages that are new in this run.
    fn apt(&mut self) -> Result<&Apt> {
        let apt = if let Some(apt) = self.apt.take() {
            apt
        } else {
            let apt = Apt::new(self.cache, self.view)?;
            apt.update(self.progress)?;
            apt
        };
        Ok(self.apt.insert(apt))
    }

    /// The toolchain and QEMU.
    pub(super) fn tools(&mut self) -> Result<()> {
        self.unpacked("tools", &packages::tools(), "the toolchain and QEMU")
    }

    /// What the C library is built and checked with.
    pub(super) fn c_library_tools(&mut self) -> Result<()> {
        let tools = packages::c_library_tools();
        self.unpacked("c-library-tools", &tools, "what checking the C library needs")
    }

    /// What the project's packages are installed with.
    pub(super) fn package_tools(&mut self) -> Result<()> {
        self.unpacked("package-tools", &packages::package_tools(), "what installing packages needs")
    }

    /// What boots with systemd, in a sysroot of its own.
    pub(super) fn system(&mut self) -> Result<()> {
        self.unpacked("system", &packages::system(), "a system with systemd")
    }

    /// Programs that read what this project reads, and the files of hosts that one of them ships.
    pub(super) fn peers(&mut self) -> Result<PathBuf> {
        self.unpacked("peer-tools", &packages::peer_tools(), "lspci and hwloc")?;
        let stamp = Stamp::of(self.cache, "saved-hosts")?;
        if !(self.content() && stamp.is_current()) {
            // Its folders are apt's own.
            self.apt()?;
            saved_hosts::fetch(self.cache, self.sysroot, self.progress)?;
            stamp.write(None)?;
        }
        saved_hosts::folder(self.cache)
    }

    /// What benchmarks are compared with.
    pub(super) fn benchmark_tools(&mut self) -> Result<()> {
        let tools = packages::benchmark_tools();
        self.unpacked("benchmark-tools", &tools, "what benchmarks are compared with")
    }

    /// Rust for a big-endian machine, and what runs its programs.
    pub(super) fn big_endian(&mut self) -> Result<()> {
        let (tools, library) = (packages::big_endian_tools(), packages::big_endian_library());
        self.unpacked_with("big-endian", &tools, &library, "Rust for s390x")
    }

    /// A compiler with the sources of its standard library, and the thread sanitizer.
    pub(super) fn thread_sanitizer(&mut self) -> Result<()> {
        let tools = packages::thread_sanitizer_tools();
        self.unpacked("thread-sanitizer", &tools, "Rust with the library's sources")
    }

    /// What counts the lines that tests run.
    pub(super) fn coverage_tools(&mut self, llvm: u32) -> Result<()> {
        let tools = packages::coverage_tools(llvm);
        self.unpacked(&format!("llvm-{llvm}"), &tools, "what reads profiles")
    }

    /// Packages with all that they depend on, stamped when they are complete.
    fn unpacked(&mut self, stamp: &str, packages: &[String], what: &str) -> Result<()> {
        self.unpacked_with(stamp, packages, &[], what)
    }

    /// The same, and others `alone`.
    fn unpacked_with(
        &mut self,
        stamp: &str,
        packages: &[String],
        alone: &[String],
        what: &str,
    ) -> Result<()> {
        let stamp = Stamp::of(self.cache, stamp)?;
        if self.content() && stamp.is_current() {
            return Ok(());
        }
        let progress = self.progress;
        let title = format!("download {what}");
        let mut debs = self.apt()?.download(packages, &title, progress)?;
        if !alone.is_empty() {
            debs.extend(self.apt()?.download_alone(alone, &title, progress)?);
        }
        unpack::all(&debs, self.sysroot.root(), &format!("unpack {what}"), progress)?;
        self.sysroot.finish()?;
        stamp.write(None)
    }

    /// A kernel of Debian's.
    pub(super) fn kernel(&mut self, choice: &KernelChoice) -> Result<Kernel> {
        let stamp = Stamp::of(self.cache, &format!("kernel-{}", choice.slug()))?;
        if self.content()
            && let Some(version) = stamp.version()
            && let Ok(kernel) = Kernel::find(self.sysroot.root(), &version)
        {
            return Ok(kernel);
        }
        let (progress, sysroot) = (self.progress, self.sysroot);
        let apt = self.apt()?;
        let version = packages::newest_kernel(apt, choice)?;
        let mut debs = apt.download(
            &packages::kernel_headers(&version),
            &format!("download the headers of Linux {version}"),
            progress,
        )?;
        debs.extend(apt.download_alone(
            &packages::kernel_image(apt, &version)?,
            &format!("download Linux {version}"),
            progress,
        )?);
        unpack::all(&debs, sysroot.root(), &format!("unpack Linux {version}"), progress)?;
        list_dependencies(sysroot, version.as_str())?;
        let kernel = Kernel::find(sysroot.root(), &version)?;
        stamp.write(Some(&version))?;
        Ok(kernel)
    }

    /// The newest sources of a kernel, and what building one needs.
    pub(super) fn source(&mut self) -> Result<Source> {
        let tools = packages::kernel_build_tools();
        self.unpacked("kernel-build-tools", &tools, "what building a kernel needs")?;
        self.newest_source(Extent::Whole)
    }

    /// What checks C code: the scripts of the newest sources, and what they and sparse need.
    pub(super) fn checkers(&mut self) -> Result<Source> {
        self.unpacked("check-tools", &packages::check_tools(), "what checks C code")?;
        self.newest_source(Extent::Checkpatch)
    }

    fn newest_source(&mut self, extent: Extent) -> Result<Source> {
        let stamp = Stamp::of(self.cache, extent.stamp())?;
        if self.content()
            && let Some(version) = stamp.version()
            && let Some(source) = Source::find(self.cache, version, extent)?
        {
            return Ok(source);
        }
        let progress = self.progress;
        let apt = self.apt()?;
        let package = packages::newest_source(apt)?;
        let debs = apt.download_alone(&[package], "download the kernel's sources", progress)?;
        let source = source::unpack(self.cache, self.sysroot, &debs, extent, progress)?;
        stamp.write(Some(&source.version))?;
        Ok(source)
    }
}
