//! Registers that were lost, in part or as a whole, and come back.

use crate::fake::{Access, Entries, Fake, TPH_AT};
use tph::{CpuId, Entry, Error, MemoryType, Requester, StIndex, StMode, State, TagSource};

/// Its own table of 8 entries, and one in MSI-X.
const OWN: u32 = 0x0007_0307;
const MSIX: u32 = 0x0000_0507;
const MODE: StMode = StMode::DeviceSpecific;

/// Enabled, with a tag in entry 7.
fn programmed(register: u32) -> (Fake, Requester) {
    let mut fake = Fake::new(register);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.open(&mut fake).unwrap();
    requester.enable(MODE, &mut fake).unwrap();
    let source = TagSource::Cpu { cpu: CpuId(1), memory: MemoryType::Volatile };
    let mut batch = Entries::new([Entry { index: StIndex(7), source }]);
    requester.program(&mut batch, &mut fake).unwrap();
    fake.log.clear();
    (fake, requester)
}

#[test]
fn a_register_that_lost_one_field_counts_as_lost() {
    for field in [0x007, 0x300, 0x307] {
        let (mut fake, mut requester) = programmed(OWN);
        let (table, control) = (fake.table(8), fake.control());
        fake.set_control(control & !field);
        fake.config[usize::from((TPH_AT + 0xc) / 4)..][..4].fill(0);
        assert_eq!(requester.enable(MODE, &mut fake), Err(Error::AlreadyEnabled));
        assert_eq!((fake.table(8), fake.control()), (table, control), "{field:#x}");

        let (mut fake, mut requester) = programmed(MSIX);
        fake.set_control(fake.control() & !field);
        requester.recover(&mut fake).unwrap();
        assert_eq!((requester.state(), fake.control()), (State::Disabled, 0), "{field:#x}");
    }
}

#[test]
fn after_a_reset_a_table_in_msix_is_the_vectors_own_and_the_mode_comes_back() {
    let (mut fake, mut requester) = programmed(MSIX);
    let (state, control, tag) = (requester.state(), fake.control(), fake.msix[7]);
    fake.set_control(0);
    requester.restore(&mut fake).unwrap();
    assert_eq!((requester.state(), fake.control(), fake.msix[7]), (state, control, tag));
    assert!(!fake.log.iter().any(|access| matches!(access, Access::MsixTag(..))));
    requester.disable(&mut fake).unwrap();
    requester.enable(MODE, &mut fake).unwrap();
    assert_eq!((fake.msix[7], requester.entries_in_use()), (tag, 1), "nothing was lost");
}

#[test]
fn what_was_programmed_is_known_without_a_register() {
    let (mut fake, requester) = programmed(OWN);
    let expected = fake.table(8);
    fake.config[usize::from((TPH_AT + 0xc) / 4)..][..4].fill(0);
    fake.log.clear();
    for (index, expected) in (0..).zip(expected) {
        assert_eq!(requester.entry(StIndex(index)), expected);
    }
    assert_eq!((requester.entry(StIndex(64)), requester.entries_in_use()), (0, 1));
    assert_eq!(fake.log, []);
}

#[test]
fn without_a_capability_nothing_is_lost_and_nothing_is_touched() {
    let mut fake = Fake::new(OWN);
    let mut requester = Requester::default();
    assert!(requester.capability().is_none());
    assert_eq!(requester.recover(&mut fake), Ok(()));
    assert_eq!(requester.restore(&mut fake), Ok(()));
    assert_eq!(requester.release_vectors(&mut fake), Ok(()));
    assert_eq!(fake.log, []);
    requester.look_at(&mut fake).unwrap();
    assert!(requester.capability().is_some());
}

#[test]
fn in_no_st_mode_a_batch_is_taken_and_touches_nothing() {
    let mut fake = Fake::new(OWN);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::NoSt, &mut fake).unwrap();
    fake.log.clear();
    let mut batch = Entries::new([Entry { index: StIndex(7), source: TagSource::Clear }]);
    assert_eq!(requester.program(&mut batch, &mut fake), Ok(()));
    assert_eq!((fake.log.len(), requester.entries_in_use()), (0, 0));
}

#[test]
fn what_lies_behind_an_odd_table_stays_as_it_was() {
    for entries in [1_u16, 3, 5, 7, 33, 63] {
        let mut fake = Fake::new(u32::from(entries - 1) << 16 | 0x307);
        let behind = usize::from((TPH_AT + 0xc) / 4 + entries / 2);
        fake.config[behind] = 0xabcd_0000;
        let mut requester = Requester::probe(&mut fake).unwrap();
        requester.open(&mut fake).unwrap();
        assert_eq!(fake.config[behind], 0xabcd_0000, "{entries}");
    }
}
