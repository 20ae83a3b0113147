//! Where functions are looked at: this machine, a dump, an emulated host.

mod emulated;
mod place;
mod similar;

use std::collections::BTreeMap;

use tph::Bdf;
use vfio_tph::{Dump, Error, Facts, FunctionView, Host, Inventory, Topology};

use crate::cli::SourceArgs;
use crate::failure::Failure;
use crate::report::FunctionReport;

pub(crate) use emulated::{Emulated, profile};
pub(crate) use place::{Place, host, see_emulated};

/// Where functions can be looked at.
pub(crate) enum Source {
    Place(Place),
    Dump(Dump),
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
        Place::open(args.emulated.as_ref(), args.sysroot.as_ref()).map(Self::Place)
    }

    pub(crate) fn functions(&self) -> Result<Listing, Failure> {
        match self {
            Self::Place(place) => place.functions(),
            Self::Dump(dump) => Ok(Listing::from(dump.functions())),
        }
    }

    /// The function that a person calls `device`.
    pub(crate) fn function(&self, device: &str) -> Result<FunctionReport, Failure> {
        match self {
            Self::Place(place) => place.function(device),
            Self::Dump(dump) => Ok(FunctionReport::from(&dump.function(find_in(dump, device)?)?)),
        }
    }

    /// The address of the function that a person calls `device`.
    pub(crate) fn address(&self, device: &str) -> Result<Bdf, Failure> {
        match self {
            Self::Place(place) => place.address(device),
            Self::Dump(dump) => find_in(dump, device),
        }
    }

    /// What a map is drawn from.
    pub(crate) fn map(&self) -> Result<Mapped, Failure> {
        match self {
            Self::Place(place) => place.map(),
            Self::Dump(dump) => {
                Ok(Mapped { functions: dump.functions().functions, ..Mapped::default() })
            }
        }
    }

    /// All that is known of the function that a person calls `device`.
    pub(crate) fn facts(&self, device: &str) -> Result<Facts, Failure> {
        match self {
            Self::Place(place) => place.facts(device),
            Self::Dump(dump) => Ok(Facts::of_dump(dump.function(find_in(dump, device)?)?)),
        }
    }
}

impl From<Inventory> for Listing {
    fn from(inventory: Inventory) -> Self {
        let functions = inventory.functions.iter().map(FunctionReport::from).collect();
        Self { functions, skipped: inventory.skipped }
    }
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
