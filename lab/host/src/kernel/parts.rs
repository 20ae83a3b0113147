//! The parts of a kernel that is there.

use super::Version;
use crate::{Cache, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A bootable kernel: its image and its folder of modules exist.
#[derive(Clone, Debug)]
pub struct Kernel {
    version: Version,
    image: PathBuf,
    modules: PathBuf,
}

impl Kernel {
    /// Finds kernel `version` below `prefix`, a folder laid out as a root file system.
    ///
    /// # Errors
    /// When the image or the modules are missing.
    pub fn find(prefix: &Path, version: &Version) -> Result<Self> {
        let lacks = |part| Error::IncompleteKernel { folder: prefix.to_path_buf(), part };
        let modules = ["usr/lib/modules", "lib/modules"]
            .map(|folder| prefix.join(folder).join(version.as_str()))
            .into_iter()
            .find(|path| path.is_dir())
            .ok_or_else(|| lacks("modules"))?;
        let image = [
            modules.join("vmlinuz"),
            modules.join("vmlinuz.unsigned"),
            prefix.join("boot").join(format!("vmlinuz-{version}")),
        ]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| lacks("image (vmlinuz)"))?;
        Ok(Self { version: version.clone(), image, modules })
    }

    /// Finds the newest kernel installed below `prefix`.
    ///
    /// # Errors
    /// When there is none, or it is not complete.
    pub fn newest_in(prefix: &Path) -> Result<Self> {
        let newest = ["usr/lib/modules", "lib/modules"]
            .iter()
            .filter_map(|folder| fs::read_dir(prefix.join(folder)).ok())
            .flatten()
            .filter_map(std::result::Result::ok)
            .map(|entry| Version::new(entry.file_name().to_string_lossy()))
            .max()
            .ok_or_else(|| Error::IncompleteKernel {
                folder: prefix.to_path_buf(),
                part: "lib/modules/VERSION",
            })?;
        Self::find(prefix, &newest)
    }

    /// What a build for this kernel sees in the sysroot beside the sysroot itself: the repository at
    /// `/repo` and the cache at `/cache`.
    pub fn mounts(&self, repository: &Path, cache: &Cache) -> Vec<(PathBuf, String)> {
        vec![
            (repository.to_path_buf(), "/repo".to_owned()),
            (cache.root().to_path_buf(), "/cache".to_owned()),
        ]
    }

    /// Its version, as `uname -r` prints it.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The compressed image that QEMU boots.
    pub fn image(&self) -> &Path {
        &self.image
    }

    /// The folder with its modules and `modules.dep`.
    pub fn modules(&self) -> &Path {
        &self.modules
    }
}
