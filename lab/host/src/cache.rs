//! The lab's own folder: everything it downloads, unpacks or builds is under it.

use crate::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// An existing folder that the lab may fill.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// Held while the cache is changed; another process that wants to change it waits.
#[derive(Debug)]
pub struct CacheLock {
    _file: File,
}

impl Cache {
    /// The folder that the environment names: `$VFIO_TPH_CACHE`, else `vfio-tph` in
    /// `$XDG_CACHE_HOME` or `~/.cache`.
    ///
    /// # Errors
    /// When no variable says where, or the folder cannot be made.
    pub fn from_environment() -> Result<Self> {
        Self::at(choose(|name| env::var_os(name).filter(|value| !value.is_empty()))?)
    }

    /// The folder `root`, made if need be.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(Error::file("make the folder", &root))?;
        let root = fs::canonicalize(&root).map_err(Error::file("find", &root))?;
        Ok(Self { root })
    }

    /// The cache's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder in the cache, made if need be.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).map_err(Error::file("make the folder", &path))?;
        Ok(path)
    }

    /// Waits until no other process changes the cache, then keeps others out.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn lock(&self) -> Result<CacheLock> {
        self.lock_file("lock")
    }

    /// The same for a part of the cache that is changed by nobody who does not hold this lock.
    pub(crate) fn lock_part(&self, part: &str) -> Result<CacheLock> {
        self.lock_file(&format!("lock-{part}"))
    }

    fn lock_file(&self, name: &str) -> Result<CacheLock> {
        let path = self.root.join(name);
        let file = File::create(&path).map_err(Error::file("make", &path))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|errno| Error::file("lock", &path)(errno.into()))?;
        Ok(CacheLock { _file: file })
    }
}

fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    if let Some(path) = variable("VFIO_TPH_CACHE") {
        return Ok(path.into());
    }
    let base = match variable("XDG_CACHE_HOME") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(variable("HOME").ok_or(Error::NoCache)?).join(".cache"),
    };
    Ok(base.join("vfio-tph"))
}

/// Replaces `path` with `content` in one step, so that a reader never sees half of it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, content).map_err(Error::file("write", &new))?;
    fs::rename(&new, path).map_err(Error::file("replace", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Option<PathBuf> {
        choose(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
            .ok()
    }

    #[test]
    fn the_most_specific_variable_wins() {
        let all =
            [("VFIO_TPH_CACHE", "/own"), ("XDG_CACHE_HOME", "/xdg"), ("HOME", "/home/someone")];
        assert_eq!(chosen(&all), Some("/own".into()));
        assert_eq!(chosen(&all[1..]), Some("/xdg/vfio-tph".into()));
        assert_eq!(chosen(&all[2..]), Some("/home/someone/.cache/vfio-tph".into()));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stamp.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
