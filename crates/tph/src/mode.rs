//! ST modes: where a device takes the tag of a request from.

use core::fmt;

/// The value of ST Mode Select (PCIe 6.x, 7.9.13.3) that a device can be put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum StMode {
    /// 000b: every request carries tag 0; its hint still counts.
    NoSt = 0,
    /// 001b: the tag is the table entry of the interrupt vector that belongs to the request.
    InterruptVector = 1,
    /// 010b: the device chooses, from its table or from registers of its own.
    DeviceSpecific = 2,
}

impl StMode {
    /// All modes, in the order of their encoding.
    pub const ALL: [Self; 3] = [Self::NoSt, Self::InterruptVector, Self::DeviceSpecific];

    /// The value of ST Mode Select.
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// The mode with this value of ST Mode Select, or `None` for the reserved 3 to 7.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::NoSt),
            1 => Some(Self::InterruptVector),
            2 => Some(Self::DeviceSpecific),
            _ => None,
        }
    }
}

impl fmt::Display for StMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSt => "no-ST",
            Self::InterruptVector => "interrupt-vector",
            Self::DeviceSpecific => "device-specific",
        })
    }
}

/// A set of ST modes, as a capability advertises them: bit *n* stands for the mode with value *n*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ModeSet(u8);

impl ModeSet {
    /// The set that the low three bits of `bits` name; the others are ignored.
    pub const fn from_low_bits(bits: u8) -> Self {
        Self(bits & 7)
    }

    /// The set as bits 2:0.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether `mode` is in the set.
    pub const fn contains(self, mode: StMode) -> bool {
        self.0 & 1 << mode.bits() != 0
    }

    /// Whether no mode is in the set. Hardware that advertises none exists; it cannot be enabled.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The modes of the set, in the order of their encoding.
    pub fn iter(self) -> impl Iterator<Item = StMode> {
        StMode::ALL.into_iter().filter(move |mode| self.contains(*mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_set_holds_the_modes_of_its_bits() {
        let set = ModeSet::from_low_bits(0xfd);
        assert_eq!(set.iter().collect::<Vec<_>>(), [StMode::NoSt, StMode::DeviceSpecific]);
        assert_eq!((set.bits(), set.is_empty()), (5, false));
        assert!(ModeSet::from_low_bits(0xf8).is_empty());
    }

    #[test]
    fn reserved_modes_are_no_mode() {
        for bits in 0..=u8::MAX {
            assert_eq!(StMode::from_bits(bits).map(StMode::bits), (bits < 3).then_some(bits));
        }
    }
}
