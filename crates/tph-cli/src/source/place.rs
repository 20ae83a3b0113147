//! A host that has CPUs and can be planned for: this machine, a saved one, an emulated one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tph::{Bdf, StIndex, StMode, TagSource};
use tph_emu::FunctionId;
use vfio_tph::{Change, Facts, FunctionView, Host, Seen};

use super::{Emulated, Listing, Mapped, find};
use crate::failure::Failure;
use crate::report::FunctionReport;

/// A host.
pub(crate) enum Place {
    /// This machine, or the files of a saved one.
    Host(Host),
    Emulated(Emulated),
}

impl Place {
    /// What the options `--emulated` and `--sysroot` say; this machine without both.
    pub(crate) fn open(
        emulated: Option<&Option<PathBuf>>,
        sysroot: Option<&PathBuf>,
    ) -> Result<Self, Failure> {
        Ok(match emulated {
            Some(profile) => Self::Emulated(Emulated::start(profile.as_ref())?),
            None => Self::Host(host(sysroot)),
        })
    }

    pub(super) fn functions(&self) -> Result<Listing, Failure> {
        Ok(match self {
            Self::Host(host) => Listing::from(host.functions()?),
            Self::Emulated(host) => Listing { functions: host.functions(), skipped: Vec::new() },
        })
    }

    /// The function that a person calls `device`.
    pub(crate) fn function(&self, device: &str) -> Result<FunctionReport, Failure> {
        Ok(match self {
            Self::Host(host) => FunctionReport::from(&host.function(find(host, device)?)?),
            Self::Emulated(host) => host.report(host.find(device)?),
        })
    }

    /// The address of the function that a person calls `device`.
    pub(crate) fn address(&self, device: &str) -> Result<Bdf, Failure> {
        match self {
            Self::Host(host) => find(host, device),
            Self::Emulated(host) => Ok(host.address(host.find(device)?)),
        }
    }

    pub(super) fn map(&self) -> Result<Mapped, Failure> {
        Ok(match self {
            Self::Host(host) => {
                let functions = host.functions()?.functions;
                let node = |it: &FunctionView| Some((it.address, host.numa_node(it.address)?));
                let numa_nodes = functions.iter().filter_map(node).collect();
                Mapped { topology: host.topology(), functions, numa_nodes }
            }
            Self::Emulated(host) => Mapped {
                topology: host.topology(),
                functions: host.views(),
                numa_nodes: BTreeMap::new(),
            },
        })
    }

    /// All that is known of the function that a person calls `device`.
    pub(crate) fn facts(&self, device: &str) -> Result<Facts, Failure> {
        Ok(match self {
            Self::Host(host) => host.facts(find(host, device)?)?,
            Self::Emulated(host) => host.facts(host.find(device)?),
        })
    }

    /// What putting these entries on the function would write.
    pub(crate) fn rehearse(
        &self,
        device: &str,
        mode: StMode,
        entries: &[(StIndex, TagSource)],
    ) -> Result<Vec<Change>, Failure> {
        match self {
            Self::Host(host) => Ok(host.rehearse(find(host, device)?, mode, entries)?),
            Self::Emulated(host) => host.rehearse(host.find(device)?, mode, entries),
        }
    }

    /// What is to be seen of the function and, if one is named, of a process.
    pub(crate) fn see(&self, device: &str, process: Option<u32>) -> Result<Seen, Failure> {
        match self {
            Self::Host(host) => Ok(host.see(find(host, device)?, process)?),
            Self::Emulated(host) => see_emulated(host, host.find(device)?, process),
        }
    }
}

/// What is to be seen of a function of an emulated host, which has no processes: those of this
/// machine stand in.
pub(crate) fn see_emulated(
    host: &Emulated,
    id: FunctionId,
    process: Option<u32>,
) -> Result<Seen, Failure> {
    let facts = host.facts(id);
    let mut seen = Seen::new(facts.function, facts.topology);
    let threads = process.map(|id| Ok::<_, Failure>((id, Host::default().threads(id)?)));
    seen.threads = threads.transpose()?;
    Ok(seen)
}

/// This machine, or the one that was saved in a folder.
pub(crate) fn host(sysroot: Option<&PathBuf>) -> Host {
    sysroot.map_or_else(Host::default, Host::saved)
}
