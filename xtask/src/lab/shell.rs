//! Running a command in the sysroot.

use crate::repo;
use std::process::ExitCode;
use tph_lab::prepare::Freshness;
use tph_lab::{Cache, Error, KernelChoice, Progress, prepare};

pub(super) fn run(
    cache: &Cache,
    choice: &KernelChoice,
    progress: Progress,
    command: &[String],
) -> Result<ExitCode, Error> {
    let (sysroot, kernel) = prepare(cache, choice, Freshness::Cached, progress)?;
    let repository = repo::root();
    let mounts = kernel.mounts(&repository, cache);
    let (program, arguments) =
        command.split_first().map_or(("bash", [].as_slice()), |(first, rest)| (first, rest));
    let status = sysroot
        .command(program, &mounts)
        .args(arguments)
        .env("KVER", kernel.version().as_str())
        .status()
        .map_err(|source| Error::Start { program: "unshare".into(), source })?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
