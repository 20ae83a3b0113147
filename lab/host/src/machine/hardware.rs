//! What the emulated machine consists of beside what every PC has.

use super::Slots;
use std::path::PathBuf;
use tph_lab_wire::{Endpoint, Place};

/// Processors, root ports, functions behind sockets, and firmware tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// The number of processors.
    pub cpus: u32,
    /// Root ports on bus 0.
    pub ports: Vec<RootPort>,
    /// Functions, each served over vfio-user on a socket.
    pub functions: Vec<Function>,
    /// Files with one ACPI table each.
    pub acpi_tables: Vec<PathBuf>,
    /// The devices on bus 0 that are taken.
    pub slots: Slots,
}

/// A root port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootPort {
    /// Its device number on bus 0.
    pub device: u8,
    /// What the guest is to read as TPH Completer Supported (Device Capabilities 2, bits 13:12).
    pub completer: u8,
    /// Whether it is a hot-plug slot: what is below it can be taken out and put back.
    pub slot: bool,
}

/// A function that somebody serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where it is to appear.
    pub position: Position,
    /// The vfio-user server's socket.
    pub socket: PathBuf,
}

/// Where a function appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Below a root port.
    BelowPort {
        /// The port's index in [`Hardware::ports`].
        port: usize,
        /// The function number on device 0.
        function: u8,
    },
    /// On bus 0: integrated into the root complex.
    Integrated {
        /// The device number; its function number is 0.
        device: u8,
    },
}

impl Hardware {
    /// Whether another function is on the same device.
    pub(super) fn has_siblings(&self, function: &Function) -> bool {
        let port_of = |function: &Function| match function.position {
            Position::BelowPort { port, .. } => Some(port),
            Position::Integrated { .. } => None,
        };
        let port = port_of(function);
        port.is_some() && self.functions.iter().filter(|other| port_of(other) == port).count() > 1
    }

    /// `completer=0000:00:05.0=3,…`: what `tph_lab_completer` is to make each root port report.
    pub(crate) fn completer_parameter(&self) -> String {
        let port = |port: &RootPort| format!("{}={}", full_address(port.device), port.completer);
        let ports: Vec<String> = self.ports.iter().map(port).collect();
        format!("completer={}", ports.join(","))
    }

    /// What the guest has to know about it.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let place = |position| match position {
            Position::BelowPort { port, function } => Place::BelowPort {
                port: full_address(self.ports.get(port).map_or(0, |port| port.device)),
                function: format!("00.{function}"),
            },
            Position::Integrated { device } => Place::RootComplex { address: full_address(device) },
        };
        self.functions
            .iter()
            .map(|function| Endpoint {
                name: function.name.clone(),
                place: place(function.position),
            })
            .collect()
    }
}

/// The address that the guest sees for a device on bus 0.
fn full_address(device: u8) -> String {
    format!("0000:00:{device:02x}.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_is_told_where_ports_and_endpoints_are() {
        let function =
            |name: &str, position| Function { name: name.into(), position, socket: PathBuf::new() };
        let hardware = Hardware {
            ports: vec![
                RootPort { device: 5, completer: 3, slot: true },
                RootPort { device: 0x1a, completer: 1, slot: false },
            ],
            functions: vec![
                function("nic0", Position::BelowPort { port: 1, function: 2 }),
                function("nic1", Position::Integrated { device: 0x10 }),
            ],
            ..Hardware::default()
        };
        assert_eq!(hardware.completer_parameter(), "completer=0000:00:05.0=3,0000:00:1a.0=1");
        let places: Vec<Place> = hardware.endpoints().into_iter().map(|it| it.place).collect();
        let port = "0000:00:1a.0".to_owned();
        assert_eq!(places[0], Place::BelowPort { port, function: "00.2".into() });
        assert_eq!(places[1], Place::RootComplex { address: "0000:00:10.0".into() });
    }
}
