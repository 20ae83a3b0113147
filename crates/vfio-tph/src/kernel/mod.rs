//! The kernel that runs: its release, how it was built, what it was told at boot, and whether it has
//! the module.

mod config;
mod module;
mod parameters;

pub use config::KernelConfig;
pub use module::Module;
pub use parameters::BootParameters;

pub(crate) use module::{DIRECT_TAGS, LOADED, modules_dep};
pub(crate) use parameters::PLACE as PARAMETERS;

use crate::host::sysroot::Sysroot;

/// Where the kernel says its release.
pub(crate) const RELEASE: &str = "/proc/sys/kernel/osrelease";

/// The kernel of a host. What the host does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kernel {
    /// Its release, as `uname -r` says it.
    pub release: Option<String>,
    /// How it was built.
    pub config: Option<KernelConfig>,
    /// What it was told at boot that has to do with TPH and VFIO.
    pub parameters: Option<BootParameters>,
    /// The module.
    pub module: Option<Module>,
}

impl Kernel {
    pub(crate) fn read(files: &Sysroot) -> Self {
        let release = files.text(RELEASE);
        Self {
            config: release.as_deref().and_then(|release| KernelConfig::read(files, release)),
            parameters: BootParameters::read(files),
            module: Module::read(files, release.as_deref()),
            release,
        }
    }
}
