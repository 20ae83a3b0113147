//! What a configuration space says, in terms that every reader can be compared in.

use tph::{Completer, ConfigSpace, EndEndPrefixes, ModeSet, MsixCapability, PortType};
use tph::{RequesterType, TableLocation, TphCapability};
use tph_lab_hosts::ConfigImage;

/// What one reader makes of one function. What it could not read it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The PCI Express capability.
    pub express: Option<Express>,
    /// How many MSI-X vectors there are.
    pub vectors: Option<u16>,
    /// The TPH Requester capability.
    pub tph: Option<Tph>,
}

/// What concerns TPH in a PCI Express capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Express {
    /// Device/Port Type.
    pub port_type: u8,
    /// Of Device Capabilities 2, if there is one.
    pub second: Option<(Completer, EndEndPrefixes)>,
}

/// The register of a TPH Requester capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tph {
    /// Where the capability lies.
    pub at: u16,
    /// The modes.
    pub modes: ModeSet,
    /// The widest tags.
    pub requester: RequesterType,
    /// Where the table is said to lie.
    pub location: TableLocation,
}

impl Reading {
    /// What this project reads.
    pub fn ours(image: &ConfigImage) -> Self {
        let mut space = image;
        let port_type = PortType::of(&mut space).ok().flatten();
        Self {
            express: port_type.map(|port_type| Express {
                port_type: port_type.bits(),
                second: second(&mut space),
            }),
            vectors: MsixCapability::find(&mut space)
                .ok()
                .flatten()
                .map(|(_, capability)| capability.vectors()),
            tph: TphCapability::find(&mut space).ok().flatten().map(|found| Tph {
                at: found.offset.get(),
                modes: found.register.modes(),
                requester: found.register.requester_type(),
                location: found.register.table_location(),
            }),
        }
    }
}

fn second(space: &mut &ConfigImage) -> Option<(Completer, EndEndPrefixes)> {
    let offset = PortType::device_capabilities_2(space).ok().flatten()?;
    let register = space.read_config(offset).ok()?;
    Some((
        Completer::from_device_capabilities_2(register),
        EndEndPrefixes::from_device_capabilities_2(register),
    ))
}
