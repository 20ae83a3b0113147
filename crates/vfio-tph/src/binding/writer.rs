//! Writing to sysfs: the kernel, or in tests what plays it.

use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::Path;

/// Something that acts on what is written to sysfs.
pub(super) trait Write: Debug + Send + Sync {
    fn write(&self, path: &Path, text: &str) -> io::Result<()>;
}

/// The kernel.
#[derive(Debug)]
pub(super) struct Sysfs;

impl Write for Sysfs {
    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        // Not `fs::write`: a file that is not there must not be made.
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        io::Write::write_all(&mut file, text.as_bytes())
    }
}
