//! The unpacked Debian system and running programs in it.

use crate::{Error, Result};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Links that packages make when they are installed, which unpacking alone does not do.
const LINKS: [(&str, &str); 4] = [
    ("usr/bin/sh", "bash"),
    ("usr/bin/awk", "mawk"),
    ("usr/bin/cc", "gcc"),
    ("usr/bin/vi", "true"),
];
/// Folders that every system has, whether or not a package ships them.
const FOLDERS: [&str; 5] = ["dev", "proc", "sys", "tmp", "root"];

/// A folder of this machine that programs in the sysroot see too.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'a> {
    /// The folder.
    pub from: &'a Path,
    /// Where they see it, as an absolute path.
    pub to: &'a str,
}

/// A folder with a Debian toolchain, kernel headers and QEMU in it.
#[derive(Clone, Debug)]
pub struct Sysroot {
    root: PathBuf,
}

impl Sysroot {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder that programs in the sysroot see as `/`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Adds what maintainer scripts would have made.
    pub(crate) fn finish(&self) -> Result<()> {
        for folder in FOLDERS {
            let path = self.root.join(folder);
            fs::create_dir_all(&path).map_err(Error::file("make the folder", &path))?;
        }
        for (link, target) in LINKS {
            let path = self.root.join(link);
            if fs::symlink_metadata(&path).is_err() {
                symlink(target, &path).map_err(Error::file("make the link", &path))?;
            }
        }
        Ok(())
    }

    /// A command for a program of the sysroot that runs in this machine's own file system: its
    /// libraries are the sysroot's, its files are ours.
    pub fn native(&self, program: &str) -> Command {
        let mut command = Command::new(self.root.join("lib64/ld-linux-x86-64.so.2"));
        command.arg("--library-path").arg(self.root.join("usr/lib/x86_64-linux-gnu"));
        command.arg(self.root.join(program));
        command
    }

    /// A command that runs in the sysroot, with `mounts` to read and write, and `/` as its working
    /// directory.
    ///
    /// Root needs only a mount namespace for it, anybody else a user namespace too.
    pub fn command(&self, program: impl AsRef<OsStr>, mounts: &[Mount<'_>]) -> Command {
        const SCRIPT: &str = r#"
            root=$1; shift
            for m in dev proc sys; do mount --rbind "/$m" "$root/$m"; done
            while [ "$1" != -- ]; do
                mkdir -p "$root$2"; mount --rbind "$1" "$root$2"; shift 2
            done
            shift
            exec chroot "$root" "$@""#;
        let mut command = Command::new("unshare");
        if rustix::process::geteuid().is_root() {
            command.arg("--mount");
        } else {
            command.args(["--map-root-user", "--mount"]);
        }
        command.args(["--", "sh", "-euc", SCRIPT, "sysroot"]).arg(&self.root);
        for mount in mounts {
            command.arg(mount.from).arg(mount.to);
        }
        command.arg("--").arg(program);
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/tmp")
            .env("TMPDIR", "/tmp")
            .env("LC_ALL", "C")
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir("/");
        command
    }
}
