//! `cargo xtask lab …`

use crate::repo;
use clap::{Args, Subcommand};
use std::path::Path;
use std::process::ExitCode;
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
    /// backports, stable, the beginning of a version (7.2), or a folder with lib/modules in it
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
        Verb::Shell { kernel, command } => shell(&cache, &kernel.kernel, progress, &command),
    }
}

fn shell(
    cache: &Cache,
    choice: &KernelChoice,
    progress: Progress,
    command: &[String],
) -> Result<ExitCode, Error> {
    let (sysroot, kernel) = prepare(cache, choice, Freshness::Cached, progress)?;
    let repo = repo::root();
    let mounts: [(&Path, &str); 2] = [(&repo, "/repo"), (cache.root(), "/cache")];
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
