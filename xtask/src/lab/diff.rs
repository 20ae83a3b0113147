//! `lab diff`: the differential test at full length, guest after guest.

use super::{KernelArgument, boot, report};
use crate::repo;
use clap::Args;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tph_lab::run::{End, Program};
use tph_lab::{Cache, Error, Lab, Parameter, Progress, Request};
use tph_lab_wire::variables;

/// One guest: the firmware and the module's parameters are the same for all of its endpoints.
struct Guest {
    profile: &'static str,
    direct_tags: &'static str,
    /// Its share of the sequences, in percent.
    share: u64,
}

const GUESTS: [Guest; 4] = [
    Guest { profile: "all-tags", direct_tags: "enable_unsafe_tph_ds=1", share: 45 },
    Guest { profile: "all-tags", direct_tags: "enable_unsafe_tph_ds=0", share: 25 },
    Guest { profile: "single-tags", direct_tags: "enable_unsafe_tph_ds=1", share: 18 },
    Guest { profile: "no-firmware", direct_tags: "enable_unsafe_tph_ds=1", share: 12 },
];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArgument,
    /// How many request sequences, over all guests
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    sequences: u64,
    /// Where they come from: the same seed, the same sequences
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Only the guests of this profile: all-tags, single-tags or no-firmware
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// End a guest after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    timeout: u64,
}

/// Runs all guests, also after one has found something, until somebody interrupts.
pub(super) fn run(
    cache: Cache,
    progress: Progress,
    arguments: Arguments,
) -> Result<ExitCode, Error> {
    let Arguments { kernel, sequences, seed, profile: only, timeout } = arguments;
    let timeout = Duration::from_secs(timeout);
    let lab = Lab::open(cache, repo::root(), &kernel.kernel, progress)?;
    let usual = boot::usual_request(kernel.kernel, timeout);
    let mut worst = 0;
    let wanted = |guest: &Guest| only.as_ref().is_none_or(|only| only == guest.profile);
    let guests = (0_u64..).zip(&GUESTS).filter(|(_, guest)| wanted(guest));
    for (index, guest) in guests {
        let request = Request {
            profiles: vec![repo::root().join(profile(guest.profile))],
            parameters: vec![parameter(guest.direct_tags)],
            ..usual.clone()
        };
        // Seeds of the endpoints in a guest follow each other.
        let seed = seed.wrapping_add(1000 * index);
        let sequences = (sequences * guest.share).div_ceil(100);
        println!("=== {} {}: {sequences} sequences", guest.profile, guest.direct_tags);
        let program = Program {
            path: lab.programs().named("tests"),
            arguments: vec!["differential::".to_owned()],
            environment: vec![
                (variables::SEQUENCES.to_owned(), sequences.to_string()),
                (variables::SEED.to_owned(), seed.to_string()),
            ],
        };
        let outcome = report::run(&lab, &request, &program)?;
        worst = worst.max(report::summary(std::slice::from_ref(&outcome)));
        if outcome.end == End::Interrupted {
            break;
        }
    }
    Ok(ExitCode::from(worst))
}

fn profile(name: &str) -> impl AsRef<Path> {
    format!("lab/profiles/differential/{name}.toml")
}

fn parameter(text: &str) -> Parameter {
    text.parse().expect("parameters of the table are in order")
}
