//! Programming: what it costs, what it refuses, what a failure leaves.

use crate::fake::{Access, Entries, Fake, TPH_AT, word_of};
use tph::{
    AccessError, CpuId, Entry, EntryError, Error, FirmwareError, MemoryType, Requester,
    RequesterType, StIndex, StMode, State, TagSource,
};

pub(crate) fn steer(index: u16, cpu: u32) -> Entry {
    let source = TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
    Entry { index: StIndex(index), source }
}

pub(crate) fn wide(cpu: u32) -> u16 {
    word_of(cpu).tag(MemoryType::Volatile, RequesterType::ExtendedTph).unwrap().entry_bits()
}

/// A function whose table of `entries` lies in the capability, enabled; the log is empty.
fn enabled(entries: u16) -> (Fake, Requester) {
    let mut fake = Fake::new(u32::from(entries - 1) << 16 | 0x307);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.open(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    fake.log.clear();
    (fake, requester)
}

pub(crate) fn program(
    (fake, requester): (&mut Fake, &mut Requester),
    entries: impl IntoIterator<Item = Entry>,
) -> Result<(), Error> {
    requester.program(&mut Entries::new(entries), fake)
}

#[test]
fn a_contiguous_batch_costs_half_an_access_an_entry_and_four() {
    for entries in [1, 2, 3, 5, 8, 33, 63, 64] {
        for first in 0..entries {
            for count in 1..=entries - first {
                let (mut fake, mut requester) = enabled(entries);
                let batch = (first..first + count).map(|index| steer(index, 1));
                program((&mut fake, &mut requester), batch).unwrap();
                let limit = usize::from(count / 2 + 4);
                assert!(fake.log.len() <= limit, "{first}+{count} of {entries}: {:?}", fake.log);
            }
        }
    }
}

#[test]
fn the_requester_is_off_while_entries_change_and_on_again_after() {
    let (mut fake, mut requester) = enabled(8);
    program((&mut fake, &mut requester), [steer(2, 1), steer(3, 2)]).unwrap();
    let pair = u32::from(wide(2)) << 16 | u32::from(wide(1));
    let expected = [
        Access::Read(TPH_AT + 8),
        Access::Write(TPH_AT + 8, 0x002),
        Access::Write(TPH_AT + 0x10, pair),
        Access::Write(TPH_AT + 8, 0x302),
    ];
    assert_eq!(fake.log, expected);
}

#[test]
fn what_lies_behind_the_last_entry_of_an_odd_table_is_kept() {
    let mut fake = Fake::new(0x0002_0307);
    fake.config[usize::from((TPH_AT + 0x10) / 4)] = 0xbeef_1234;
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.open(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    program((&mut fake, &mut requester), [steer(2, 3)]).unwrap();
    assert_eq!((fake.entry(2), fake.entry(3)), (wide(3), 0xbeef));
    requester.close(&mut fake).unwrap();
    assert_eq!((fake.entry(2), fake.entry(3)), (0, 0xbeef));
}

#[test]
fn a_failure_at_any_access_leaves_the_entries_of_the_call_0_and_the_others_alone() {
    let batch = || [steer(1, 1), steer(2, 1), steer(5, 1)];
    let accesses = {
        let (mut fake, mut requester) = enabled(8);
        program((&mut fake, &mut requester), batch()).unwrap();
        fake.log.len()
    };
    for at in 0..accesses {
        let (mut fake, mut requester) = enabled(8);
        let all = (0..8).map(|index| steer(index, 2));
        program((&mut fake, &mut requester), all).unwrap();
        fake.log.clear();
        fake.fail = Some((at, 1));
        let outcome = program((&mut fake, &mut requester), batch());
        assert_eq!(outcome, Err(Error::Access(AccessError::Failed)), "access {at}");
        for index in 0..8 {
            let untouched = at <= 1 || ![1, 2, 5].contains(&index);
            let expected = if untouched { wide(2) } else { 0 };
            assert_eq!(fake.entry(index), expected, "entry {index}, access {at} failed");
        }
        fake.fail = None;
        if requester.state() == State::Disabled {
            requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
        }
        program((&mut fake, &mut requester), batch()).unwrap();
        assert_eq!(fake.table(3), [wide(2), wide(1), wide(1)]);
    }
}

#[test]
fn a_device_that_goes_at_any_access_is_said_to_be_gone() {
    let (mut fake, mut requester) = enabled(8);
    program((&mut fake, &mut requester), [steer(0, 1)]).unwrap();
    for at in 0..fake.log.len() {
        let (mut fake, mut requester) = enabled(8);
        (fake.fail, fake.failure) = (Some((at, usize::MAX)), AccessError::Gone);
        let outcome = program((&mut fake, &mut requester), [steer(0, 1)]);
        assert_eq!(outcome, Err(Error::Access(AccessError::Gone)), "access {at}");
    }
}

#[test]
fn tph_stays_off_when_stale_entries_cannot_be_cleared() {
    let (mut fake, mut requester) = enabled(8);
    fake.fail = Some((2, 100));
    let outcome = program((&mut fake, &mut requester), [steer(0, 1)]);
    assert_eq!(outcome, Err(Error::Access(AccessError::Failed)));
    assert_eq!(requester.state(), State::Disabled);
    assert_eq!(fake.control(), 0x002, "the requester is off");
}

#[test]
fn what_could_not_be_cleared_is_cleared_before_tph_goes_on_again() {
    let (mut fake, mut requester) = enabled(8);
    // The second dword cannot be written, nor anything after it: entry 0 keeps its new tag.
    fake.fail = Some((3, 100));
    assert!(program((&mut fake, &mut requester), [steer(0, 1), steer(2, 1)]).is_err());
    assert_eq!(fake.entry(0), wide(1), "a stale tag is left");
    let blocked = requester.enable(StMode::DeviceSpecific, &mut fake);
    assert_eq!(blocked, Err(Error::Access(AccessError::Failed)));
    fake.fail = None;
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    assert_eq!((fake.table(8), fake.control()), (vec![0; 8], 0x302));
}

#[test]
fn a_function_that_lost_its_registers_gets_them_back_at_the_next_request() {
    for ask in [0, 1] {
        let (mut fake, mut requester) = enabled(8);
        program((&mut fake, &mut requester), [steer(0, 1), steer(7, 2)]).unwrap();
        fake.set_control(0);
        fake.config[usize::from((TPH_AT + 0xc) / 4)..][..4].fill(0);
        if ask == 0 {
            program((&mut fake, &mut requester), [steer(1, 3)]).unwrap();
            assert_eq!(fake.entry(1), wide(3));
        } else {
            let again = requester.enable(StMode::DeviceSpecific, &mut fake);
            assert_eq!(again, Err(Error::AlreadyEnabled));
        }
        assert_eq!((fake.entry(0), fake.entry(7)), (wide(1), wide(2)));
        assert_eq!(fake.control(), 0x302);
    }
}

#[test]
fn each_entry_is_refused_for_the_first_thing_wrong_with_it() {
    let (mut fake, mut requester) = enabled(8);
    fake.online[3] = false;
    fake.may_run_on = vec![0, 2];
    fake.firmware.remove(&102);
    let no_firmware = EntryError::Firmware(FirmwareError::Failed);
    let cases = [
        (steer(8, 9), EntryError::IndexOutOfRange { index: StIndex(8), entries: 8 }),
        (steer(7, 4), EntryError::CpuAbsent(CpuId(4))),
        (steer(7, 3), EntryError::CpuOffline(CpuId(3))),
        (steer(7, 1), EntryError::CpuNotPermitted(CpuId(1))),
        (steer(7, 2), no_firmware),
    ];
    for (entry, error) in cases {
        let outcome = program((&mut fake, &mut requester), [steer(0, 0), entry]);
        assert_eq!(outcome, Err(Error::Entry { position: 1, error }));
        assert_eq!(fake.log, [], "no register is touched");
    }
    fake.may_place = true;
    assert_eq!(program((&mut fake, &mut requester), [steer(7, 1)]), Ok(()));
}

#[test]
fn firmware_that_names_no_tag_of_the_width_refuses_the_batch() {
    let (mut fake, mut requester) = enabled(8);
    let only_narrow = tph::TagWord(word_of(0).0 & !(2 | 2 << 32));
    fake.firmware.insert(100, only_narrow);
    let (cpu, memory) = (CpuId(0), MemoryType::Volatile);
    let error = EntryError::NoTag { cpu, memory, requester: RequesterType::ExtendedTph };
    let outcome = program((&mut fake, &mut requester), [steer(0, 0)]);
    assert_eq!(outcome, Err(Error::Entry { position: 0, error }));
    fake.firmware_answers = false;
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    let error = EntryError::Firmware(FirmwareError::Absent);
    let outcome = program((&mut fake, &mut requester), [steer(0, 0)]);
    assert_eq!(outcome, Err(Error::Entry { position: 0, error }));
}

#[test]
fn a_batch_that_only_clears_asks_no_firmware() {
    let (mut fake, mut requester) = enabled(8);
    program((&mut fake, &mut requester), [steer(4, 1)]).unwrap();
    fake.evaluations = 0;
    let clear = Entry { index: StIndex(4), source: TagSource::Clear };
    program((&mut fake, &mut requester), [clear]).unwrap();
    assert_eq!((fake.entry(4), fake.evaluations), (0, 0));
}

#[test]
fn a_table_in_the_capability_comes_back_after_an_error() {
    let (mut fake, mut requester) = enabled(4);
    program((&mut fake, &mut requester), [steer(3, 2)]).unwrap();
    let (table, control) = (fake.table(4), fake.control());
    fake.set_control(0);
    fake.config[usize::from((TPH_AT + 0x10) / 4)] = 0;
    requester.recover(&mut fake).unwrap();
    assert_eq!((fake.table(4), fake.control()), (table, control));
}

#[test]
fn without_a_table_or_while_off_nothing_can_be_programmed() {
    let mut fake = Fake::new(0x0000_0107);
    let mut requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(program((&mut fake, &mut requester), [steer(0, 0)]), Err(Error::NoTable));
    let (mut fake, mut requester) = enabled(8);
    requester.disable(&mut fake).unwrap();
    assert_eq!(program((&mut fake, &mut requester), [steer(0, 0)]), Err(Error::NotEnabled));
}

#[test]
fn a_reset_is_undone_table_first() {
    let (mut fake, mut requester) = enabled(4);
    program((&mut fake, &mut requester), [steer(0, 1), steer(3, 2)]).unwrap();
    let (table, control) = (fake.table(4), fake.control());
    fake.set_control(0);
    for dword in [0xc, 0x10] {
        fake.config[usize::from((TPH_AT + dword) / 4)] = 0;
    }
    fake.log.clear();
    requester.restore(&mut fake).unwrap();
    assert_eq!((fake.table(4), fake.control()), (table, control));
    assert_eq!(fake.log.last(), Some(&Access::Write(TPH_AT + 8, control)));
}
