//! Marks that say: this part of the cache is complete.

use crate::cache::{Cache, write_atomically};
use crate::kernel::Version;
use crate::{Error, Result};
use std::fs;
use std::path::PathBuf;

/// Counts up when what a stamp stands for changes, so that old caches are completed.
const LAYOUT: u32 = 1;

/// One mark, present or not.
#[derive(Debug)]
pub(super) struct Stamp {
    path: PathBuf,
    content: Option<Content>,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Content {
    layout: u32,
    kernel: Option<Version>,
}

impl Stamp {
    /// The mark of that name.
    pub(super) fn of(cache: &Cache, name: &str) -> Result<Self> {
        let path = cache.folder("stamps")?.join(format!("{name}.json"));
        let content = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Self { path, content: content.filter(|content: &Content| content.layout == LAYOUT) })
    }

    /// Whether the part was completed by a lab that means the same by it.
    pub(super) fn is_current(&self) -> bool {
        self.content.is_some()
    }

    /// The kernel's version that was completed.
    pub(super) fn version(&self) -> Option<Version> {
        self.content.as_ref()?.kernel.clone()
    }

    /// Marks the part as complete.
    pub(super) fn write(&self, kernel: Option<&Version>) -> Result<()> {
        let content = Content { layout: LAYOUT, kernel: kernel.cloned() };
        let text = serde_json::to_vec(&content)
            .map_err(|error| Error::file("encode", &self.path)(error.into()))?;
        write_atomically(&self.path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_absent_then_current_then_outdated() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let stamp = Stamp::of(&cache, "kernel-7.3").unwrap();
        assert!(!stamp.is_current());
        let version = Version::new("7.3.4+deb13-amd64");
        stamp.write(Some(&version)).unwrap();
        assert_eq!(Stamp::of(&cache, "kernel-7.3").unwrap().version(), Some(version));
        let path = folder.path().join("stamps/kernel-7.3.json");
        fs::write(path, r#"{"layout":0,"kernel":null}"#).unwrap();
        assert!(!Stamp::of(&cache, "kernel-7.3").unwrap().is_current());
    }
}
