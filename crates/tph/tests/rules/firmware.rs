//! What firmware is asked, and what becomes of its answer.

use crate::fake::{Entries, Fake, word_of};
use tph::{
    AcpiUid, CpuId, DsmCall, Entry, EntryError, FirmwareError, MemoryType, Requester,
    RequesterType, StIndex, StMode, TagSource, cpu_tag, firmware_gives_tags,
};

#[test]
fn a_call_names_its_function_and_the_processor() {
    let calls = [DsmCall::Functions, DsmCall::ProcessorTags(AcpiUid(u32::MAX))];
    assert_eq!(calls.map(DsmCall::function), [0, DsmCall::TAGS_FUNCTION]);
    assert_eq!(calls.map(DsmCall::arguments), [None, Some([0, u64::from(u32::MAX), 0])]);
}

#[test]
fn no_two_calls_have_the_same_key() {
    let processors = [0, 1, 7, u32::MAX - 1, u32::MAX].map(AcpiUid).map(DsmCall::ProcessorTags);
    let calls: Vec<_> = [DsmCall::Functions].into_iter().chain(processors).collect();
    for call in &calls {
        assert_eq!(calls.iter().filter(|other| other.key() == call.key()).count(), 1, "{call:?}");
    }
}

#[test]
fn a_cpu_s_tag_is_told_to_whoever_may_know_it() {
    let (memory, requester) = (MemoryType::Persistent, RequesterType::Tph);
    let mut fake = Fake::new(0);
    fake.online[2] = false;
    fake.may_run_on.clear();
    let mut tag = |cpu| cpu_tag(&mut fake, CpuId(cpu), memory, requester);
    assert_eq!(tag(1), Ok(word_of(1).tag(memory, requester).unwrap()), "permission is not asked");
    assert_eq!(tag(2), Err(EntryError::CpuOffline(CpuId(2))));
    assert_eq!(tag(4), Err(EntryError::CpuAbsent(CpuId(4))));
    fake.firmware_answers = false;
    let absent = Err(EntryError::Firmware(FirmwareError::Absent));
    assert_eq!(cpu_tag(&mut fake, CpuId(1), memory, requester), absent);
}

#[test]
fn firmware_without_tags_is_told_from_no_firmware_to_ask() {
    let mut fake = Fake::new(0);
    assert_eq!(firmware_gives_tags(&mut fake), Ok(()));
    fake.functions = 0x7fff;
    assert_eq!(firmware_gives_tags(&mut fake), Err(FirmwareError::Absent));
    fake.firmware_answers = false;
    assert_eq!(firmware_gives_tags(&mut fake), Err(FirmwareError::Absent));
    fake.completer = None;
    assert_eq!(firmware_gives_tags(&mut fake), Err(FirmwareError::NoRootPort));
}

#[test]
fn neighbours_in_a_batch_that_want_the_same_cpu_ask_once() {
    let mut fake = Fake::new(0x0007_0307);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    for (cpus, asked) in [([1, 1, 1, 1], 1), ([1, 1, 2, 2], 2), ([1, 2, 1, 2], 4)] {
        let entry = |(index, cpu): (u16, u32)| {
            let source = TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
            Entry { index: StIndex(index), source }
        };
        // Once is asked whether there are tags at all.
        fake.evaluations = 0;
        let first = usize::from(requester.entries_in_use() == 0);
        requester.program(&mut Entries::new((0..).zip(cpus).map(entry)), &mut fake).unwrap();
        assert_eq!(fake.evaluations, asked + first, "{cpus:?}");
        for (index, cpu) in (0..).zip(cpus) {
            let wide = word_of(cpu).tag(MemoryType::Volatile, RequesterType::ExtendedTph).unwrap();
            assert_eq!(fake.entry(index), wide.entry_bits());
        }
    }
}
