//! The TPH Requester Control register (PCIe 6.x, 7.9.13.3).

use core::fmt;

use crate::StMode;

/// Which tags an enabled requester sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequesterType {
    /// 8-bit tags only.
    Tph,
    /// 16-bit tags.
    ExtendedTph,
}

impl RequesterType {
    /// Who sends tags of `bits` bits, `None` if that is neither 8 nor 16.
    pub const fn from_tag_bits(bits: u8) -> Option<Self> {
        match bits {
            8 => Some(Self::Tph),
            16 => Some(Self::ExtendedTph),
            _ => None,
        }
    }

    /// The width of its tags in bits: 8 or 16.
    pub const fn tag_bits(self) -> u8 {
        match self {
            Self::Tph => 8,
            Self::ExtendedTph => 16,
        }
    }
}

impl fmt::Display for RequesterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-bit tags", self.tag_bits())
    }
}

/// TPH Requester Enable, bits 9:8 of the control register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequesterEnable {
    /// 00b: no request carries a hint.
    Off,
    /// 01b or 11b: requests may carry hints.
    On(RequesterType),
    /// 10b: no meaning is defined. Devices that keep the two bits apart can hold it.
    Reserved,
}

impl RequesterEnable {
    /// Decodes the low two bits; the others are ignored.
    pub const fn from_low_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Off,
            1 => Self::On(RequesterType::Tph),
            2 => Self::Reserved,
            _ => Self::On(RequesterType::ExtendedTph),
        }
    }

    /// The encoding, 0 to 3.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On(RequesterType::Tph) => 1,
            Self::Reserved => 2,
            Self::On(RequesterType::ExtendedTph) => 3,
        }
    }
}

impl fmt::Display for RequesterEnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On(requester) => write!(f, "on, {requester}"),
            Self::Reserved => f.write_str("reserved value 10b"),
        }
    }
}

/// The register at +8 of the capability. Bits without a meaning are kept as they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Control(pub u32);

impl Control {
    /// Where the register lies in the capability.
    pub const OFFSET: u16 = 8;
    const MODE: u32 = 0x7;
    const ENABLE: u32 = 0x300;

    /// ST Mode Select, bits 2:0, or `None` for a reserved value.
    pub const fn mode(self) -> Option<StMode> {
        StMode::from_bits((self.0 & Self::MODE) as u8)
    }

    /// TPH Requester Enable, bits 9:8.
    pub const fn enable(self) -> RequesterEnable {
        RequesterEnable::from_low_bits((self.0 >> 8 & 3) as u8)
    }

    /// The same register with another mode.
    #[must_use]
    pub const fn with_mode(self, mode: StMode) -> Self {
        Self(self.0 & !Self::MODE | mode.bits() as u32)
    }

    /// The same register with another enable field.
    #[must_use]
    pub const fn with_enable(self, enable: RequesterEnable) -> Self {
        Self(self.0 & !Self::ENABLE | (enable.bits() as u32) << 8)
    }

    /// The bits that have no meaning (7:3 and 31:10).
    pub const fn reserved(self) -> u32 {
        self.0 & !(Self::MODE | Self::ENABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_change_alone_and_reserved_bits_stay() {
        for start in [0, u32::MAX, 0xa5a5_5a5a, 0x5a5a_a5a5] {
            for mode in StMode::ALL {
                for bits in 0..4 {
                    let enable = RequesterEnable::from_low_bits(bits);
                    let control = Control(start).with_mode(mode).with_enable(enable);
                    assert_eq!(control.mode(), Some(mode));
                    assert_eq!(control.enable(), enable);
                    assert_eq!(control.enable().bits(), bits);
                    assert_eq!(control.reserved(), start & 0xffff_fcf8);
                }
            }
        }
    }

    #[test]
    fn a_reserved_mode_is_no_mode() {
        assert_eq!(Control(0x103).mode(), None);
    }
}
