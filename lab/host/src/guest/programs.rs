//! Building the repository's own programs for the guest: static, so that they need no libraries.

use super::c_programs;
use crate::command::output;
use crate::{Error, Progress, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What cargo builds: the programs that run in the guest, the command, and the library for those in C.
const PROGRAMS: [&str; 6] =
    ["build", "--bins", "--package", "tph-lab-guest", "--package", "tph-cli"];
const LIBRARY: [&str; 6] =
    ["rustc", "--lib", "--package", "vfio-tph-capi", "--crate-type", "staticlib"];

/// The command.
const COMMAND: &str = "tph";
/// The first example of the library `vfio-tph`.
const FIRST_DRIVER: &str = "steer";

/// The folder with the built programs.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
    started: Vec<PathBuf>,
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

    /// Programs that the tests start: the command, those in C, the library's first example.
    pub(crate) fn started(&self) -> Vec<PathBuf> {
        self.started.clone()
    }
}

/// Builds the guest's programs with the cargo that runs this one.
///
/// # Errors
/// When cargo or the C compiler cannot be started or a program does not compile (cargo says why
/// itself).
pub fn build(repository: &Path, progress: Progress) -> Result<Programs> {
    let target = host_triple()?;
    let base = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), |folder| repository.join(folder));
    let step = progress.step("build the guest's programs");
    for what in [PROGRAMS.as_slice(), LIBRARY.as_slice()] {
        cargo(repository, what, &target, &base)?;
    }
    let folder = base.join(target).join("debug");
    let mut started = c_programs::build(repository, &folder)?;
    started.extend([COMMAND, FIRST_DRIVER].map(|name| folder.join(name)));
    step.done();
    Ok(Programs { folder, started })
}

/// Builds for the guest.
fn cargo(repository: &Path, what: &[&str], target: &str, base: &Path) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(&cargo)
        .args(what)
        // With a target named, the flags are for the programs and not for build tools, which other
        // builds can go on using.
        .args(["--quiet", "--target", target])
        .arg("--target-dir")
        .arg(base)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(repository)
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Error::Start { program: "cargo".to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    let program = "cargo".to_owned();
    let output = String::new();
    Err(Error::Command { step: "build the guest's programs", program, status, output })
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
