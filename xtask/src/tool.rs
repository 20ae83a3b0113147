//! Tools of cargo's that are not this project's: a pinned version of each, built once, for minutes,
//! and kept in the cache.

use crate::process::{cargo, finish};
use std::path::PathBuf;
use tph_lab::{Cache, Error};

/// A program on crates.io.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// Its crate, and its program.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What cargo is told beside that.
    pub(crate) options: &'static [&'static str],
}

impl Tool {
    /// Where the program is; it is built if it is not there.
    pub(crate) fn installed(&self, cache: &Cache) -> Result<PathBuf, Error> {
        let Self { name, version, options } = self;
        let root = cache.folder(format!("{name}-{version}"))?;
        let program = root.join("bin").join(name);
        if !program.exists() {
            let _lock = cache.lock()?;
            let mut command = cargo();
            command.args(["install", name, "--version", version, "--locked"]).args(*options);
            command.arg("--root").arg(&root).arg("--target-dir").arg(root.join("target"));
            finish(&mut command, "cargo", "install a tool of cargo's")?;
            let _ = std::fs::remove_dir_all(root.join("target"));
        }
        Ok(program)
    }
}
