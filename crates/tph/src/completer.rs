//! What the receiving end understands: the TPH Completer field of Device Capabilities 2.

use core::fmt;

use crate::{AccessError, ConfigOffset, ConfigSpace, RequesterType, find_capability};

/// The widest tags that a requester which can send `own` may send from where it sits, `None` if
/// nobody would understand them. An endpoint inside the root complex has no port above it to ask;
/// every other function has to do with what its root port takes, and without one with nothing.
pub fn negotiate(
    own: RequesterType,
    port_type: Option<PortType>,
    root_port: Option<Completer>,
) -> Option<RequesterType> {
    if port_type == Some(PortType::INTEGRATED_ENDPOINT) {
        return Some(own);
    }
    Some(own.min(root_port?.requester_type()?))
}

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

    /// Whether other functions lie below: root ports, ports of switches, bridges.
    pub const fn leads_to_functions(self) -> bool {
        matches!(self.0, 4..=8)
    }

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
        express_register(space, DEVICE_CAPABILITIES_2)
    }
}

/// The offset of the register `bytes` into the PCI Express capability of a function, one of those
/// that version 2 added.
pub(crate) fn express_register(
    space: &mut (impl ConfigSpace + ?Sized),
    bytes: u16,
) -> Result<Option<ConfigOffset>, AccessError> {
    let Some(offset) = find_capability(space, EXPRESS_CAPABILITY_ID)? else {
        return Ok(None);
    };
    let version = space.read_config(offset)? >> 16 & 0xf;
    Ok(if version < 2 { None } else { offset.checked_add(bytes) })
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
    fn the_narrower_end_decides_and_inside_the_root_complex_there_is_one_end() {
        use RequesterType::{ExtendedTph, Tph};
        let endpoint = Some(PortType::ENDPOINT);
        for (own, port_type, root_port, agreed) in [
            (ExtendedTph, endpoint, Some(Completer::ExtendedTph), Some(ExtendedTph)),
            (ExtendedTph, endpoint, Some(Completer::Tph), Some(Tph)),
            (Tph, endpoint, Some(Completer::ExtendedTph), Some(Tph)),
            (Tph, endpoint, Some(Completer::None), None),
            (ExtendedTph, endpoint, Some(Completer::Reserved), None),
            (Tph, endpoint, None, None),
            (Tph, None, None, None),
            (ExtendedTph, Some(PortType::INTEGRATED_ENDPOINT), None, Some(ExtendedTph)),
        ] {
            assert_eq!(negotiate(own, port_type, root_port), agreed, "{port_type:?} {root_port:?}");
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
