//! What to do next after an error.

use crate::Error;
use std::fmt;
use std::io::ErrorKind;

/// What the person at the terminal should do next; `Display` is a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Name a mirror by hand.
    SetMirror,
    /// Name a cache folder by hand.
    SetCache,
    /// Install the archive's keys.
    InstallKeyring,
    /// Download and unpack again what is missing.
    PrepareAgain,
    /// Install a program with apt.
    InstallProgram,
    /// Choose another kernel.
    ChooseKernel,
    /// Make room or rights for the cache.
    FixCache,
    /// Build the program so that it needs no libraries.
    LinkStatically,
    /// Allow user namespaces.
    AllowNamespaces,
    /// Change the options of the lab's own kernel.
    MendOptions,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetMirror => "set VFIO_TPH_MIRROR to the URL of a Debian mirror, ending in /debian/",
            Self::SetCache => "set VFIO_TPH_CACHE to a folder with about 5 GB of room",
            Self::InstallKeyring => "install the package debian-archive-keyring",
            Self::PrepareAgain => {
                "run `cargo xtask lab prepare` again: it goes on where it stopped; \
                 with --refresh it also looks for newer packages"
            }
            Self::InstallProgram => "install the program with apt and run the command again",
            Self::ChooseKernel => {
                "use --kernel backports, stable or debug, a version prefix such as 7.3, or a folder with \
                 lib/modules/VERSION in it"
            }
            Self::FixCache => {
                "check the folder's owner and free space, or set VFIO_TPH_CACHE to another folder"
            }
            Self::LinkStatically => {
                "link it statically: RUSTFLAGS='-C target-feature=+crt-static' with --target, or \
                 gcc -static"
            }
            Self::MendOptions => {
                "mend lab/kernel/debug.config: an option is gone, or needs another one that is off"
            }
            Self::AllowNamespaces => {
                "the lab needs user namespaces when it is not run by root: allow them \
                 (sysctl user.max_user_namespaces) or run it as root"
            }
        })
    }
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn advice(&self) -> Option<Advice> {
        Some(match self {
            Self::NoMirror => Advice::SetMirror,
            Self::NoCache => Advice::SetCache,
            Self::NoKeyring { .. } => Advice::InstallKeyring,
            Self::NoKernelPackage { .. } => Advice::ChooseKernel,
            Self::KernelOptions { .. } => Advice::MendOptions,
            Self::IncompleteKernel { .. } => Advice::PrepareAgain,
            Self::NotAProgram { .. } | Self::DynamicProgram { .. } => Advice::LinkStatically,
            Self::Start { source, .. } if source.kind() == ErrorKind::NotFound => {
                Advice::InstallProgram
            }
            Self::Command { output, .. } if output.starts_with("unshare:") => {
                Advice::AllowNamespaces
            }
            Self::Command { program, .. } if program.starts_with("apt") || program == "tar" => {
                Advice::PrepareAgain
            }
            Self::File { source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::StorageFull
                ) =>
            {
                Advice::FixCache
            }
            _ => return None,
        })
    }
}
