//! The ST table: where it lies, how large it can be, where an entry is.

use core::fmt;

use crate::{Capability, ConfigOffset, EntryError};

/// The most entries that a table in the capability has (PCIe 6.x, 7.9.13.4).
pub const MAX_CAPABILITY_ENTRIES: u16 = 64;
/// The most entries that a table in the MSI-X table has: as many as MSI-X has vectors.
pub const MAX_MSIX_ENTRIES: u16 = 2048;
/// Where the first entry lies in the capability.
const FIRST_ENTRY: u16 = 0x0c;

/// The number of an ST table entry, from 0. In a table that lies in the MSI-X table it is also the
/// number of the vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StIndex(pub u16);

impl fmt::Display for StIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// ST Table Location, bits 10:9 of the capability register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableLocation {
    /// 00b: no table.
    None,
    /// 01b: behind the registers of the capability.
    Capability,
    /// 10b: in the upper half of each MSI-X vector control dword.
    MsixTable,
    /// 11b: no meaning is defined.
    Reserved,
}

impl TableLocation {
    /// Decodes the low two bits; the others are ignored.
    pub const fn from_low_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::None,
            1 => Self::Capability,
            2 => Self::MsixTable,
            _ => Self::Reserved,
        }
    }

    /// The encoding, 0 to 3.
    pub const fn bits(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Capability => 1,
            Self::MsixTable => 2,
            Self::Reserved => 3,
        }
    }
}

impl fmt::Display for TableLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Capability => "in the capability",
            Self::MsixTable => "in the MSI-X table",
            Self::Reserved => "reserved value 11b",
        })
    }
}

/// An ST table that can be: its size is inside the limits of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StTable {
    /// There is none; a device-specific register takes the tag.
    None,
    /// In the capability: 1 to 64 entries, all inside configuration space.
    Capability {
        /// How many.
        entries: u16,
    },
    /// In the MSI-X table: an entry for each of the 1 to 2048 vectors.
    Msix {
        /// How many.
        entries: u16,
    },
}

/// Why the table that a capability register claims cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// The location field has the reserved value 11b.
    ReservedLocation,
    /// The table is said to lie in the capability and to have more than 64 entries.
    TooManyEntries {
        /// The size it claims.
        entries: u16,
    },
    /// The table in the capability, or the control register, would reach past the end of
    /// configuration space.
    PastTheEnd,
    /// The table is said to lie in the MSI-X table of a function without MSI-X.
    NoMsix,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedLocation => f.write_str("ST Table Location has the reserved value 11b"),
            Self::TooManyEntries { entries } => write!(
                f,
                "the capability claims {entries} ST entries of its own, but at most \
                 {MAX_CAPABILITY_ENTRIES} can be there"
            ),
            Self::PastTheEnd => f.write_str("the capability reaches past configuration space"),
            Self::NoMsix => f.write_str("the ST table is to be in MSI-X, which is not there"),
        }
    }
}

impl StTable {
    /// The table of a function whose capability lies at `offset`, with `msix_vectors` vectors if
    /// the function has MSI-X. Its size in MSI-X is the vector count, whatever the register says.
    ///
    /// # Errors
    /// [`Malformed`] if there can be no such table.
    pub const fn read(
        offset: ConfigOffset,
        register: Capability,
        msix_vectors: Option<u16>,
    ) -> Result<Self, Malformed> {
        let entries = match register.table_location() {
            TableLocation::Capability => register.table_size(),
            _ => 0,
        };
        if offset.get() + FIRST_ENTRY + 2 * entries > ConfigOffset::SPACE {
            return Err(Malformed::PastTheEnd);
        }
        match (register.table_location(), msix_vectors) {
            (TableLocation::None, _) => Ok(Self::None),
            (TableLocation::Reserved, _) => Err(Malformed::ReservedLocation),
            (TableLocation::Capability, _) if entries > MAX_CAPABILITY_ENTRIES => {
                Err(Malformed::TooManyEntries { entries })
            }
            (TableLocation::Capability, _) => Ok(Self::Capability { entries }),
            (TableLocation::MsixTable, Some(entries)) => Ok(Self::Msix { entries }),
            (TableLocation::MsixTable, None) => Err(Malformed::NoMsix),
        }
    }

