//! Building the module under test for a kernel, in the sysroot.
//!
//! How is the business of `kernel/build.sh`: it is called in `kernel/` of the repository with the
//! kernel's version and an output folder, and leaves its `.ko` files there.

use crate::cache::write_atomically;
use crate::command::output;
use crate::kernel::Kernel;
use crate::{Cache, Error, Progress, Result, Sysroot};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// What the modules are made of: folders and files of the repository.
const SOURCES: [&str; 4] = ["kernel", "crates/tph", "crates/tph-abi", "Cargo.toml"];
/// The module under test, and the one that gives root ports completer bits.
const MODULE: &str = "vfio_pci_tph.ko";
const COMPLETER: &str = "tph_lab_completer.ko";

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
        let inside = Path::new("driver").join(kernel.version().as_str());
        let folder = cache.folder(&inside)?;
        let driver = Self { folder: folder.clone() };
        let stamp = folder.join("sources.hash");
        let hash = fingerprint(repository)?;
        if fs::read_to_string(&stamp).is_ok_and(|text| text == hash) && driver.module().exists() {
            return Ok(driver);
        }
        let step = progress.step(format!("build the module for Linux {}", kernel.version()));
        let mounts = kernel.mounts(repository, cache);
        let mounts: Vec<_> =
            mounts.iter().map(|(from, to)| (from.as_path(), to.as_str())).collect();
        let script = "cd /repo/kernel && exec bash ./build.sh \"$1\" \"$2\"";
        let mut command = sysroot.command("bash", &mounts);
        command.args(["-c", script, "build", kernel.version().as_str()]);
        command.arg(Path::new("/cache").join(inside)).env("KVER", kernel.version().as_str());
        output(&mut command, "build the module")?;
        if !driver.module().exists() {
            return Err(Error::NoModule { path: driver.module() });
        }
        write_atomically(&stamp, hash.as_bytes())?;
        step.done();
        Ok(driver)
    }
}

/// A text that changes when a source file does.
fn fingerprint(repository: &Path) -> Result<String> {
    let mut files = BTreeMap::new();
    for source in SOURCES {
        collect(&repository.join(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    if !path.is_dir() {
        let content = fs::read(path).map_err(Error::file("read", path))?;
        files.insert(path.to_path_buf(), content);
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(Error::file("list", path))?;
    for entry in entries.filter_map(std::result::Result::ok) {
        let name = entry.file_name();
        if name != "target" && !name.to_string_lossy().starts_with('.') {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_follows_the_sources_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for source in &SOURCES[..3] {
            fs::create_dir_all(root.join(source)).unwrap();
        }
        fs::write(root.join("Cargo.toml"), "").unwrap();
        let before = fingerprint(root).unwrap();
        fs::write(root.join("README.md"), "new").unwrap();
        assert_eq!(fingerprint(root).unwrap(), before);
        fs::write(root.join("kernel/glue.c"), "new").unwrap();
        assert_ne!(fingerprint(root).unwrap(), before);
    }
}
