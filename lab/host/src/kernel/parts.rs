//! The parts of a kernel that is there.

use super::Version;
use crate::sysroot::Mount;
use crate::{Cache, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A bootable kernel: its image and its folder of modules exist.
#[derive(Clone, Debug)]
pub struct Kernel {
    version: Version,
    image: PathBuf,
    modules: PathBuf,
    headers: Headers,
}

/// Where a kernel has the folder to build modules against.
#[derive(Clone, Debug)]
enum Headers {
    /// Where Debian's packages put it in the sysroot.
    Packaged,
    /// Somewhere on this machine.
    Foreign(PathBuf),
    /// There, in a sysroot that has the cache at `/cache`.
    Inside(PathBuf),
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
        Ok(Self { version: version.clone(), image, modules, headers: Headers::Packaged })
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
        let mut kernel = Self::find(prefix, &newest)?;
        let headers = kernel.modules.join("build");
        kernel.headers =
            Headers::Foreign(fs::canonicalize(&headers).map_err(Error::file("find", headers))?);
        Ok(kernel)
    }

    /// Finds kernel `version` below `prefix`, built by the lab in a folder that the sysroot sees as
    /// `tree`: such a folder names itself and cannot be moved.
    pub(crate) fn built(prefix: &Path, version: &Version, tree: PathBuf) -> Result<Self> {
        Ok(Self { headers: Headers::Inside(tree), ..Self::find(prefix, version)? })
    }

    /// What a build for this kernel sees in the sysroot beside the sysroot itself: the repository at
    /// `/repo`, the cache at `/cache`, the headers of a foreign kernel at `/kernel`.
    pub fn mounts<'a>(&'a self, repository: &'a Path, cache: &'a Cache) -> Vec<Mount<'a>> {
        let mut mounts = vec![
            Mount { from: repository, to: "/repo" },
            Mount { from: cache.root(), to: "/cache" },
        ];
        if let Headers::Foreign(from) = &self.headers {
            mounts.push(Mount { from, to: "/kernel" });
        }
        mounts
    }

    /// Where the sysroot, with these mounts, has the folder to build modules against.
    pub fn headers(&self) -> PathBuf {
        match &self.headers {
            Headers::Packaged => {
                Path::new("/usr/lib/modules").join(self.version.as_str()).join("build")
            }
            Headers::Foreign(_) => PathBuf::from("/kernel"),
            Headers::Inside(tree) => tree.clone(),
        }
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
