//! The file systems that programs expect.

use crate::error::{Error, Result};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use std::fs;

/// Type and mount point, in order. The last two are welcome but not needed.
const NEEDED: [(&str, &str); 5] = [
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("tmpfs", "/tmp"),
    ("tmpfs", "/dev/shm"),
];
const WELCOME: [(&str, &str); 2] =
    [("cgroup2", "/sys/fs/cgroup"), ("debugfs", "/sys/kernel/debug")];

/// Mounts them all.
pub(crate) fn all() -> Result<()> {
    for (what, on) in NEEDED {
        fs::create_dir_all(on).map_err(Error::file("make the folder", on))?;
        one(what, on).map_err(|errno| Error::Mount { what, on, errno })?;
    }
    for (what, on) in WELCOME {
        // A small kernel may lack them; whoever needs them notices.
        let _ = one(what, on);
    }
    Ok(())
}

fn one(what: &str, on: &str) -> Result<(), Errno> {
    match mount(what, on, what, MountFlags::empty(), None) {
        Err(Errno::BUSY) => Ok(()),
        other => other,
    }
}
