//! Enabling: what is negotiated, what is refused and in which order.

use crate::fake::Fake;
use tph::{Error, Malformed, Requester, RequesterType, StMode, State};

const TABLE_OF_8: u32 = 0x0007_0307;
const NO_TABLE: u32 = 0x0000_0107;

fn enable(fake: &mut Fake, mode: StMode) -> Result<Requester, Error> {
    let mut requester = Requester::probe(fake)?;
    requester.enable(mode, fake)?;
    Ok(requester)
}

#[test]
fn the_width_is_the_widest_that_both_ends_have() {
    let (narrow, wide) = (Some(RequesterType::Tph), Some(RequesterType::ExtendedTph));
    let cases = [
        (0x0007_0307, 0x3000, wide, 0x301),
        (0x0007_0307, 0x1000, narrow, 0x101),
        (0x0007_0207, 0x3000, narrow, 0x101),
        (0x0007_0207, 0x1000, narrow, 0x101),
        (0x0007_0307, 0x2000, None, 0),
        (0x0007_0207, 0x2000, None, 0),
        (0x0007_0307, 0x0fff, None, 0),
    ];
    for (register, completer, expected, control) in cases {
        let mut fake = Fake::new(register);
        fake.completer = Some(completer);
        match (enable(&mut fake, StMode::InterruptVector), expected) {
            (Ok(requester), Some(width)) => {
                let mode = StMode::InterruptVector;
                assert_eq!(requester.state(), State::Enabled { mode, requester: width });
            }
            (outcome, None) => assert_eq!(outcome.map(|_| ()), Err(Error::NoCompleter)),
            (outcome, expected) => panic!("{register:#x}: {outcome:?}, not {expected:?}"),
        }
        assert_eq!(fake.control(), control, "{register:#x} below {completer:#x}");
    }
}

#[test]
fn an_endpoint_inside_the_root_complex_needs_no_port() {
    let mut fake = Fake::new(TABLE_OF_8).integrated();
    assert!(enable(&mut fake, StMode::DeviceSpecific).is_ok());
    assert_eq!(fake.control(), 0x302);
    let mut fake = Fake::new(TABLE_OF_8);
    fake.completer = None;
    let refused = enable(&mut fake, StMode::DeviceSpecific).map(|_| ());
    assert_eq!(refused, Err(Error::NoCompleter));
}

#[test]
fn bits_without_a_meaning_survive_enabling_and_go_with_disabling() {
    let mut fake = Fake::new(TABLE_OF_8);
    fake.set_control(0xffff_f8f8);
    let mut requester = enable(&mut fake, StMode::DeviceSpecific).unwrap();
    assert_eq!(fake.control(), 0xffff_fbfa);
    requester.disable(&mut fake).unwrap();
    assert_eq!((fake.control(), requester.state()), (0, State::Disabled));
}

#[test]
fn only_modes_that_the_register_has_can_be_enabled() {
    for bits in 0..8 {
        for mode in StMode::ALL {
            let mut fake = Fake::new(0x0007_0200 | bits);
            let outcome = enable(&mut fake, mode).map(|_| ());
            let expected = if bits & 1 << mode.bits() != 0 {
                Ok(())
            } else {
                Err(Error::ModeNotSupported(mode))
            };
            assert_eq!(outcome, expected, "{mode} of {bits:03b}");
        }
    }
}

#[test]
fn device_specific_mode_without_a_table_needs_the_switch() {
    let mut fake = Fake::new(NO_TABLE);
    let mode = StMode::DeviceSpecific;
    assert_eq!(enable(&mut fake, mode).map(|_| ()), Err(Error::DirectTagsNotAllowed));
    assert_eq!(fake.control(), 0);
    assert!(enable(&mut fake, StMode::InterruptVector).is_ok(), "the switch is for one mode");
    let mut fake = Fake::new(NO_TABLE);
    fake.direct_tags = true;
    assert!(enable(&mut fake, mode).is_ok());
}

