//! What the emulated machine consists of beside what every PC has.

use std::path::PathBuf;
use tph_lab_wire::{Endpoint, Place};

/// Where root ports and integrated endpoints begin on bus 0; QEMU's own devices are below and from
/// 0x1f on.
const FIRST_PORT: u8 = 0x05;
const FIRST_INTEGRATED: u8 = 0x18;
/// How many there can be of each.
pub(crate) const MOST_PORTS: usize = (FIRST_INTEGRATED - FIRST_PORT) as usize;
pub(crate) const MOST_INTEGRATED: usize = (0x1f - FIRST_INTEGRATED) as usize;

/// Processors, root ports, functions behind sockets, and firmware tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// The number of processors.
    pub cpus: u32,
    /// Root ports on bus 0.
    pub ports: Vec<RootPort>,
    /// Functions, each served over vfio-user on a socket.
    pub functions: Vec<Function>,
    /// Files with one ACPI table each.
    pub acpi_tables: Vec<PathBuf>,
}

/// A root port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootPort {
    /// What the guest is to read as TPH Completer Supported (Device Capabilities 2, bits 13:12).
    pub completer: u8,
}

/// A function that somebody serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name for questions.
    pub name: String,
    /// Where it is to appear.
    pub position: Position,
    /// The vfio-user server's socket.
    pub socket: PathBuf,
}

/// Where a function appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Below the root port with an index in [`Hardware::ports`], as that function of device 0.
    BelowPort {
        /// The port's index.
        port: usize,
        /// 0 to 7.
        function: u8,
    },
    /// On bus 0, as the integrated endpoint with that index.
    Integrated {
        /// 0 for the first.
        index: usize,
    },
}

impl Hardware {
    /// Whether another function is on the same device.
    pub(super) fn has_siblings(&self, function: &Function) -> bool {
        let Position::BelowPort { port, .. } = function.position else { return false };
        let same = |other: &&Function| matches!(other.position, Position::BelowPort { port: it, .. } if it == port);
        self.functions.iter().filter(same).count() > 1
    }

    /// `completer=0000:00:05.0=3,…`: what `tph_lab_completer` is to make each root port report.
    pub(crate) fn completer_parameter(&self) -> String {
        let port = |(index, port): (usize, &RootPort)| {
            format!("{}={}", full_address(port_device(index)), port.completer)
        };
        let ports: Vec<String> = self.ports.iter().enumerate().map(port).collect();
        format!("completer={}", ports.join(","))
    }

    /// What the guest has to know about it.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |function: &Function| Endpoint {
            name: function.name.clone(),
            place: match function.position {
                Position::BelowPort { port, function } => Place::BelowPort {
                    port: full_address(port_device(port)),
                    function: format!("00.{function}"),
                },
                Position::Integrated { index } => {
                    Place::RootComplex { address: full_address(integrated_device(index)) }
                }
            },
        };
        self.functions.iter().map(endpoint).collect()
    }
}

pub(super) fn port_device(index: usize) -> usize {
    usize::from(FIRST_PORT) + index
}

pub(super) fn integrated_device(index: usize) -> usize {
    usize::from(FIRST_INTEGRATED) + index
}

/// The address that the guest sees for a device on bus 0.
pub(crate) fn full_address(device: usize) -> String {
    format!("0000:00:{device:02x}.0")
}
