//! Where functions are looked at: this machine, a dump, an emulated host.

mod emulated;
mod similar;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tph::{Bdf, StIndex, StMode, TagSource};
use tph_emu::FunctionId;
use vfio_tph::{Change, Dump, Error, Facts, FunctionView, Host, Seen, Topology};

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

/// A host to draw.
#[derive(Default)]
pub(crate) struct Mapped {
    pub(crate) topology: Topology,
    pub(crate) functions: Vec<FunctionView>,
    /// The NUMA nodes that functions are attached to, as far as the source tells.
    pub(crate) numa_nodes: BTreeMap<Bdf, u32>,
}

impl Source {
    pub(crate) fn open(args: &SourceArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.dump {
            return Ok(Self::Dump(Dump::open(path)?));
        }
        if let Some(profile) = &args.emulated {
            return Ok(Self::Emulated(Emulated::start(profile.as_ref())?));
        }
        Ok(Self::Sysfs(host(args.sysroot.as_ref())))
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
            Self::Sysfs(host) => host.function(find(host, device)?)?,
            Self::Dump(dump) => dump.function(find_in(dump, device)?)?,
            Self::Emulated(host) => return Ok(host.report(host.find(device)?)),
        };
        Ok(FunctionReport::from(&view))
    }

    /// The address of the function that a person calls `device`.
    pub(crate) fn address(&self, device: &str) -> Result<Bdf, Failure> {
        match self {
            Self::Sysfs(host) => find(host, device),
            Self::Dump(dump) => find_in(dump, device),
            Self::Emulated(host) => Ok(host.address(host.find(device)?)),
        }
    }

    /// What a map is drawn from.
    pub(crate) fn map(&self) -> Result<Mapped, Failure> {
        Ok(match self {
            Self::Sysfs(host) => {
                let functions = host.functions()?.functions;
                let node = |it: &FunctionView| Some((it.address, host.numa_node(it.address)?));
                let numa_nodes = functions.iter().filter_map(node).collect();
                Mapped { topology: host.topology(), functions, numa_nodes }
            }
            Self::Dump(dump) => {
                Mapped { functions: dump.functions().functions, ..Mapped::default() }
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
            Self::Sysfs(host) => host.facts(find(host, device)?)?,
            Self::Dump(dump) => Facts::of_dump(dump.function(find_in(dump, device)?)?),
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
            Self::Sysfs(host) => Ok(host.rehearse(find(host, device)?, mode, entries)?),
            Self::Emulated(host) => host.rehearse(host.find(device)?, mode, entries),
            Self::Dump(_) => Err(Failure::Usage("a dump has no CPUs to steer to".into())),
        }
    }

    /// What is to be seen of the function and, if one is named, of a process.
    pub(crate) fn see(&self, device: &str, process: Option<u32>) -> Result<Seen, Failure> {
        match self {
            Self::Sysfs(host) => Ok(host.see(find(host, device)?, process)?),
            Self::Emulated(host) => see_emulated(host, host.find(device)?, process),
            Self::Dump(_) => Err(Failure::Usage("a dump has nothing to compare with".into())),
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

/// The function of this machine that a person calls `device`.
pub(crate) fn address(device: &str) -> Result<Bdf, Failure> {
    find(&Host::default(), device)
}

/// The function of a host that a person calls `device`.
pub(crate) fn find(host: &Host, device: &str) -> Result<Bdf, Failure> {
    host.find(device).map_err(|error| {
        let addresses = host.addresses().unwrap_or_default().0;
        let names = host.names().into_iter().map(|known| known.name);
        unknown(error, device, names.chain(addresses.iter().map(Bdf::to_string)))
    })
}

/// The function of a dump that a person calls `device`.
fn find_in(dump: &Dump, device: &str) -> Result<Bdf, Failure> {
    dump.find(device).map_err(|error| {
        let known = dump.functions().functions;
        unknown(error, device, known.iter().map(|function| function.address.to_string()))
    })
}

/// Why nothing was found, with what may have been meant instead.
fn unknown(error: Error, device: &str, known: impl Iterator<Item = String>) -> Failure {
    match error {
        Error::NoSuchFunction { .. } | Error::NoSuchName { .. } => {
            Failure::NoSuchDevice { error, similar: similar::to(device, known) }
        }
        error => error.into(),
    }
}
