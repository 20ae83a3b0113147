//! Where functions are looked at: this machine, a dump, an emulated host.

mod emulated;

use tph::Bdf;
use vfio_tph::{Dump, Host};

use crate::cli::SourceArgs;
use crate::failure::Failure;
use crate::report::FunctionReport;

pub(crate) use emulated::{Emulated, profile};

/// A place to look at functions.
pub(crate) enum Source {
    Sysfs(Host),
    Dump(Dump),
    Emulated(Emulated),
}

/// All functions of a source.
pub(crate) struct Listing {
    pub(crate) functions: Vec<FunctionReport>,
    /// Names that are no address that this command can handle.
    pub(crate) skipped: Vec<String>,
}

impl Source {
    pub(crate) fn open(args: &SourceArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.dump {
            return Ok(Self::Dump(Dump::open(path)?));
        }
        if let Some(profile) = &args.emulated {
            return Ok(Self::Emulated(Emulated::start(profile.as_ref())?));
        }
        Ok(Self::Sysfs(args.sysfs.as_ref().map_or_else(Host::default, Host::at)))
    }

    pub(crate) fn functions(&self) -> Result<Listing, Failure> {
        let inventory = match self {
            Self::Sysfs(host) => host.functions()?,
            Self::Dump(dump) => dump.functions(),
            Self::Emulated(host) => {
                return Ok(Listing { functions: host.functions(), skipped: Vec::new() });
            }
        };
        let functions = inventory.functions.iter().map(FunctionReport::from).collect();
        Ok(Listing { functions, skipped: inventory.skipped })
    }

    /// The function that a person calls `device`.
    pub(crate) fn function(&self, device: &str) -> Result<FunctionReport, Failure> {
        let view = match self {
            Self::Sysfs(host) => host.function(address(device)?)?,
            Self::Dump(dump) => dump.function(address(device)?)?,
            Self::Emulated(host) => return Ok(host.report(host.find(device)?)),
        };
        Ok(FunctionReport::from(&view))
    }
}

/// The address that a person wrote.
pub(crate) fn address(device: &str) -> Result<Bdf, Failure> {
    device.parse().map_err(|_| Failure::NotAnAddress(device.to_owned()))
}
