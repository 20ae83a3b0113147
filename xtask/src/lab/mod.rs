//! `cargo xtask lab …`

mod bench;
mod boot;
mod diff;
mod fire;
mod guests;
pub(crate) mod report;
mod shell;

pub(crate) use boot::usual_request;

use crate::repo;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use tph_lab::guest::Driver;
use tph_lab::prepare::Freshness;
use tph_lab::{Cache, Error, KernelChoice, Progress, prepare};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Download and unpack a toolchain, QEMU and a kernel (once; the next time does nothing)
    Prepare {
        #[command(flatten)]
        kernel: KernelArgument,
        /// Ask the archive for newer packages
        #[arg(long)]
        refresh: bool,
    },
    /// Build the module for a kernel and say where it is
    Module {
        #[command(flatten)]
        kernel: KernelArgument,
        /// Check its C code with checkpatch.pl and sparse; a warning is a failure
        #[arg(long)]
        check: bool,
    },
    /// Boot the guest and run the tests in it
    Test(boot::TestArguments),
    /// Send generated requests to the module and to the emulated host and compare all that can be
    /// seen, in several guests; takes minutes
    Diff(diff::Arguments),
    /// Put the module under fire in the guest: threads of requests among resets, closes and unbinds;
    /// takes minutes
    Fire(fire::Arguments),
    /// Count the instructions of what the module hands on, beside vfio-pci, and of what it remembers
    Bench(bench::Arguments),
    /// Boot the guest and run the demo driver in it
    Demo(boot::Options),
    /// Boot the guest and run any static program in it
    #[command(after_help = boot::RUN_HELP)]
    Run(boot::RunArguments),
    /// Run a command in the sysroot: the repository is at /repo, the cache at /cache, and KVER
    /// holds the kernel's version
    Shell {
        #[command(flatten)]
        kernel: KernelArgument,
        /// The command; a shell without one
        #[arg(last = true, value_name = "CMD")]
        command: Vec<String>,
    },
}

/// Which kernel.
#[derive(Debug, Args)]
pub(crate) struct KernelArgument {
    /// backports, stable, debug (built here, once, for minutes), the beginning of a version (7.2), or
    /// a folder with lib/modules in it
    #[arg(long, value_name = "KERNEL", default_value = "backports")]
    kernel: KernelChoice,
}

pub(crate) fn run(verb: Verb) -> Result<ExitCode, Error> {
    let cache = Cache::from_environment()?;
    let progress = Progress::detect();
    match verb {
        Verb::Prepare { kernel, refresh } => {
            let freshness = if refresh { Freshness::Newest } else { Freshness::Cached };
            let (sysroot, kernel) = prepare(&cache, &kernel.kernel, freshness, progress)?;
            println!("sysroot {}", sysroot.root().display());
            println!("kernel  {} ({})", kernel.version(), kernel.image().display());
            Ok(ExitCode::SUCCESS)
        }
        Verb::Module { kernel, check } => {
            let (sysroot, kernel) = prepare(&cache, &kernel.kernel, Freshness::Cached, progress)?;
            let repository = repo::root();
            let driver = Driver::build(&cache, &sysroot, &kernel, &repository, progress)?;
            if check {
                driver.check(&cache, &sysroot, &kernel, &repository, progress)?;
            }
            println!("{}", driver.module().display());
            Ok(ExitCode::SUCCESS)
        }
        Verb::Test(arguments) => boot::test(cache, progress, arguments),
        Verb::Bench(arguments) => bench::run(cache, progress, arguments),
        Verb::Diff(arguments) => diff::run(cache, progress, arguments),
        Verb::Fire(arguments) => fire::run(cache, progress, arguments),
        Verb::Demo(options) => boot::demo(cache, progress, options),
        Verb::Run(arguments) => boot::run(cache, progress, arguments),
        Verb::Shell { kernel, command } => shell::run(&cache, &kernel.kernel, progress, &command),
    }
}
