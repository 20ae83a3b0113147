//! `lab fire`: the module under fire, at full length.

use super::guests::DIRECT;
use super::{KernelArgument, boot, report};
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;
use tph_lab::run::Program;
use tph_lab::{Cache, Error, Lab, Progress};
use tph_lab_wire::variables;

use crate::repo;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArgument,
    /// How many calls that enter the module
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    calls: u64,
    /// Where they come from: each thread sends the same calls for the same seed, but threads race
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Make no more after so many seconds: runs with other seeds add up
    #[arg(long, value_name = "SECONDS", default_value_t = u64::MAX, hide_default_value = true)]
    seconds: u64,
    /// End the guest after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 7200)]
    timeout: u64,
}

/// The tests' guest in which tags go through the driver's hands, as there all operations can succeed.
pub(super) fn run(
    cache: Cache,
    progress: Progress,
    arguments: Arguments,
) -> Result<ExitCode, Error> {
    let Arguments { kernel, calls, seed, seconds, timeout } = arguments;
    let timeout = Duration::from_secs(timeout);
    let lab = Lab::open(cache, repo::root(), &kernel.kernel, progress)?;
    let request = DIRECT.request(&boot::usual_request(kernel.kernel, timeout));
    let program = Program {
        path: lab.programs().named("tests"),
        arguments: vec!["fire::".to_owned()],
        environment: vec![
            (variables::CALLS.to_owned(), calls.to_string()),
            (variables::SECONDS.to_owned(), seconds.to_string()),
            (variables::SEED.to_owned(), seed.to_string()),
        ],
    };
    let outcome = report::run(&lab, &request, &program)?;
    Ok(ExitCode::from(report::summary(std::slice::from_ref(&outcome))))
}
