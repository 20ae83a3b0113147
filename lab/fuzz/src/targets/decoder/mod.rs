//! The decoder of configuration space, of registers, of packets' headers, of firmware's answers.
//!
//! The input is an image of 4 KiB: bytes from its start, or places with what lies there, so that
//! lists of capabilities come out of few bytes. What `tph` finds in it is compared with a walk that
//! remembers every place it has been to, and it may not read more than a list without a loop has.

mod identities;
mod image;

use arbitrary::Unstructured;
use tph::{
    Capability, Completer, ConfigOffset, Control, EndEndPrefixes, Malformed, MsixCapability,
};
use tph::{PortType, StIndex, StTable, TPH_CAPABILITY_ID, TableLocation, TphCapability};
use tph::{entry_offset, find_capability, find_extended_capability, flit_mode, negotiate};

use crate::Target;
use image::Image;

/// The target.
pub const TARGET: Target = Target { name: "decoder", run, longest: 512, slice: 1_000_000 };

const EXPRESS: u8 = 0x10;
const MSIX: u8 = 0x11;
/// Members of a list, two reads before the first.
const MOST_READS: u32 = 2 + (0x100 - 0x40) / 4;
const MOST_EXTENDED_READS: u32 = (0x1000 - 0x100) / 8;

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut image = Image::of(&mut input);
    find(&mut image);
    capability(&mut image);
    express(&mut image);
    identities::check(&mut input);
}

/// Both lists, for what TPH needs and for an ID that is whatever the image has first.
fn find(image: &mut Image) {
    let first = image.at(image.at(0x34) as u16 & 0xfc).to_le_bytes()[0];
    for id in [EXPRESS, MSIX, first] {
        let found = image.counted(MOST_READS, |image| find_capability(image, id));
        let gone = image.at(4) == u32::MAX;
        assert_eq!(found.is_err(), gone);
        assert_eq!(found.ok().flatten().map(ConfigOffset::get), image.walk(id), "{id:#x}");
    }
    for id in [TPH_CAPABILITY_ID, image.at(0x100) as u16] {
        let found = image.counted(MOST_EXTENDED_READS, |image| find_extended_capability(image, id));
        assert_eq!(found, Ok(image.walk_extended(id)), "{id:#x}");
    }
}

/// The TPH capability and its table.
fn capability(image: &mut Image) {
    let most = MOST_EXTENDED_READS + MOST_READS + 2;
    let Ok(found) = image.counted(most, TphCapability::find) else {
        assert_eq!(image.at(4), u32::MAX);
        return;
    };
    let place = image.walk_extended(TPH_CAPABILITY_ID);
    let Some(capability) = found else {
        // The last dword of the space is no capability: there is no room for its register.
        assert!(place.is_none_or(|place| place.get() + Capability::OFFSET >= ConfigOffset::SPACE));
        return;
    };
    assert_eq!(Some(capability.offset), place);
    let start = capability.offset.get();
    let register = image.at(start + Capability::OFFSET);
    assert_eq!(capability.register, Capability(register));
    assert_eq!(capability.table, table(image, start, capability.register));
    let control = capability.control().map(ConfigOffset::get);
    assert_eq!(control, Some(start + Control::OFFSET).filter(|at| *at < ConfigOffset::SPACE));
    let entries = capability.table_entries();
    assert!(entries <= tph::MAX_MSIX_ENTRIES);
    if let Ok(table @ StTable::Capability { .. }) = capability.table {
        for index in [0, entries / 2, entries - 1] {
            let (dword, upper) = entry_offset(capability.offset, StIndex(index)).unwrap();
            let byte = dword.get() + if upper { 2 } else { 0 };
            assert_eq!(byte, start + 12 + 2 * index);
            assert!(table.contains(StIndex(index)));
        }
        assert!(!table.contains(StIndex(entries)));
    }
}

/// The table that a capability claims, worked out from the fields as docs/abi.md has them.
fn table(image: &Image, start: u16, register: Capability) -> Result<StTable, Malformed> {
    let size = register.table_size();
    let own = if register.table_location() == TableLocation::Capability { size } else { 0 };
    if u32::from(start) + 12 + 2 * u32::from(own) > u32::from(ConfigOffset::SPACE) {
        return Err(Malformed::PastTheEnd);
    }
    match register.table_location() {
        TableLocation::None => Ok(StTable::None),
        TableLocation::Reserved => Err(Malformed::ReservedLocation),
        TableLocation::Capability if size > 64 => Err(Malformed::TooManyEntries { entries: size }),
        TableLocation::Capability => Ok(StTable::Capability { entries: size }),
        TableLocation::MsixTable => match image.walk(MSIX) {
            Some(at) => Ok(StTable::Msix { entries: MsixCapability(image.at(at)).vectors() }),
            None => Err(Malformed::NoMsix),
        },
    }
}

/// What the PCI Express capability says, and what two ends make of each other.
fn express(image: &mut Image) {
    let most = MOST_READS + 2;
    let Ok(port) = image.counted(most, PortType::of) else { return };
    let at = image.walk(EXPRESS);
    let kind = at.map(|at| (image.at(at) >> 20 & 0xf) as u8);
    assert_eq!(port.map(PortType::bits), kind);
    let second = at.filter(|at| image.at(*at) >> 16 & 0xf >= 2);
    let register = second.map(|at| at + 0x24);
    let found = image.counted(most, PortType::device_capabilities_2).unwrap();
    assert_eq!(found.map(ConfigOffset::get), register);
    let completer = image.counted(most + 1, Completer::of).unwrap();
    let bits = register.map_or(0, |at| image.at(at));
    assert_eq!(completer, Completer::from_device_capabilities_2(bits));
    let flit = image.counted(most + 1, flit_mode).unwrap();
    assert_eq!(flit, second.is_some_and(|at| image.at(at + 0x30) >> 26 & 1 != 0));
    let prefixes = EndEndPrefixes::from_device_capabilities_2(bits);
    for own in [tph::RequesterType::Tph, tph::RequesterType::ExtendedTph] {
        let agreed = negotiate(own, port, Some(completer));
        assert!(agreed.is_none_or(|agreed| agreed <= own));
        assert!(own == tph::RequesterType::ExtendedTph || prefixes.carry(own));
        if port == Some(PortType::INTEGRATED_ENDPOINT) {
            assert_eq!(negotiate(own, port, None), Some(own));
        } else {
            assert_eq!(agreed.is_none(), completer.requester_type().is_none());
            assert_eq!(negotiate(own, port, None), None);
        }
    }
}
