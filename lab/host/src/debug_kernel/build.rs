//! The steps of a build, all of them in the sysroot.

use super::counter::Counter;
use super::options;
use super::recipe::Recipe;
use crate::cache::write_atomically;
use crate::command::{each_line, output};
use crate::kernel::{Kernel, Version};
use crate::prepare::Source;
use crate::sysroot::Mount;
use crate::{Cache, Error, Progress, Result, Sysroot};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Where the sysroot sees the cache.
const CACHE: &str = "/cache";

/// One recipe's folder: what is compiled is in `tree`, what is installed in `root`.
#[derive(Debug)]
pub(super) struct Build<'a> {
    cache: &'a Cache,
    sysroot: &'a Sysroot,
    source: &'a Source,
    /// The folder, and its path in the cache.
    folder: PathBuf,
    inside: PathBuf,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        cache: &'a Cache,
        sysroot: &'a Sysroot,
        source: &'a Source,
        recipe: &Recipe<'_>,
    ) -> Result<Self> {
        let inside = Path::new("debug-kernel").join(format!("build-{}", recipe.name()));
        cache.folder(inside.join("tree"))?;
        let folder = cache.folder(&inside)?;
        Ok(Self { cache, sysroot, source, folder, inside })
    }

    /// The file that is there when the kernel is; it says what `uname -r` will.
    pub(super) fn mark(&self) -> PathBuf {
        self.folder.join("release")
    }

    /// The finished kernel.
    pub(super) fn kernel(&self, release: &Version) -> Result<Kernel> {
        let tree = Path::new(CACHE).join(&self.inside).join("tree");
        Kernel::built(&self.folder.join("root"), release, tree)
    }

    /// `make` with these targets; it has to leave cores for other work.
    fn make(&self, targets: &[&str]) -> Command {
        let inside = |path: &Path| Path::new(CACHE).join(path).display().to_string();
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let mounts = [Mount { from: self.cache.root(), to: CACHE }];
        let mut command = self.sysroot.command("nice", &mounts);
        command
            .args(["-n", "19", "make", "-C", &inside(&self.source.inside), &format!("-j{cores}")])
            .arg(format!("O={}", inside(&self.inside.join("tree"))))
            .arg(format!("INSTALL_MOD_PATH={}", inside(&self.inside.join("root"))))
            .args(targets)
            .env("KBUILD_BUILD_USER", "lab")
            .env("KBUILD_BUILD_HOST", "lab");
        command
    }

    /// Writes the configuration, unless an earlier run has.
    pub(super) fn configure(&self, wanted: &str) -> Result<()> {
        const STEP: &str = "configure the debug kernel";
        let mark = self.folder.join("configured");
        if mark.exists() {
            return Ok(());
        }
        let path = self.folder.join("tree/.config");
        let read = || fs::read_to_string(&path).map_err(Error::file("read", &path));
        output(&mut self.make(&["-s", "tinyconfig"]), STEP)?;
        // What comes later counts.
        let both = format!("{}\n{wanted}", read()?);
        fs::write(&path, both).map_err(Error::file("write", &path))?;
        output(&mut self.make(&["-s", "olddefconfig"]), STEP)?;
        let lines = options::missing(wanted, &read()?);
        if !lines.is_empty() {
            let version = self.source.version.to_string();
            return Err(Error::KernelOptions { version, lines });
        }
        write_atomically(&mark, b"")
    }

    /// Compiles the kernel and its modules.
    pub(super) fn compile(&self, progress: Progress) -> Result<()> {
        let mut step =
            progress.step("build the debug kernel (once; some 10 minutes on two idle cores)");
        let mut counter = Counter::default();
        each_line(&mut self.make(&["bzImage", "modules"]), "build the debug kernel", |line| {
            let (percent, what) = counter.take(line);
            step.at(percent, what);
        })?;
        step.done();
        Ok(())
    }

    /// Puts modules and image where [`Kernel`] looks for them, then sets the mark.
    pub(super) fn install(&self) -> Result<Version> {
        output(&mut self.make(&["-s", "modules_install"]), "install the debug kernel")?;
        let name = self.folder.join("tree/include/config/kernel.release");
        let release = fs::read_to_string(&name).map_err(Error::file("read", &name))?;
        let release = Version::new(release.trim());
        let image = self.folder.join("tree/arch/x86/boot/bzImage");
        let installed = self.folder.join("root/lib/modules").join(release.as_str()).join("vmlinuz");
        fs::copy(&image, installed).map_err(Error::file("copy", &image))?;
        write_atomically(&self.mark(), release.as_str().as_bytes())?;
        Ok(release)
    }
}
