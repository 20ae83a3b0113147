//! One function and the root port above it.

use std::fmt;

use tph::{AccessError, Bdf, Completer, ConfigOffset, ConfigSpace, EndEndPrefixes};
use tph::{PortType, RequesterType, flit_mode};
use tph_abi::Errno;

use crate::TphView;

/// Why a part of configuration space is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unreadable {
    /// The kernel shows an unprivileged reader only so many bytes.
    Permission {
        /// How many it shows.
        readable: u16,
    },
    /// The dump has only so many bytes of the function.
    CutOff {
        /// How many it has.
        bytes: u16,
    },
    /// The file of its configuration space cannot be opened or read.
    Refused {
        /// What the kernel said.
        errno: Errno,
    },
    /// The function does not answer.
    Gone,
    /// The read failed.
    Failed,
}

impl From<AccessError> for Unreadable {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Gone => Self::Gone,
            AccessError::Failed => Self::Failed,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission { readable } => {
                write!(
                    f,
                    "reading past byte {readable} of configuration space needs CAP_SYS_ADMIN: run as root"
                )
            }
            Self::CutOff { bytes } => write!(f, "the dump ends after {bytes} bytes"),
            Self::Refused { errno } => {
                let why = std::io::Error::from_raw_os_error(errno.0);
                write!(f, "the file of its configuration space cannot be read: {why}")
            }
            Self::Gone => f.write_str("the device does not answer"),
            Self::Failed => f.write_str("configuration space could not be read"),
        }
    }
}

/// Who made a function and what it is: the first words of its configuration space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ids {
    /// Vendor ID.
    pub vendor: u16,
    /// Device ID.
    pub device: u16,
    /// Class code: class, subclass, programming interface.
    pub class: u32,
}

impl Ids {
    /// Reads them.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read, [`AccessError::Gone`] if it reads
    /// as all ones.
    pub fn read(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Self, AccessError> {
        const IDS: Option<ConfigOffset> = ConfigOffset::new(0);
        const CLASS: Option<ConfigOffset> = ConfigOffset::new(8);
        let (Some(ids), Some(class)) = (IDS, CLASS) else {
            return Err(AccessError::Failed);
        };
        let ids = space.read_config(ids)?;
        if ids == u32::MAX {
            return Err(AccessError::Gone);
        }
        let [a, b, c, d] = ids.to_le_bytes();
        Ok(Self {
            vendor: u16::from_le_bytes([a, b]),
            device: u16::from_le_bytes([c, d]),
            class: space.read_config(class)? >> 8,
        })
    }
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.device)
    }
}

/// A port above a function, as far as hints are concerned: the root port, or one of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PortView {
    /// Its address.
    pub address: Bdf,
    /// Its Device Capabilities 2 register; `Ok(None)` if it has none.
    pub device_capabilities_2: Result<Option<u32>, Unreadable>,
    /// Whether its link is in Flit Mode. Asked only of a port that passes no TLP prefixes: there it
    /// makes a difference.
    pub flit_mode: bool,
}

impl PortView {
    /// Reads the port at `address`.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn read(
        address: Bdf,
        space: &mut (impl ConfigSpace + ?Sized),
    ) -> Result<Self, AccessError> {
        let register = match PortType::device_capabilities_2(space)? {
            Some(offset) => Some(space.read_config(offset)?),
            None => None,
        };
        Self::of_register(address, register, || flit_mode(space))
    }

    /// The port with this register; `flit_mode` is asked if it makes a difference.
    ///
    /// # Errors
    /// That of `flit_mode`.
    pub fn of_register(
        address: Bdf,
        register: Option<u32>,
        flit_mode: impl FnOnce() -> Result<bool, AccessError>,
    ) -> Result<Self, AccessError> {
        let mut port = Self { address, device_capabilities_2: Ok(register), flit_mode: false };
        if port.prefixes() == Ok(EndEndPrefixes::None) {
            port.flit_mode = flit_mode()?;
        }
        Ok(port)
    }

    /// A port without the register.
    pub(crate) fn without_register(address: Bdf) -> Self {
        Self { address, device_capabilities_2: Ok(None), flit_mode: false }
    }

    /// A port that could not be read.
    pub fn unreadable(address: Bdf, why: Unreadable) -> Self {
        Self { address, device_capabilities_2: Err(why), flit_mode: false }
    }

    /// Which hints the port takes. A port without the register takes none.
    ///
    /// # Errors
    /// [`Unreadable`] if the register could not be read.
    pub fn completer(&self) -> Result<Completer, Unreadable> {
        Ok(Completer::from_device_capabilities_2(self.device_capabilities_2?.unwrap_or(0)))
    }

    /// Which TLP prefixes the port passes. A port without the register passes none.
    ///
    /// # Errors
    /// [`Unreadable`] if the register could not be read.
    pub fn prefixes(&self) -> Result<EndEndPrefixes, Unreadable> {
        Ok(EndEndPrefixes::from_device_capabilities_2(self.device_capabilities_2?.unwrap_or(0)))
    }
}

/// One function as the host, a dump or an emulated host shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionView {
    /// Its address.
    pub address: Bdf,
    /// Who made it and what it is; `None` if the function does not answer.
    pub ids: Option<Ids>,
    /// What it is on the bus; `Ok(None)` for a conventional PCI function.
    pub port_type: Result<Option<PortType>, Unreadable>,
    /// The kernel driver that has it, if one has and the source tells.
    pub driver: Option<String>,
    /// Its IOMMU group, if it has one and the source tells.
    pub iommu_group: Option<u32>,
    /// The root port above it; `None` if there is none or the source does not tell.
    pub root_port: Option<PortView>,
    /// The ports between the function and the root port, from the function up: those of switches.
    pub switches: Vec<PortView>,
    /// Its TPH registers; `Ok(None)` if it has no TPH Requester capability.
    pub tph: Result<Option<crate::TphView>, Unreadable>,
}

impl FunctionView {
    /// What the function itself tells; who has it and what is above it can be filled in.
    pub fn new(
        address: Bdf,
        ids: Option<Ids>,
        port_type: Result<Option<PortType>, Unreadable>,
        tph: Result<Option<TphView>, Unreadable>,
    ) -> Self {
        let (driver, iommu_group, root_port, switches) = (None, None, None, Vec::new());
        Self { address, ids, port_type, driver, iommu_group, root_port, switches, tph }
    }

    /// Whether the function sits in the root complex itself, so that no port decides about hints.
    pub fn is_integrated(&self) -> bool {
        self.port_type == Ok(Some(PortType::INTEGRATED_ENDPOINT))
    }

    /// The widest tags that the function and its root port have in common, `None` if hints are of
    /// no use here or it has no TPH.
    ///
    /// # Errors
    /// [`Unreadable`] if one of them could not be read.
    pub fn agreed_requester(&self) -> Result<Option<RequesterType>, Unreadable> {
        let Some(tph) = self.tph.as_ref().map_err(|why| *why)? else { return Ok(None) };
        let port_type = self.port_type?;
        let completer = match &self.root_port {
            Some(port) => Some(port.completer()?),
            None => None,
        };
        Ok(tph::negotiate(tph.capability.register.requester_type(), port_type, completer))
    }

    /// The TPH registers, if the function is known to have them.
    pub fn tph(&self) -> Option<&TphView> {
        self.tph.as_ref().ok().and_then(Option::as_ref)
    }
}
