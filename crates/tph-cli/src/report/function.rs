//! One function.

use serde::Serialize;
use vfio_tph::{FunctionView, PortView};

use super::{TphReport, WarningReport};
use crate::words;

/// One function and the root port above it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FunctionReport {
    /// `0000:01:00.0`.
    pub(crate) address: String,
    /// What the profile calls it, on an emulated host.
    pub(crate) name: Option<String>,
    /// `8086:1533`; null if the function does not answer or cannot be read.
    pub(crate) id: Option<String>,
    pub(crate) class: Option<u32>,
    /// The class in words.
    pub(crate) kind: Option<&'static str>,
    /// What to say instead of an identity, in text.
    #[serde(skip)]
    pub(crate) no_identity: &'static str,
    /// What it is on the bus, in words; null if that could not be read.
    pub(crate) bus: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) iommu_group: Option<u32>,
    /// Whether it sits inside the root complex, so that no port decides about hints.
    pub(crate) integrated: bool,
    pub(crate) root_port: Option<PortReport>,
    /// The ports between, from the function up.
    pub(crate) switches: Vec<PortReport>,
    /// Null if it has none, or if that could not be read.
    pub(crate) tph: Option<TphReport>,
    /// Why it is not known whether the function has TPH.
    pub(crate) tph_unreadable: Option<String>,
    /// What keeps TPH from doing what it is for, though it can be turned on.
    pub(crate) warnings: Vec<WarningReport>,
}

impl From<&FunctionView> for FunctionReport {
    fn from(view: &FunctionView) -> Self {
        Self {
            address: view.address.to_string(),
            name: None,
            id: view.ids.map(|ids| ids.to_string()),
            class: view.ids.map(|ids| ids.class),
            kind: view.ids.map(|ids| words::class(ids.class)),
            no_identity: words::no_identity(&view.tph),
            bus: view.port_type.ok().map(words::port_type),
            driver: view.driver.clone(),
            iommu_group: view.iommu_group,
            integrated: view.is_integrated(),
            root_port: view.root_port.as_ref().map(PortReport::from),
            switches: view.switches.iter().map(PortReport::from).collect(),
            tph: view.tph().map(TphReport::from),
            tph_unreadable: view.tph.as_ref().err().map(ToString::to_string),
            warnings: WarningReport::all(view),
        }
    }
}

/// The root port above a function, or a port between.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PortReport {
    pub(crate) address: String,
    /// Null if it could not be read, or is not there.
    pub(crate) device_capabilities_2: Option<u32>,
    /// TPH Completer Supported, 0 to 3.
    pub(crate) completer: Option<u8>,
    /// Which tags the port takes, in words.
    pub(crate) takes: Option<String>,
    /// How many end-end TLP prefixes of a packet the port passes, 0 to 4.
    pub(crate) prefixes: Option<u8>,
    /// Why the register could not be read.
    pub(crate) unreadable: Option<String>,
}

impl From<&PortView> for PortReport {
    fn from(port: &PortView) -> Self {
        let completer = port.completer();
        Self {
            address: port.address.to_string(),
            device_capabilities_2: port.device_capabilities_2.ok().flatten(),
            completer: completer.ok().map(|completer| match completer {
                tph::Completer::None => 0,
                tph::Completer::Tph => 1,
                tph::Completer::Reserved => 2,
                tph::Completer::ExtendedTph => 3,
            }),
            takes: completer.ok().map(|completer| completer.to_string()),
            prefixes: port.prefixes().ok().map(|prefixes| match prefixes {
                tph::EndEndPrefixes::None => 0,
                tph::EndEndPrefixes::UpTo(most) => most,
            }),
            unreadable: completer.err().map(|why| why.to_string()),
        }
    }
}
