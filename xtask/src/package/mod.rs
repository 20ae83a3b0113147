//! `cargo xtask package`: the Debian packages. The same sources and compilers make the same bytes,
//! wherever the repository lies.

mod check;
mod contents;
mod deb;

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
    /// Install them in a clean Debian 13, use what they bring, remove them, and look for what is left
    #[arg(long)]
    check: bool,
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
    if arguments.check {
        return check::run(&cache, &[command, module], progress);
    }
    Ok(ExitCode::SUCCESS)
}
