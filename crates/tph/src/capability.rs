//! The TPH Requester extended capability and its capability register (PCIe 6.x, 7.9.13).

use crate::table::{Malformed, StTable, TableLocation};
use crate::{AccessError, ConfigOffset, ConfigSpace, ModeSet, MsixCapability};
use crate::{RequesterType, find_extended_capability};

/// The ID of the TPH Requester extended capability.
pub const TPH_CAPABILITY_ID: u16 = 0x0017;

/// The header of an extended capability (PCIe 6.x, 7.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedHeader(pub u32);

impl ExtendedHeader {
    /// What capability this is, bits 15:0.
    pub const fn id(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    /// The version of its layout, bits 19:16.
    pub const fn version(self) -> u8 {
        (self.0 >> 16 & 0xf) as u8
    }

    /// Where the next one lies, bits 31:20; `None` at the end of the list, which a pointer outside
    /// of the extended space also is. The low two bits are reserved and not looked at.
    pub const fn next(self) -> Option<ConfigOffset> {
        let offset = (self.0 >> 20 & 0xffc) as u16;
        if offset < ConfigOffset::EXTENDED.get() { None } else { ConfigOffset::new(offset) }
    }
}

/// The TPH Requester Capability register at +4: what the function offers. Every value can be held;
/// accessors read what has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Capability(pub u32);

impl Capability {
    /// Where the register lies in the capability.
    pub const OFFSET: u16 = 4;
    const RESERVED: u32 = !0x07ff_0707;

    /// The modes it can be put in. The spec wants [`StMode::NoSt`](crate::StMode::NoSt) always in
    /// it; hardware exists where it is not.
    pub const fn modes(self) -> ModeSet {
        ModeSet::from_low_bits((self.0 & 7) as u8)
    }

    /// The widest tags it can send (Extended TPH Requester Supported, bit 8).
    pub const fn requester_type(self) -> RequesterType {
        if self.0 & 0x100 == 0 { RequesterType::Tph } else { RequesterType::ExtendedTph }
    }

    /// Where its ST table lies, bits 10:9.
    pub const fn table_location(self) -> TableLocation {
        TableLocation::from_low_bits((self.0 >> 9 & 3) as u8)
    }

    /// ST Table Size as entries, bits 26:16 plus one: 1 to 2048. It means something only where
    /// [`table_location`](Self::table_location) names a place.
    pub const fn table_size(self) -> u16 {
        (self.0 >> 16 & 0x7ff) as u16 + 1
    }

    /// The bits that have no meaning.
    pub const fn reserved(self) -> u32 {
        self.0 & Self::RESERVED
    }
}

/// The capability as one function has it: where it lies, what it offers, which table it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TphCapability {
    /// Where the capability lies.
    pub offset: ConfigOffset,
    /// Its capability register, as read.
    pub register: Capability,
    /// Its ST table. [`Malformed`] says why what the register claims cannot be true; such a
    /// function can be looked at and turned off, never on.
    pub table: Result<StTable, Malformed>,
}

impl TphCapability {
    /// Looks for the capability of a function; `None` if it has none.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn find(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Option<Self>, AccessError> {
        let Some(offset) = find_extended_capability(space, TPH_CAPABILITY_ID)? else {
            return Ok(None);
        };
        let Some(at) = offset.checked_add(Capability::OFFSET) else {
            return Ok(None);
        };
        let register = Capability(space.read_config(at)?);
        let vectors = match register.table_location() {
            TableLocation::MsixTable => {
                MsixCapability::find(space)?.map(|(_, capability)| capability.vectors())
            }
            _ => None,
        };
        Ok(Some(Self { offset, register, table: StTable::read(offset, register, vectors) }))
    }

    /// Where the control register lies; `None` in a capability that the end of the space cuts off.
    pub const fn control(&self) -> Option<ConfigOffset> {
        self.offset.checked_add(crate::Control::OFFSET)
    }

    /// Entries of its ST table: 0 without a table and in a malformed capability.
    pub const fn table_entries(&self) -> u16 {
        match self.table {
            Ok(table) => table.entries(),
            Err(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StMode;
    use std::vec::Vec;

    #[test]
    fn every_bit_of_the_register_is_a_field_or_reserved() {
        for bit in 0..32 {
            let register = Capability(1 << bit);
            let plain = Capability(0);
            let field = register.modes() != plain.modes()
                || register.requester_type() != plain.requester_type()
                || register.table_location() != plain.table_location()
                || register.table_size() != plain.table_size();
            assert_eq!(register.reserved(), if field { 0 } else { register.0 }, "bit {bit}");
        }
    }

    #[test]
    fn a_header_says_what_it_is_and_where_the_next_one_lies() {
        let header = |next: u32| ExtendedHeader(next << 20 | 0x000a_0017);
        for (next, place) in
            [(0, None), (0xfc, None), (0xff, None), (0x100, Some(0x100)), (0xfff, Some(0xffc))]
        {
            assert_eq!(header(next).next().map(ConfigOffset::get), place, "{next:#x}");
            assert_eq!((header(next).id(), header(next).version()), (TPH_CAPABILITY_ID, 0xa));
        }
    }

    #[test]
    fn a_register_without_a_mode_can_be_read() {
        let modes = Capability(0x0000_0100).modes();
        assert!(modes.is_empty() && !modes.contains(StMode::NoSt));
    }

    #[test]
    fn the_widest_register_reads_as_its_fields() {
        let register = Capability(0x07ff_0507);
        assert_eq!(register.modes().iter().collect::<Vec<_>>(), StMode::ALL);
        assert_eq!(register.requester_type(), RequesterType::ExtendedTph);
        assert_eq!(register.table_location(), TableLocation::MsixTable);
        assert_eq!((register.table_size(), register.reserved()), (2048, 0));
    }
}
