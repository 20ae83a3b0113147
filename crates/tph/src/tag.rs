//! Steering tags. Tags of 8 and 16 bits are different namespaces: the 8-bit tag of a CPU is not
//! the low byte of its 16-bit tag, so no conversion between the two exists here.

use core::fmt;

use crate::RequesterType;

/// A steering tag of 8 bits (`ST[7:0]`). 0 is a legal tag; the spec reads it as "no preference".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag8(pub u8);

/// A steering tag of 16 bits, for requesters with Extended TPH enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag16(pub u16);

/// A tag together with the namespace it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SteeringTag {
    /// For a requester that sends 8-bit tags.
    Standard(Tag8),
    /// For a requester that sends 16-bit tags.
    Extended(Tag16),
}

impl SteeringTag {
    /// The 16 bits of an ST table entry that make a requester send this tag: an 8-bit tag lies in
    /// the lower byte and leaves the upper byte 0 (PCIe 6.x, 7.9.13.4).
    pub const fn entry_bits(self) -> u16 {
        match self {
            Self::Standard(tag) => tag.0 as u16,
            Self::Extended(tag) => tag.0,
        }
    }

    /// What a requester of type `requester` sends for a table entry that holds `bits`.
    pub const fn from_entry_bits(bits: u16, requester: RequesterType) -> Self {
        match requester {
            RequesterType::Tph => Self::Standard(Tag8(bits.to_le_bytes()[0])),
            RequesterType::ExtendedTph => Self::Extended(Tag16(bits)),
        }
    }

    /// The requester type that sends tags of this namespace.
    pub const fn requester_type(self) -> RequesterType {
        match self {
            Self::Standard(_) => RequesterType::Tph,
            Self::Extended(_) => RequesterType::ExtendedTph,
        }
    }
}

impl fmt::Display for Tag8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

impl fmt::Display for Tag16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

impl fmt::Display for SteeringTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard(tag) => tag.fmt(f),
            Self::Extended(tag) => tag.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_table_entry_holds_a_tag_of_either_width() {
        for bits in [0, 1, 0xff, 0x100, 0xa55a, 0xffff] {
            let wide = SteeringTag::from_entry_bits(bits, RequesterType::ExtendedTph);
            assert_eq!(wide.entry_bits(), bits);
            let narrow = SteeringTag::from_entry_bits(bits, RequesterType::Tph);
            assert_eq!(narrow.entry_bits(), bits & 0xff);
        }
    }

    #[test]
    fn the_same_number_in_two_namespaces_is_two_tags() {
        let (narrow, wide) = (SteeringTag::Standard(Tag8(7)), SteeringTag::Extended(Tag16(7)));
        assert_ne!(narrow, wide);
        assert_eq!((narrow.to_string(), wide.to_string()), ("0x07".into(), "0x0007".into()));
    }
}
