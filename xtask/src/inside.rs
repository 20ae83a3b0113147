//! cargo in a system of its own, on this repository.

use std::path::Path;
use std::process::Command;

use crate::process::cargo_home;
use crate::repo;
use tph_lab::sysroot::Mount;
use tph_lab::{Error, Sysroot};

/// The system's cargo with a verb; it builds into `target`, and finds the sources that this machine's cargo
/// has fetched.
pub(crate) fn cargo(sysroot: &Sysroot, target: &Path, verb: &str) -> Result<Command, Error> {
    std::fs::create_dir_all(target).map_err(Error::file("make the folder", target))?;
    let (repository, home) = (repo::root(), cargo_home().unwrap_or_default());
    let mounts = [
        Mount { from: &repository, to: "/repo" },
        Mount { from: &home, to: "/cargo" },
        Mount { from: target, to: "/target" },
    ];
    let mut command = sysroot.command("cargo", &mounts);
    command.args([verb, "--manifest-path", "/repo/Cargo.toml", "--frozen"]);
    command.env("CARGO_HOME", "/cargo").env("CARGO_TARGET_DIR", "/target");
    for variable in ["RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP_HOME"] {
        command.env_remove(variable);
    }
    Ok(command)
}
