//! Batches of every length: what is one call, what is split, what a failure leaves behind, and which
//! entry an error names.

mod common;

use common::{Counted, connect, cpu, open};
use tph::BatchLen;
use tph_abi::{Operation, layout};
use vfio_tph::{
    Cause, CpuId, Errno, Error, Interface, MemoryType, StIndex, StMode, Step, TagSource, TphDevice,
    Transport,
};

const LIMIT: usize = BatchLen::MAX as usize;
/// CPUs of the profiles of `tph-emu`'s tests.
const ONLINE: [u32; 3] = [0, 1, 3];
const OFFLINE: u32 = 2;
const MODE: StMode = StMode::DeviceSpecific;

/// As many entries for a table with 2048: further ones begin with entry 0 again.
fn batch(length: usize) -> Vec<(StIndex, TagSource)> {
    let indices = (0..2048).map(StIndex).cycle();
    indices.zip(ONLINE.into_iter().cycle().map(cpu)).take(length).collect()
}

/// A table of 2048 entries in MSI-X, and all vectors set up.
fn large() -> Counted {
    let device = open("msix-table");
    connect(&device, 0..2048);
    Counted::new(device)
}

fn parts(error: &Error) -> (Step, Errno, Option<Cause>) {
    match error {
        Error::Request { step, errno, cause, .. } => (*step, *errno, *cause),
        other => panic!("{other}"),
    }
}

/// The CPUs that all entries are for.
fn held(tph: &mut TphDevice<&mut Counted>) -> Vec<Option<CpuId>> {
    let indices: Vec<_> = (0..2048).map(StIndex).collect();
    let entries = tph.entries(&indices).unwrap();
    entries.into_iter().map(|entry| entry.map(|entry| entry.cpu)).collect()
}

#[test]
fn a_batch_up_to_the_limit_is_one_call_and_a_longer_one_is_split() {
    let cases = [(0, 0), (1, 1), (LIMIT, 1), (LIMIT + 1, 2), (2 * LIMIT, 2), (2 * LIMIT + 1, 3)];
    for (length, expected) in cases {
        let mut transport = large();
        let device = TphDevice::new(&mut transport, "dev");
        let mut on = device.into_enabled(MODE).unwrap();
        on.program(&batch(length)).unwrap();
        on.leave_on();
        assert_eq!(transport.calls, 1 + expected, "ENABLE, and {length} entries");
    }
}

#[test]
fn the_parts_of_a_batch_that_came_before_a_failure_stay() {
    for errno in [Errno::EIO, Errno::ENODEV, Errno::EINVAL] {
        let mut transport = Counted { fails: Some((2, errno)), ..large() };
        let mut tph = TphDevice::new(&mut transport, "dev");
        tph.enable(MODE).unwrap().leave_on();
        let mut long = batch(LIMIT);
        long.extend([(StIndex(0), cpu(1)), (StIndex(1), cpu(0))]);
        let error = tph.program(&long).unwrap_err();
        let step = Step::Program { first: LIMIT, count: 2 };
        assert_eq!(parts(&error), (step, errno, None));
        assert!(error.to_string().contains("programming entries 2048 to 2049 of the batch"));
        let planned = ONLINE.into_iter().cycle().take(LIMIT).map(|cpu| Some(CpuId(cpu)));
        assert_eq!(held(&mut tph), planned.collect::<Vec<_>>(), "the first part, wholly");
    }
}

#[test]
fn what_was_programmed_before_a_failure_is_cleared_in_the_end() {
    let mut transport = Counted { fails: Some((2, Errno::EIO)), ..large() };
    let mut tph = TphDevice::new(&mut transport, "dev");
    let mut on = tph.enable(MODE).unwrap();
    on.program(&batch(LIMIT + 1)).unwrap_err();
    assert_eq!(on.written().count(), LIMIT);
    drop(on);
    assert_eq!(held(&mut tph), vec![None; LIMIT]);
}

#[test]
fn an_error_names_the_entry_whose_cpu_cannot_be_had() {
    for (length, at) in
        [(1, 0), (2, 1), (64, 17), (LIMIT, 0), (LIMIT, LIMIT - 1), (LIMIT + 9, LIMIT + 5)]
    {
        let mut transport = large();
        let mut tph = TphDevice::new(&mut transport, "dev");
        let mut on = tph.enable(MODE).unwrap();
        let mut batch = batch(length);
        batch[at].1 = cpu(OFFLINE);
        let error = on.program(&batch).unwrap_err();
        let cause = Cause::CpuNotUsable { position: at, cpu: CpuId(OFFLINE) };
        let (_, errno, found) = parts(&error);
        assert_eq!((errno, found), (Errno::EINVAL, Some(cause)), "{at} of {length}");
        assert!(error.to_string().contains(&format!("entry {at} of the batch is for CPU 2")));
        assert_eq!(on.written().count(), at / LIMIT * LIMIT, "and asking has programmed nothing");
        drop(on);
        assert_eq!(held(&mut tph), vec![None; LIMIT], "nor left anything");
    }
}

#[test]
fn an_error_names_the_first_of_several_entries() {
    let mut transport = large();
    let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
    let mut batch = batch(100);
    for at in [31, 32, 99] {
        batch[at].1 = cpu(OFFLINE);
    }
    let (_, _, cause) = parts(&on.program(&batch).unwrap_err());
    assert_eq!(cause, Some(Cause::CpuNotUsable { position: 31, cpu: CpuId(OFFLINE) }));
}

