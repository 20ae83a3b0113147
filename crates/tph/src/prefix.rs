//! What a 16-bit tag needs on its way: a TLP prefix, or a link in Flit Mode.

use crate::completer::express_register;
use crate::{AccessError, ConfigSpace, RequesterType};

/// End-End TLP Prefix Supported and Max End-End TLP Prefixes, bits 21 and 23:22 of Device
/// Capabilities 2 (PCIe 6.x, 7.5.3.15). Outside of Flit Mode the upper half of a 16-bit tag travels
/// in such a prefix, and a port that does not know prefixes takes the packet for malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndEndPrefixes {
    /// Packets with a prefix do not pass.
    None,
    /// Packets with this many prefixes pass, 1 to 4.
    UpTo(u8),
}

impl EndEndPrefixes {
    /// Decodes the fields out of a Device Capabilities 2 register.
    pub const fn from_device_capabilities_2(register: u32) -> Self {
        match (register >> 21 & 1, register >> 22 & 3) {
            (0, _) => Self::None,
            (_, 1) => Self::UpTo(1),
            (_, 2) => Self::UpTo(2),
            (_, 3) => Self::UpTo(3),
            _ => Self::UpTo(4),
        }
    }

    /// Whether requests of such a requester pass: an 8-bit tag lies in the header, where it is in
    /// nobody's way.
    pub const fn carry(self, requester: RequesterType) -> bool {
        matches!((requester, self), (RequesterType::Tph, _) | (_, Self::UpTo(_)))
    }
}

const LINK_STATUS_2: u16 = 0x30;
const FLIT_MODE: u32 = 1 << 26;

/// Whether the link of a port, or of an endpoint, is in Flit Mode: bit 10 of Link Status 2 (PCIe
/// 6.x, 7.5.3.20). There a tag of either width needs no prefix.
///
/// # Errors
/// [`AccessError`] if configuration space could not be read.
pub fn flit_mode(space: &mut (impl ConfigSpace + ?Sized)) -> Result<bool, AccessError> {
    match express_register(space, LINK_STATUS_2)? {
        Some(offset) => Ok(space.read_config(offset)? & FLIT_MODE != 0),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_registers_decode_as_their_owners_say() {
        // pciutils tests: cap-aer-root (no prefixes), pri-pasid (EETLPPrefix+, MaxEETLPPrefixes 1).
        for (register, prefixes) in [
            (0x13be, EndEndPrefixes::None),
            (0x1073_0810, EndEndPrefixes::UpTo(1)),
            (0x0020_0000, EndEndPrefixes::UpTo(4)),
            (0x00c0_0000, EndEndPrefixes::None),
            (0x00e0_0000, EndEndPrefixes::UpTo(3)),
        ] {
            assert_eq!(EndEndPrefixes::from_device_capabilities_2(register), prefixes);
        }
    }

    #[test]
    fn only_16_bit_tags_need_a_prefix() {
        for (prefixes, requester, passes) in [
            (EndEndPrefixes::None, RequesterType::Tph, true),
            (EndEndPrefixes::None, RequesterType::ExtendedTph, false),
            (EndEndPrefixes::UpTo(1), RequesterType::Tph, true),
            (EndEndPrefixes::UpTo(1), RequesterType::ExtendedTph, true),
        ] {
            assert_eq!(prefixes.carry(requester), passes, "{prefixes:?} {requester:?}");
        }
    }
}
