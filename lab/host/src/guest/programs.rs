//! Building the repository's own programs for the guest: static, so that they need no libraries.

use crate::command::output;
use crate::{Error, Progress, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package whose programs run in the guest.
const PACKAGE: &str = "tph-lab-guest";

/// The folder with the built programs.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The guest's first process.
    pub(crate) fn init(&self) -> PathBuf {
        self.folder.join("init")
    }

    /// A program of package `tph-lab-guest` by its name.
    pub fn named(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Builds the guest's programs with the cargo that runs this one.
///
/// # Errors
/// When cargo cannot be started or a program does not compile (cargo says why itself).
pub fn build(repository: &Path, progress: Progress) -> Result<Programs> {
    let target = host_triple()?;
    let base = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), |folder| repository.join(folder));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let step = progress.step("build the guest's programs");
    let status = Command::new(&cargo)
        .args(["build", "--quiet", "--bins", "--package", PACKAGE])
        // With a target named, the flags are for the programs and not for build tools, which other
        // builds can go on using.
        .args(["--target", &target])
        .arg("--target-dir")
        .arg(&base)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(repository)
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Error::Start { program: "cargo".to_owned(), source })?;
    if !status.success() {
        let program = "cargo".to_owned();
        let output = String::new();
        return Err(Error::Command { step: "build the guest's programs", program, status, output });
    }
    step.done();
    Ok(Programs { folder: base.join(target).join("debug") })
}

fn host_triple() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let text = output(Command::new(rustc).arg("-vV"), "ask rustc for its target")?;
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    triple.map(str::to_owned).ok_or_else(|| Error::Output {
        step: "ask rustc for its target",
        program: "rustc",
        output: text.clone(),
    })
}
