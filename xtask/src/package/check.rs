//! The packages in use: installed in a clean system, used, removed.

use crate::repo;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use tph_lab::prepare::prepare_packages;
use tph_lab::{Cache, Error, Progress};

pub(super) fn run(cache: &Cache, debs: &[PathBuf], progress: Progress) -> Result<ExitCode, Error> {
    let (sysroot, kernel) = prepare_packages(cache, progress)?;
    let mut command = unshared("packaging/check.sh");
    command.arg(sysroot.root()).arg(kernel.version().as_str()).args(debs);
    let status = command
        .status()
        .map_err(|source| Error::Start { program: "unshare".to_owned(), source })?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

/// A script of the repository in a mount namespace of its own. It lays an overlay over a sysroot, so it
/// is not one of the sysroot's own commands.
pub(super) fn unshared(script: &str) -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--", "sh"]).arg(repo::root().join(script));
    command
}
