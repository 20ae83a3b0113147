//! Registers of other capabilities, as they lie in a configuration space.

use crate::fake::Fake;
use tph::{
    AccessError, Completer, ConfigOffset, EndEndPrefixes, MsixCapability, PortType, RequesterType,
    find_capability, find_extended_capability, flit_mode,
};

/// Where the PCI Express capability lies in these images.
const EXPRESS: usize = 0x48;
const MSIX: usize = 0xa0;

fn holding(config: Vec<u32>) -> Fake {
    Fake { config, ..Fake::new(0) }
}

/// A function with a PCI Express capability whose Capabilities register is `express`, and MSI-X behind
/// it whose Message Control is `msix`. Every other bit is set.
fn image(express: u16, msix: u16) -> Fake {
    let mut space = vec![u32::MAX; 1024];
    space[1] = 1 << 20;
    // The low two bits of pointers are reserved, and set here.
    space[0x34 / 4] = 0xffff_ff4b;
    space[EXPRESS / 4] = u32::from(express) << 16 | 0xa210;
    space[MSIX / 4] = u32::from(msix) << 16 | 0x0011;
    holding(space)
}

fn with(mut image: Fake, offset: usize, value: u32) -> Fake {
    image.config[offset / 4] = value;
    image
}

#[test]
fn a_function_is_of_the_type_that_its_field_says() {
    for bits in 0..16_u16 {
        let mut image = image(bits << 4 | 0xff02, 0);
        let of = PortType::of(&mut image).unwrap().unwrap();
        assert_eq!(u16::from(of.bits()), bits);
        // Root port, upstream and downstream port, bridge to PCI, bridge to PCI Express.
        assert_eq!(of.leads_to_functions(), (4..=8).contains(&bits), "{bits}");
    }
    let mut image = image(PortType::ROOT_PORT.bits().into(), 0);
    image.config[1] = 0;
    assert_eq!(PortType::of(&mut image), Ok(None));
}

#[test]
fn registers_that_version_2_added_are_not_read_in_version_1() {
    for version in 0..16_u16 {
        let mut image = image(0xfff0 | version, 0);
        let at = ConfigOffset::new(u16::try_from(EXPRESS).unwrap() + 0x24);
        let expected = if version < 2 { None } else { at };
        assert_eq!(PortType::device_capabilities_2(&mut image), Ok(expected), "{version}");
        assert_eq!(flit_mode(&mut image), Ok(version >= 2));
        let completer = if version < 2 { Completer::None } else { Completer::ExtendedTph };
        assert_eq!(Completer::of(&mut image), Ok(completer));
    }
}

#[test]
fn a_link_is_in_flit_mode_if_its_bit_says_so() {
    for bit in 0..32 {
        let mut image = with(image(2, 0), EXPRESS + 0x30, 1 << bit);
        assert_eq!(flit_mode(&mut image), Ok(bit == 16 + 10));
    }
    let mut image = image(2, 0);
    image.config[1] = 0;
    assert_eq!(flit_mode(&mut image), Ok(false));
}

#[test]
fn the_completer_field_is_two_bits_and_prefixes_have_three() {
    for bit in 0..32 {
        let register = !(1 << bit);
        let completer = match bit {
            12 => Completer::Reserved,
            13 => Completer::Tph,
            _ => Completer::ExtendedTph,
        };
        assert_eq!(Completer::from_device_capabilities_2(register), completer, "{bit}");
        let prefixes = match bit {
            21 => EndEndPrefixes::None,
            22 => EndEndPrefixes::UpTo(2),
            23 => EndEndPrefixes::UpTo(1),
            _ => EndEndPrefixes::UpTo(3),
        };
        assert_eq!(EndEndPrefixes::from_device_capabilities_2(register), prefixes, "{bit}");
    }
}

#[test]
fn msix_has_a_vector_more_than_its_field_says() {
    for (control, vectors) in [(0, 1), (0xf800, 1), (0x07fe, 2047), (0xffff, 2048), (0x0005, 6)] {
        let found = MsixCapability::find(&mut image(2, control)).unwrap().unwrap();
        assert_eq!(usize::from(found.0.get()), MSIX);
        assert_eq!(found.1.vectors(), vectors);
    }
    let mut alone = image(2, 0);
    alone.config[EXPRESS / 4] = 0x10;
    assert_eq!(MsixCapability::find(&mut alone), Ok(None));
}

#[test]
fn where_nothing_is_nothing_is_found_whatever_is_looked_for() {
    let mut empty = holding(vec![0; 1024]);
    let mut gone = holding(vec![u32::MAX; 1024]);
    for id in [0, 0x17, u16::MAX] {
        assert_eq!(find_extended_capability(&mut empty, id), Ok(None));
        assert_eq!(find_extended_capability(&mut gone, id), Ok(None));
    }
    assert_eq!(find_capability(&mut empty, 0), Ok(None));
    assert_eq!(find_capability(&mut gone, 0), Err(AccessError::Gone));
}

#[test]
fn an_offset_is_a_dword_of_configuration_space() {
    for (offset, ok) in
        [(0, true), (1, false), (2, false), (0xffc, true), (0xffe, false), (0x1000, false)]
    {
        assert_eq!(ConfigOffset::new(offset).map(ConfigOffset::get), ok.then_some(offset));
    }
    let at = ConfigOffset::EXTENDED;
    assert_eq!(at.checked_add(0xefc).map(ConfigOffset::get), Some(0xffc));
    for past in [0xf00, 2, u16::MAX] {
        assert_eq!(at.checked_add(past), None);
    }
}

#[test]
fn tags_have_the_bits_of_one_requester_type_or_of_none() {
    let types = [RequesterType::Tph, RequesterType::ExtendedTph];
    for bits in 0..=u8::MAX {
        let known = types.into_iter().find(|requester| requester.tag_bits() == bits);
        assert_eq!(RequesterType::from_tag_bits(bits), known, "{bits} bits");
    }
}