    /// How many entries it has, 0 to 2048.
    pub const fn entries(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Capability { entries } | Self::Msix { entries } => entries,
        }
    }

    /// Whether entry `index` is in it.
    pub const fn contains(self, index: StIndex) -> bool {
        index.0 < self.entries()
    }

    /// Refuses an index that is not in it, as a request that names it would be.
    ///
    /// # Errors
    /// [`EntryError::IndexOutOfRange`], with how many entries there are.
    pub const fn require(self, index: StIndex) -> Result<(), EntryError> {
        if self.contains(index) {
            return Ok(());
        }
        Err(EntryError::IndexOutOfRange { index, entries: self.entries() })
    }
}

/// The dword that holds entry `index` of a table in the capability at `offset`, and whether the
/// entry is its upper half; `None` outside of configuration space.
pub const fn entry_offset(offset: ConfigOffset, index: StIndex) -> Option<(ConfigOffset, bool)> {
    let Some(bytes) = (index.0 & !1).checked_mul(2) else {
        return None;
    };
    let Some(bytes) = bytes.checked_add(FIRST_ENTRY) else {
        return None;
    };
    match offset.checked_add(bytes) {
        Some(dword) => Some((dword, index.0 & 1 != 0)),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(offset: u16, register: u32, vectors: Option<u16>) -> Result<StTable, Malformed> {
        StTable::read(ConfigOffset::new(offset).unwrap(), Capability(register), vectors)
    }

    #[test]
    fn a_table_is_as_large_as_its_place_allows() {
        let cases = [
            (0x100, 0x0000_0007, Ok(StTable::None)),
            (0x100, 0x07ff_0007, Ok(StTable::None)),
            (0x100, 0x0000_0207, Ok(StTable::Capability { entries: 1 })),
            (0x100, 0x003f_0207, Ok(StTable::Capability { entries: 64 })),
            (0x100, 0x0040_0207, Err(Malformed::TooManyEntries { entries: 65 })),
            (0x100, 0x07ff_0207, Err(Malformed::PastTheEnd)),
            (0xf74, 0x003f_0207, Ok(StTable::Capability { entries: 64 })),
            (0xf78, 0x003f_0207, Err(Malformed::PastTheEnd)),
            (0xff4, 0x0000_0007, Ok(StTable::None)),
            (0xff8, 0x0000_0007, Err(Malformed::PastTheEnd)),
            (0x100, 0x0000_0607, Err(Malformed::ReservedLocation)),
            (0x100, 0x0003_0407, Err(Malformed::NoMsix)),
        ];
        for (offset, register, expected) in cases {
            assert_eq!(table(offset, register, None), expected, "{offset:#x} {register:#x}");
        }
    }

    #[test]
    fn a_table_in_msix_has_an_entry_for_each_vector() {
        assert_eq!(table(0x100, 0x0003_0407, Some(2048)), Ok(StTable::Msix { entries: 2048 }));
        let table = StTable::Msix { entries: 3 };
        assert!(table.contains(StIndex(2)) && !table.contains(StIndex(3)));
    }

    #[test]
    fn every_location_has_its_encoding() {
        for bits in 0..=u8::MAX {
            assert_eq!(TableLocation::from_low_bits(bits).bits(), bits & 3);
        }
    }

    #[test]
    fn entries_lie_two_in_a_dword() {
        let at = |index| {
            entry_offset(ConfigOffset::EXTENDED, StIndex(index)).map(|(o, half)| (o.get(), half))
        };
        assert_eq!(at(0), Some((0x10c, false)));
        assert_eq!(at(1), Some((0x10c, true)));
        assert_eq!(at(63), Some((0x188, true)));
        for index in [0x77a, 0x7ffa, 0x7fff, 0x8000, u16::MAX] {
            assert_eq!(at(index), None, "{index:#x}");
        }
        assert_eq!(at(0x779), Some((0xffc, true)));
    }
}
