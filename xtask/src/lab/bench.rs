//! `lab bench`: instructions counted in the guest, where they do not depend on what else the machine does.

use super::guests::DIRECT;
use super::{KernelArgument, boot, report};
use crate::repo;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;
use tph_lab::run::Program;
use tph_lab::{Cache, Error, Lab, Progress, Request};
use tph_lab_wire::variables;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArgument,
    /// End the guest after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1200)]
    timeout: u64,
}

/// The module beside vfio-pci, and a batch of tags asked for twice.
const WHAT: [&str; 2] = ["overhead::", "cache::direct_tags"];

pub(super) fn run(
    cache: Cache,
    progress: Progress,
    arguments: Arguments,
) -> Result<ExitCode, Error> {
    let timeout = Duration::from_secs(arguments.timeout);
    let lab = Lab::open(cache, repo::root(), &arguments.kernel.kernel, progress)?;
    let request = DIRECT.request(&Request {
        counted: true,
        ..boot::usual_request(arguments.kernel.kernel, timeout)
    });
    let program = Program {
        path: lab.programs().named("tests"),
        arguments: WHAT.map(str::to_owned).to_vec(),
        environment: vec![(variables::COUNTED.to_owned(), "1".to_owned())],
    };
    let outcome = lab.run(&request, &program, report::test)?;
    report::trouble(&outcome, timeout);
    Ok(ExitCode::from(report::summary(std::slice::from_ref(&outcome))))
}
