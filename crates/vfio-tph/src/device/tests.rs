//! Each operation as a request, and what is said when it is refused.

use super::*;
use crate::testing::{Call, Recorder};
use tph::CpuStanding;

fn cpu(cpu: u32) -> TagSource {
    TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile }
}

#[test]
fn each_operation_is_one_request() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    let capability = device.capability().unwrap();
    assert_eq!(capability.table_entries, 64);
    assert!(capability.modes.contains(StMode::InterruptVector));
    device.program(&[(StIndex(3), cpu(5)), (StIndex(9), TagSource::Clear)]).unwrap();
    device.clear(&[StIndex(3)]).unwrap();
    device.disable().unwrap();
    assert_eq!(
        device.transport.calls,
        [
            Call::Capability,
            Call::Program(vec![(3, Some(5)), (9, None)]),
            Call::Program(vec![(3, None)]),
            Call::Disable
        ]
    );
}

#[test]
fn nothing_to_program_is_no_request() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    device.program(&[]).unwrap();
    device.clear(&[]).unwrap();
    assert_eq!(device.tags(&[]).unwrap(), []);
    assert_eq!(device.transport.calls, []);
}

#[test]
fn more_tags_than_a_call_takes_are_asked_for_in_parts() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    let wanted: Vec<_> = (0..4097).map(|cpu| (CpuId(cpu), MemoryType::Persistent)).collect();
    let tags = device.tags(&wanted).unwrap();
    let expected: Vec<_> = (0..4097_u16).map(|cpu| TagBits(cpu + 1)).collect();
    assert_eq!(tags, expected);
    assert_eq!(device.transport.calls, [Call::Tags(2048), Call::Tags(2048), Call::Tags(1)]);
}

#[test]
fn more_entries_than_a_call_takes_are_looked_at_in_parts() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    let indices: Vec<_> = (0..2049).map(StIndex).collect();
    let entries = device.entries(&indices).unwrap();
    let of = |index: &StIndex| {
        let (cpu, memory) = (CpuId(index.0.into()), MemoryType::Persistent);
        Some(Programmed { cpu, memory, standing: CpuStanding::Offline })
    };
    let expected = indices.iter().map(|index| of(index).filter(|_| index.0 != 0));
    assert_eq!(entries, expected.collect::<Vec<_>>());
    assert_eq!(device.transport.calls, [Call::Entries(2048), Call::Entries(1)]);
    device.transport.fail_at = Some((2, Errno::EINVAL));
    let error = device.entries(&indices[..1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: asking about 1 ST entry: EINVAL: the driver that has the device does not know \
         this question, or the device's capability is malformed"
    );
}

#[test]
fn an_index_outside_of_the_table_is_named() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    device.transport.fail_at = Some((0, Errno::ENXIO));
    let error = device.program(&[(StIndex(63), cpu(0)), (StIndex(64), cpu(0))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: programming 2 ST entries: ENXIO: entry 1 of the batch is for ST entry 64, and \
         the table has 64"
    );
    device.transport.fail_at = Some((2, Errno::ENXIO));
    let error = device.program(&[(StIndex(63), cpu(0))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: programming 1 ST entry: ENXIO: an index lies outside of the ST table, or its MSI-X \
         vector is not set up"
    );
}

#[test]
fn a_mode_that_the_device_has_not_is_named() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    let error = device.enable(StMode::NoSt).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: enabling no-ST mode: EINVAL: no-ST mode cannot be asked for: turn TPH off instead"
    );
    assert_eq!(error.errno(), Some(Errno::EINVAL));
}

#[test]
fn a_refusal_names_the_part_of_the_batch() {
    let mut device = TphDevice::new(Recorder::default(), "dev");
    device.transport.fail_at = Some((1, Errno::ENODATA));
    let error = device.tags(&vec![(CpuId(0), MemoryType::Volatile); 3000]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: asking for tags 2048 to 2999: ENODATA: the firmware names no such tag for one \
         of the CPUs"
    );
}
