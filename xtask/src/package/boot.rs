//! The package in a guest that systemd runs: udev, the unit, an emulated endpoint.

use super::check::unshared;
use crate::lab::{report, usual_request};
use crate::process::target;
use crate::repo;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tph_lab::prepare::prepare_system;
use tph_lab::run::Program;
use tph_lab::{Cache, Error, KernelChoice, Lab, Progress, Request, Sysroot};

/// systemd takes half a minute to come up where all is emulated.
const TIMEOUT: Duration = Duration::from_secs(420);

/// Boots it with the package in `deb` installed. `tools` has cpio.
pub(super) fn run(
    cache: Cache,
    tools: &Sysroot,
    deb: &Path,
    progress: Progress,
) -> Result<ExitCode, Error> {
    let system = prepare_system(&cache, progress)?;
    let archive = target().join("package-system.cpio");
    let mut pack = unshared("packaging/system.sh");
    pack.arg(system.root()).arg(tools.root()).arg(&archive).arg(deb);
    let status =
        pack.status().map_err(|source| Error::Start { program: "unshare".to_owned(), source })?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    let kernel = KernelChoice::Stable;
    let lab = Lab::open(cache, repo::root(), &kernel, progress)?;
    let request = Request { system: Some(archive), ..usual_request(kernel, TIMEOUT) };
    let program = Program { path: lab.programs().named("system"), ..Program::default() };
    Ok(ExitCode::from(report::run(&lab, &request, &program)?.exit_code()))
}