#[test]
fn a_malformed_capability_can_be_seen_and_turned_off_but_not_on() {
    let mut fake = Fake::new(0x0040_0307);
    let mut requester = Requester::probe(&mut fake).unwrap();
    let malformed = Malformed::TooManyEntries { entries: 65 };
    assert_eq!(requester.capability().unwrap().table, Err(malformed));
    let outcome = requester.enable(StMode::DeviceSpecific, &mut fake);
    assert_eq!(outcome, Err(Error::Malformed(malformed)));
    assert_eq!(requester.open(&mut fake), Ok(()));
    assert_eq!(requester.disable(&mut fake), Ok(()));
}

#[test]
fn of_several_reasons_the_first_in_order_is_given() {
    // Nothing is right: no completer, no switch, no mode; and enabled already.
    let mut fake = Fake::new(0x0000_0107);
    let mut requester = enable(&mut fake, StMode::InterruptVector).unwrap();
    fake.completer = Some(0);
    let again = requester.enable(StMode::DeviceSpecific, &mut fake);
    assert_eq!(again, Err(Error::AlreadyEnabled));
    requester.disable(&mut fake).unwrap();
    let gate = requester.enable(StMode::DeviceSpecific, &mut fake);
    assert_eq!(gate, Err(Error::DirectTagsNotAllowed));
    fake.direct_tags = true;
    let completer = requester.enable(StMode::DeviceSpecific, &mut fake);
    assert_eq!(completer, Err(Error::NoCompleter));
    let mut fake = Fake::new(0x0040_0200);
    let malformed = enable(&mut fake, StMode::NoSt).map(|_| ());
    assert!(matches!(malformed, Err(Error::Malformed(_))), "before the mode: {malformed:?}");
}

#[test]
fn a_function_without_the_capability_has_nothing_to_control() {
    let mut fake = Fake::new(TABLE_OF_8);
    fake.config[0x140 / 4] = 0;
    let mut requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(requester.capability(), None);
    fake.log.clear();
    assert_eq!(requester.enable(StMode::NoSt, &mut fake), Err(Error::NoCapability));
    assert_eq!(requester.disable(&mut fake), Err(Error::NoCapability));
    assert_eq!(requester.open(&mut fake), Ok(()));
    assert_eq!(requester.restore(&mut fake), Ok(()));
    assert_eq!(fake.log, []);
}

#[test]
fn a_capability_cut_off_by_the_end_of_the_space_is_left_alone() {
    for offset in [0xff4_u16, 0xff8, 0xffc] {
        let mut fake = Fake::new(0);
        fake.config.resize(0x400, 0);
        fake.config[0x100 / 4] = u32::from(offset) << 20 | 0x0001_0001;
        fake.config[usize::from(offset) / 4] = 0x0001_0017;
        if let Some(register) = fake.config.get_mut(usize::from(offset) / 4 + 1) {
            *register = TABLE_OF_8;
        }
        let mut requester = Requester::probe(&mut fake).unwrap();
        let before = fake.config.clone();
        assert_eq!(requester.open(&mut fake), Ok(()), "{offset:#x}");
        assert_eq!(requester.restore(&mut fake), Ok(()));
        let known = requester.capability().is_some();
        let refused = requester.enable(StMode::DeviceSpecific, &mut fake);
        let past = Error::Malformed(Malformed::PastTheEnd);
        assert_eq!(refused, Err(if known { past } else { Error::NoCapability }));
        let off = if known { Ok(()) } else { Err(Error::NoCapability) };
        assert_eq!(requester.disable(&mut fake), off);
        assert_eq!(fake.config, before, "{offset:#x}");
    }
}

#[test]
fn a_device_that_does_not_take_the_mode_is_found_out() {
    let mut fake = Fake::new(TABLE_OF_8);
    fake.control_keeps = 0x102;
    let outcome = enable(&mut fake, StMode::DeviceSpecific).map(|_| ());
    assert_eq!(outcome, Err(Error::NotTaken { held: tph::Control(0x102) }));
    assert_eq!(fake.control(), 0);
}
