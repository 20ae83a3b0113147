//! What the receiving end understands: the TPH Completer field of Device Capabilities 2.

use core::fmt;

use crate::{AccessError, ConfigOffset, ConfigSpace, RequesterType, find_capability};

/// TPH Completer Supported, bits 13:12 of Device Capabilities 2 (PCIe 6.x, 7.5.3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completer {
    /// 00b: hints are ignored.
    None,
    /// 01b: understands 8-bit tags.
    Tph,
    /// 10b: no meaning is defined; counts as [`None`](Self::None).
    Reserved,
    /// 11b: understands 8-bit and 16-bit tags.
    ExtendedTph,
}

impl Completer {
    /// Decodes the field out of a Device Capabilities 2 register.
    pub const fn from_device_capabilities_2(register: u32) -> Self {
        match register >> 12 & 3 {
            0 => Self::None,
            1 => Self::Tph,
            2 => Self::Reserved,
            _ => Self::ExtendedTph,
        }
    }

    /// Reads the field of a function itself: what it understands of hints in requests to its own
    /// memory. Without a PCI Express capability that is [`None`](Self::None).
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn of(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Self, AccessError> {
        Ok(match PortType::device_capabilities_2(space)? {
            Some(offset) => Self::from_device_capabilities_2(space.read_config(offset)?),
            None => Self::None,
        })
    }

    /// The widest requester type that is of use with this completer. The reserved encoding counts
    /// as none: a minimum of raw fields would put it in the requester's enable field.
    pub const fn requester_type(self) -> Option<RequesterType> {
        match self {
            Self::None | Self::Reserved => None,
            Self::Tph => Some(RequesterType::Tph),
            Self::ExtendedTph => Some(RequesterType::ExtendedTph),
        }
    }
}

impl fmt::Display for Completer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Tph => "8-bit tags",
            Self::Reserved => "reserved value 10b, counts as none",
            Self::ExtendedTph => "8-bit and 16-bit tags",
        })
    }
}

const EXPRESS_CAPABILITY_ID: u8 = 0x10;
const DEVICE_CAPABILITIES_2: u16 = 0x24;

/// Device/Port Type, bits 7:4 of the PCI Express Capabilities register (PCIe 6.x, 7.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortType(u8);

impl PortType {
    /// An endpoint below a port.
    pub const ENDPOINT: Self = Self(0);
    /// A root port.
    pub const ROOT_PORT: Self = Self(4);
    /// An endpoint inside the root complex: no port lies between it and memory.
    pub const INTEGRATED_ENDPOINT: Self = Self(9);

    /// The value of the field, 0 to 15.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Reads the type of a function, `None` if it has no PCI Express capability.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn of(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Option<Self>, AccessError> {
        let Some(offset) = find_capability(space, EXPRESS_CAPABILITY_ID)? else {
            return Ok(None);
        };
        let register = space.read_config(offset)? >> 16;
        Ok(Some(Self((register >> 4 & 0xf) as u8)))
    }

    /// The offset of Device Capabilities 2 of a function, `None` if it has none: no PCI Express
    /// capability, or one of version 1.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn device_capabilities_2(
        space: &mut (impl ConfigSpace + ?Sized),
    ) -> Result<Option<ConfigOffset>, AccessError> {
        let Some(offset) = find_capability(space, EXPRESS_CAPABILITY_ID)? else {
            return Ok(None);
        };
        let version = space.read_config(offset)? >> 16 & 0xf;
        Ok(if version < 2 { None } else { offset.checked_add(DEVICE_CAPABILITIES_2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_registers_decode_as_their_owners_say() {
        // pciutils tests: cap-aer-root, cap-atomicops, pri-pasid.
        let cases =
            [(0x13be, Completer::Tph), (0x139e, Completer::Tph), (0x1073_0810, Completer::None)];
        for (register, completer) in cases {
            assert_eq!(Completer::from_device_capabilities_2(register), completer);
        }
    }

    #[test]
    fn the_reserved_completer_counts_as_none() {
        let reserved = Completer::from_device_capabilities_2(0x2000);
        assert_eq!(reserved, Completer::Reserved);
        assert_eq!(reserved.requester_type(), None);
        let extended = Completer::from_device_capabilities_2(0x3000);
        assert_eq!(extended.requester_type(), Some(RequesterType::ExtendedTph));
    }
}
