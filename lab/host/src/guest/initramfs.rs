//! The guest's root file system, which is all in memory.

use super::cpio::Archive;
use super::elf::{self, Unfit};
use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tph_lab_wire::{PLAN_PATH, Plan};

/// Folders that init mounts upon or that programs expect.
const FOLDERS: [&str; 9] =
    ["bin", "dev", "lab", "lab/profiles", "modules", "proc", "root", "sys", "tmp"];

/// A root file system under construction.
#[derive(Debug)]
pub(crate) struct Initramfs {
    archive: Archive<BufWriter<File>>,
    path: std::path::PathBuf,
}

impl Initramfs {
    /// Begins one in a new file, with `init` as its first process.
    /// The archive `system` comes before it: what lies there under the same name is replaced.
    pub(crate) fn create(path: &Path, init: &Path, system: Option<&Path>) -> Result<Self> {
        let mut file = File::create(path).map_err(Error::file("make", path))?;
        if let Some(system) = system {
            let mut archive = File::open(system).map_err(Error::file("open", system))?;
            io::copy(&mut archive, &mut file).map_err(Error::file("write", path))?;
        }
        let mut archive = Archive::new(BufWriter::new(file));
        let written = FOLDERS
            .iter()
            // A Debian system has a link there, which leads to a folder.
            .filter(|folder| system.is_none() || **folder != "bin")
            .try_for_each(|folder| archive.folder(folder))
            // The kernel opens it for init before init can mount /dev.
            .and_then(|()| archive.device("dev/console", 5, 1));
        written.map_err(Error::file("write", path))?;
        let mut initramfs = Self { archive, path: path.to_path_buf() };
        initramfs.add_program("init", init)?;
        Ok(initramfs)
    }

    /// Adds a file of this machine under a path without a leading `/`.
    pub(crate) fn add(&mut self, name: &str, file: &Path) -> Result<()> {
        let content = fs::read(file).map_err(Error::file("read", file))?;
        self.write(name, &content)
    }

    /// Adds a program, if it can run without shared libraries.
    pub(crate) fn add_program(&mut self, name: &str, file: &Path) -> Result<()> {
        let content = fs::read(file).map_err(Error::file("read", file))?;
        elf::check(&content).map_err(|unfit| match unfit {
            Unfit::NotElf => Error::NotAProgram { path: file.to_path_buf() },
            Unfit::Dynamic => Error::DynamicProgram { path: file.to_path_buf() },
        })?;
        self.write(name, &content)
    }

    /// Adds the plan and completes the file.
    pub(crate) fn finish(mut self, plan: &Plan) -> Result<()> {
        let text = serde_json::to_vec_pretty(plan)
            .map_err(|error| Error::file("encode the plan for", &self.path)(error.into()))?;
        self.write(PLAN_PATH.trim_start_matches('/'), &text)?;
        let flushed = self.archive.finish().and_then(|mut out| out.flush());
        flushed.map_err(Error::file("write", &self.path))
    }

    fn write(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.archive.file(name, content).map_err(Error::file("write", &self.path))
    }
}
