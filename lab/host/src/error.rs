//! Everything that can go wrong in the lab.

use std::io;
use std::path::{Path, PathBuf};

/// A failed step of the lab: which step, on what, and why. [`Error::advice`] says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read, written or made.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program the lab depends on could not be started at all.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program's name.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program the lab depends on failed.
    #[error("{program} failed ({status}) while the lab tried to {step}{}", tail(output))]
    Command {
        /// What the lab was doing, as a verb phrase.
        step: &'static str,
        /// The program's name.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last lines of what it printed.
        output: String,
    },
    /// A program printed something the lab cannot make sense of.
    #[error("{program} printed something unexpected while the lab tried to {step}: {output:?}")]
    Output {
        /// What the lab was doing, as a verb phrase.
        step: &'static str,
        /// The program's name.
        program: &'static str,
        /// The text in question.
        output: String,
    },
    /// Neither `$VFIO_TPH_CACHE`, `$XDG_CACHE_HOME` nor `$HOME` says where the cache is to be.
    #[error("no place for the lab's cache: none of VFIO_TPH_CACHE, XDG_CACHE_HOME and HOME is set")]
    NoCache,
    /// This machine's apt names no Debian mirror.
    #[error("no Debian mirror among the sources of this machine's apt")]
    NoMirror,
    /// The keys that sign Debian's archive are not on this machine.
    #[error("no archive keyring at {}", path.display())]
    NoKeyring {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Debian's archive has no kernel for a choice.
    #[error("no kernel package for {choice} in the archive")]
    NoKernelPackage {
        /// The choice, as the user writes it.
        choice: String,
    },
    /// The kernel's sources have no such options, or those that they depend on are off.
    #[error("Linux {version} does not take these lines of lab/kernel/debug.config:\n  {}", lines.join("\n  "))]
    KernelOptions {
        /// The version of the sources.
        version: String,
        /// The lines.
        lines: Vec<String>,
    },
    /// A profile cannot be read.
    #[error(transparent)]
    Profile(tph_emu::ProfileError),
    /// A function cannot be served.
    #[error(transparent)]
    Serve(tph_emu::vfio_user::ServeError),
    /// The machine has no room on bus 0 for another port or integrated function.
    #[error("no device number on bus 0 is left for {name}")]
    NoSlot {
        /// The port or function.
        name: String,
    },
    /// QEMU and Linux would number the processors otherwise.
    #[error(
        "the lab cannot give its CPUs the ACPI UIDs {uids:?}, as QEMU begins with 0 and Linux counts \
         CPUs in the order of their UIDs: let them begin with 0 and rise in the profile"
    )]
    Uids {
        /// The UIDs in the profile, CPU by CPU.
        uids: Vec<u32>,
    },
    /// The module's build went through and left no module.
    #[error("the module's build left no {}", path.display())]
    NoModule {
        /// Where it was expected.
        path: PathBuf,
    },
    /// A file that is to run in the guest is no 64-bit program.
    #[error("{} is not a 64-bit ELF program", path.display())]
    NotAProgram {
        /// The file.
        path: PathBuf,
    },
    /// A program that is to run in the guest needs shared libraries.
    #[error("{} needs shared libraries, and the guest has none", path.display())]
    DynamicProgram {
        /// The program.
        path: PathBuf,
    },
    /// A kernel folder or an unpacked kernel lacks a part.
    #[error("the kernel in {} has no {part}", folder.display())]
    IncompleteKernel {
        /// Where the kernel is.
        folder: PathBuf,
        /// What is missing.
        part: &'static str,
    },
}

impl Error {
    /// For `map_err`: an [`Error::File`] about `path`.
    pub fn file(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::File { action, path, source }
    }
}

fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().rev().filter(|line| !line.is_empty()).take(15).collect();
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!(":\n  {}", lines.join("\n  "))
}