#[test]
fn an_error_names_the_entry_whose_vector_is_not_set_up() {
    for missing in [0, 1, 40, 99] {
        let device = open("msix-table");
        connect(&device, (0..100).filter(|vector| *vector != missing));
        let mut transport = Counted::new(device);
        let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
        let (_, errno, cause) = parts(&on.program(&batch(100)).unwrap_err());
        let expected =
            Cause::VectorNotSetUp { position: usize::from(missing), index: StIndex(missing) };
        assert_eq!((errno, cause), (Errno::ENXIO, Some(expected)));
    }
}

#[test]
fn an_error_names_the_entry_that_is_past_the_table() {
    let mut transport = Counted::new(open("only-volatile-16"));
    let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
    let error = on.program(&[(StIndex(63), cpu(0)), (StIndex(64), cpu(0))]).unwrap_err();
    let cause = Cause::IndexOutsideTable { position: 1, index: StIndex(64), entries: 64 };
    assert_eq!(parts(&error).2, Some(cause));
}

#[test]
fn an_error_names_the_entry_that_the_firmware_has_no_tag_for() {
    let mut transport = Counted::new(open("only-persistent-16"));
    let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
    let persistent = TagSource::Cpu { cpu: CpuId(1), memory: MemoryType::Persistent };
    let error = on.program(&[(StIndex(0), persistent), (StIndex(1), cpu(3))]).unwrap_err();
    let cause = Cause::NoTag { position: 1, cpu: CpuId(3), memory: MemoryType::Volatile };
    assert_eq!((parts(&error).1, parts(&error).2), (Errno::ENODATA, Some(cause)));
}

/// A driver of the kernel series: without our own operations, and with a count of the batches that it
/// was given, for it may write a part of one that it refuses.
struct Series {
    inner: Counted,
    batches: usize,
}

impl Transport for Series {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        match Operation::from_number(layout::op::OP.read(request, 0).unwrap()) {
            Some(Operation::GetEntries | Operation::DmaBufGet) => return Err(Errno::EINVAL),
            Some(Operation::SetSt) => self.batches += 1,
            _ => {}
        }
        self.inner.call(request)
    }
}

#[test]
fn a_driver_of_the_series_is_not_asked_about_parts_of_a_batch() {
    let mut series = Series { inner: large(), batches: 0 };
    let mut tph = TphDevice::new(&mut series, "dev");
    assert_eq!(tph.interface().unwrap(), Interface::Series);
    tph.enable(MODE).unwrap().leave_on();
    let mut refused = batch(100);
    refused[31].1 = cpu(OFFLINE);
    let (_, errno, cause) = parts(&tph.program(&refused).unwrap_err());
    assert_eq!((errno, cause), (Errno::EINVAL, None));
    let beyond = [(StIndex(0), cpu(0)), (StIndex(2048), cpu(0))];
    let (_, errno, cause) = parts(&tph.program(&beyond).unwrap_err());
    let outside = Cause::IndexOutsideTable { position: 1, index: StIndex(2048), entries: 2048 };
    assert_eq!((errno, cause), (Errno::ENXIO, Some(outside)), "the capability tells that");
    assert_eq!(series.batches, 2, "each once");
}

#[test]
fn where_no_entry_is_to_blame_none_is_named() {
    let mut transport = large();
    let mut tph = TphDevice::new(&mut transport, "dev");
    let error = tph.program(&batch(3)).unwrap_err();
    assert_eq!(parts(&error), (Step::Program { first: 0, count: 3 }, Errno::EINVAL, None));
    assert!(error.to_string().contains("TPH is off"), "{error}");
}

#[test]
fn tags_are_asked_for_in_parts_and_an_error_names_the_cpu() {
    let wanted = |length| {
        let cpus = ONLINE.into_iter().cycle().take(length);
        cpus.map(|cpu| (CpuId(cpu), MemoryType::Volatile)).collect::<Vec<_>>()
    };
    for (length, expected) in [(1, 1), (LIMIT, 1), (LIMIT + 1, 2)] {
        let mut transport = Counted::new(open("no-table"));
        let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
        assert_eq!(on.tags(&wanted(length)).unwrap().len(), length);
        on.leave_on();
        assert_eq!(transport.calls, 1 + expected, "ENABLE, and {length} tags");
    }
    for at in [0, 1, 77, LIMIT - 1, LIMIT, LIMIT + 3] {
        let mut transport = Counted::new(open("no-table"));
        let mut on = TphDevice::new(&mut transport, "dev").into_enabled(MODE).unwrap();
        let mut wanted = wanted(LIMIT + 10);
        wanted[at].0 = CpuId(OFFLINE);
        let (step, errno, cause) = parts(&on.tags(&wanted).unwrap_err());
        let first = at / LIMIT * LIMIT;
        let count = if first == 0 { LIMIT } else { 10 };
        assert_eq!((step, errno), (Step::Tags { first, count }, Errno::EINVAL));
        // Whether the first is to blame, or TPH is off, its answer does not tell.
        let named = Cause::CpuNotUsable { position: at, cpu: CpuId(OFFLINE) };
        assert_eq!(cause, (at > 0).then_some(named), "{at}");
    }
}
