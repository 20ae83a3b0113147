//! `cargo xtask package`: the Debian packages. The same sources and compilers make the same bytes,
//! wherever the repository lies.

mod boot;
mod check;
mod contents;
mod deb;
mod twice;

use crate::process::target;
use clap::Args;
use deb::Package;
use std::path::PathBuf;
use std::process::ExitCode;
use tph_lab::prepare::prepare_c_library;
use tph_lab::{Cache, Error, Progress};

/// The version of all that is in the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to [default: package, in cargo's folder]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Make them twice and compare; install them in a clean Debian 13, use what they bring, remove them,
    /// and look for what is left; and all that --boot does
    #[arg(long)]
    check: bool,
    /// Boot a guest with systemd and vfio-tph in it: the udev rule and the unit at work
    #[arg(long)]
    boot: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (cache, progress) = (Cache::from_environment()?, Progress::detect());
    let out = arguments.out.clone().unwrap_or_else(|| target().join("package"));
    let sysroot = prepare_c_library(&cache, progress)?;

    let command = Package::start("vfio-tph", &out)?;
    let programs = contents::command(&sysroot, &command)?;
    let command = command.build(&[("@LIBC@", &deb::needed_libc(&programs)?)])?;

    let module = Package::start("vfio-tph-dkms", &out)?;
    contents::module(&module)?;
    let module = module.build(&[])?;

    for path in [&command, &module] {
        println!("{}", path.display());
    }
    let debs = [command, module];
    if arguments.check {
        let outcome = twice::run(&debs)?;
        if outcome != ExitCode::SUCCESS {
            return Ok(outcome);
        }
        let outcome = check::run(&cache, &debs, progress)?;
        if outcome != ExitCode::SUCCESS {
            return Ok(outcome);
        }
    }
    if arguments.check || arguments.boot {
        let [command, _] = &debs;
        return boot::run(cache, &sysroot, command, progress);
    }
    Ok(ExitCode::SUCCESS)
}
