//! Starting other programs.

use crate::repo;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tph_lab::Error;

/// Of Cargo.toml, for what is measured and not how fast it is.
pub(crate) const UNOPTIMIZED: &str = "unoptimized";

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Runs it to its end, in the repository; that it fails is an error.
pub(crate) fn finish(
    command: &mut Command,
    program: &str,
    step: &'static str,
) -> Result<(), Error> {
    let program = program.to_owned();
    let status = match command.current_dir(repo::root()).stdin(Stdio::null()).status() {
        Ok(status) => status,
        Err(source) => return Err(Error::Start { program, source }),
    };
    if status.success() {
        return Ok(());
    }
    Err(Error::Command { step, program, status, output: String::new() })
}

/// The sources of the dependencies, with this machine's cargo: it knows the way to the registry.
pub(crate) fn fetch() -> Result<(), Error> {
    finish(cargo().args(["fetch", "--quiet", "--locked"]), "cargo", "fetch the dependencies")
}

/// Where cargo keeps the sources of other people's crates.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")))
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    let root = repo::root();
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// What rustc builds for if nobody says otherwise.
pub(crate) fn triple() -> Result<String, Error> {
    let program = "rustc".to_owned();
    let output = Command::new(&program).args(["--print", "host-tuple"]).output();
    let output = output.map_err(|source| Error::Start { program, source })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
