//! Requests as bytes, answered by the rules, on a function in memory.

#[path = "../../tph/tests/rules/fake/mod.rs"]
#[allow(dead_code, reason = "the rules' own tests look at more of it")]
mod fake;

use fake::{Fake, word_of};
use tph::{
    AccessError, CpuId, CpuStanding, Entry, EntryError, Error, FirmwareError, Malformed,
    MemoryType, ModeSet, Programmed, Requester, RequesterType, StIndex, StMode, TagSource,
};
use tph_abi::client::{self, DeviceCapability};
use tph_abi::layout::{self, Field, cap, ctrl, entry, entry_state, op, st};
use tph_abi::{
    DmaBufQuery, EntriesRequest, Errno, FeatureNumber, FeatureTransport, Operation, Request,
    StRequest, Transport, dispatch, needed,
};

/// Registers of a function: its own table of 8 entries, none, one in MSI-X.
const OWN: u32 = 0x0007_0307;
const NONE: u32 = 0x0000_0107;
const MSIX: u32 = 0x0000_0507;

/// A function and who serves it; `asked` counts requests.
struct Served {
    fake: Fake,
    requester: Requester,
    asked: usize,
}

fn served(register: u32) -> Served {
    let mut fake = Fake::new(register);
    let requester = Requester::probe(&mut fake).unwrap();
    Served { fake, requester, asked: 0 }
}

impl Transport for Served {
    /// As the module: what is needed comes in, what is to be given back goes out.
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.asked += 1;
        let mut bytes = request[..needed(request)?].to_vec();
        let range = dispatch(&mut bytes, &mut self.requester, &mut self.fake)?;
        request[range.clone()].copy_from_slice(&bytes[range]);
        Ok(())
    }
}

impl FeatureTransport for Served {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Err(Errno::ENOTTY)
    }

    fn feature(&mut self, _: &mut [u8]) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }
}

fn steer(index: u16, cpu: u32, memory: MemoryType) -> Entry {
    Entry { index: StIndex(index), source: TagSource::Cpu { cpu: CpuId(cpu), memory } }
}

/// The bytes of a batch.
fn batch(operation: Operation, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![0; layout::st_size(entries.len())];
    let mut request = StRequest::new(operation, &mut bytes).unwrap();
    for (position, entry) in entries.iter().enumerate() {
        request.set(position, *entry);
    }
    request.bytes().to_vec()
}

/// A request without entries, everything behind its head 0.
fn plain(operation: Operation) -> Vec<u8> {
    let mut bytes = vec![0; layout::FIXED_SIZE];
    op::ARGSZ.write(&mut bytes, 0, u32::try_from(layout::FIXED_SIZE).unwrap());
    op::OP.write(&mut bytes, 0, operation.number());
    bytes
}

#[test]
fn the_capability_is_what_the_registers_say() {
    let (iv, ds) = (StMode::InterruptVector, StMode::DeviceSpecific);
    for (register, modes, table_entries) in [
        (OWN, vec![iv, ds], 8),
        (NONE, vec![iv, ds], 0),
        (MSIX, vec![iv, ds], 8),
        (0x0000_0203, vec![iv], 1),
        (0x003f_0205, vec![ds], 64),
        (0x0000_0001, vec![], 0),
        (0x0000_0607, vec![iv, ds], 0),
    ] {
        let bits = modes.iter().fold(0, |bits, mode| bits | 1 << mode.bits());
        let expected = DeviceCapability { modes: ModeSet::from_low_bits(bits), table_entries };
        assert_eq!(client::capability(&mut served(register)), Ok(expected), "{register:#x}");
    }
    let mut without = served(OWN);
    without.requester = Requester::new();
    assert_eq!(client::capability(&mut without), Err(Errno::EOPNOTSUPP));
}

#[test]
fn only_the_answer_goes_back_and_nothing_of_the_caller_s_stays_in_it() {
    let Served { mut fake, mut requester, .. } = served(OWN);
    let mut bytes = plain(Operation::GetCap);
    bytes[layout::BODY..].fill(0xff);
    let range = dispatch(&mut bytes, &mut requester, &mut fake).unwrap();
    assert_eq!(range, layout::BODY..layout::FIXED_SIZE);
    assert!(cap::RESERVED0.is_zero(&bytes, layout::BODY));
    assert!(cap::RESERVED.is_zero(&bytes, layout::BODY));
    assert_eq!(cap::ST_TABLE_SZ.read(&bytes, layout::BODY), Some(8));

    let mut enable = plain(Operation::Enable);
    ctrl::MODE.write(&mut enable, layout::BODY, tph_abi::MODE_DS);
    let mut program = batch(Operation::SetSt, &[steer(3, 1, MemoryType::Volatile)]);
    for request in [&mut enable, &mut program, &mut plain(Operation::Disable)] {
        assert!(dispatch(request, &mut requester, &mut fake).unwrap().is_empty());
    }
    let mut bytes = vec![0; layout::st_size(2)];
    let indices = [StIndex(0), StIndex(3)];
    let query = EntriesRequest::new(&indices, &mut bytes).unwrap().bytes().to_vec();
    let range = dispatch(&mut query.clone(), &mut requester, &mut fake).unwrap();
    assert_eq!(range, layout::FIXED_SIZE..layout::st_size(2));
}

#[test]
fn a_client_turns_it_on_in_its_mode_and_off() {
    for (mode, control) in [(StMode::InterruptVector, 0x301), (StMode::DeviceSpecific, 0x302)] {
        let mut device = served(OWN);
        client::enable(&mut device, mode).unwrap();
        assert_eq!(device.fake.control(), control);
        client::disable(&mut device).unwrap();
        assert_eq!(device.fake.control(), 0);
    }
    let mut device = served(OWN);
    assert_eq!(client::enable(&mut device, StMode::NoSt), Err(Errno::EINVAL));
    assert_eq!(device.asked, 0, "the interface has no number for it");
}

#[test]
fn entries_are_programmed_and_told() {
    for register in [OWN, MSIX] {
        let mut device = served(register);
        client::enable(&mut device, StMode::DeviceSpecific).unwrap();
        let entries = [steer(7, 2, MemoryType::Persistent), steer(0, 3, MemoryType::Volatile)];
        let mut bytes = batch(Operation::SetSt, &entries);
        let before = bytes.clone();
        device.call(&mut bytes).unwrap();
        assert_eq!(bytes, before, "a tag does not go back");
        let held = |index: u16| match register {
            OWN => device.fake.entry(index),
            _ => device.fake.msix[usize::from(index)].unwrap(),
        };
        let wide = |cpu, memory| word_of(cpu).tag(memory, RequesterType::ExtendedTph).unwrap();
        assert_eq!(held(7), wide(2, MemoryType::Persistent).entry_bits());
        assert_eq!(held(0), wide(3, MemoryType::Volatile).entry_bits());

        device.fake.online[3] = false;
        device.fake.may_run_on = vec![3];
        let mut bytes = vec![0; layout::st_size(3)];
        let indices = [StIndex(0), StIndex(1), StIndex(7)];
        let mut query = EntriesRequest::new(&indices, &mut bytes).unwrap();
        client::entries(&mut device, &mut query).unwrap();
        let told = |cpu, memory, standing| Some(Programmed { cpu: CpuId(cpu), memory, standing });
        let found: Vec<_> = (0..3).map(|position| query.programmed(position)).collect();
        assert_eq!(
            found,
            [
                told(3, MemoryType::Volatile, CpuStanding::Offline),
                None,
                told(2, MemoryType::Persistent, CpuStanding::NotPermitted),
            ]
        );
    }
}

#[test]
fn tags_are_told_where_no_table_takes_them() {
    let mut device = served(NONE);
    device.fake.direct_tags = true;
    client::enable(&mut device, StMode::DeviceSpecific).unwrap();
    let wanted = [steer(0, 3, MemoryType::Persistent), steer(0, 1, MemoryType::Volatile)];
    let mut bytes = batch(Operation::GetSt, &wanted);
    let mut request = StRequest::new(Operation::GetSt, &mut bytes).unwrap();
    for (position, entry) in wanted.into_iter().enumerate() {
        request.set(position, entry);
    }
    client::call(&mut device, &mut request).unwrap();
    let wide = |cpu, memory| word_of(cpu).tag(memory, RequesterType::ExtendedTph).unwrap();
    assert_eq!(request.st(0), Some(wide(3, MemoryType::Persistent).entry_bits()));
    assert_eq!(request.st(1), Some(wide(1, MemoryType::Volatile).entry_bits()));
    assert_eq!(request.st(2), None);
    // The number that clears an entry is no CPU here.
    let clear = Entry { index: StIndex(0), source: TagSource::Clear };
    assert_eq!(device.call(&mut batch(Operation::GetSt, &[clear])), Err(Errno::EINVAL));
}

/// Puts `value` in a field; how the request then is answered.
fn spoiled(whole: &[u8], field: Field, base: usize, value: u32) -> Result<(), Errno> {
    let mut device = served(OWN);
    client::enable(&mut device, StMode::DeviceSpecific).unwrap();
    device.fake.log.clear();
    let mut bytes = whole.to_vec();
    // Of a reserved array, its last byte.
    let last = base + field.end() - 1;
    if field.count > 1 {
        bytes[last] = 1;
    } else {
        field.write(&mut bytes, base, value);
    }
    let outcome = device.call(&mut bytes);
    assert!(outcome.is_ok() || device.fake.log.is_empty(), "no register is touched");
    outcome
}

#[test]
fn reserved_fields_must_be_0_and_few_values_have_a_meaning() {
    let program = batch(Operation::SetSt, &[steer(0, 1, MemoryType::Volatile); 2]);
    let mut bytes = vec![0; layout::st_size(2)];
    let query = EntriesRequest::new(&[StIndex(0); 2], &mut bytes).unwrap().bytes().to_vec();
    assert_eq!(spoiled(&program, op::ARGSZ, 0, 1000), Ok(()), "more is accepted");
    assert_eq!(spoiled(&query, op::ARGSZ, 0, 1000), Ok(()));
    let (head, first, second) = (layout::BODY, layout::st_size(0), layout::st_size(1));
    for (whole, field, base, value) in [
        (&program, op::OP, 0, 5),
        (&program, op::OP, 0, Operation::OWN + 2),
        (&program, op::ARGSZ, 0, u32::try_from(program.len() - 1).unwrap()),
        (&program, st::COUNT, head, 0),
        (&program, st::COUNT, head, 2049),
        (&program, st::RESERVED, head, 1),
        (&program, entry::RESERVED0, first, 1),
        (&program, entry::RESERVED1, second, 0x100),
        (&program, entry::MEM_TYPE, second, 2),
        (&query, st::COUNT, head, 0),
        (&query, st::RESERVED, head, 0x0100_0000),
        (&query, entry_state::RESERVED, first, 1),
        (&query, entry_state::RESERVED, second, 0x0100_0000),
        (&plain(Operation::Enable), ctrl::RESERVED, head, 1),
    ] {
        let said = spoiled(whole, field, base, value);
        assert_eq!(said, Err(Errno::EINVAL), "{} {value:#x}", field.name);
    }
}

#[test]
fn enable_takes_one_known_mode_and_nothing_beside_it() {
    for value in 0..=u32::from(u8::MAX) {
        let mut bytes = plain(Operation::Enable);
        ctrl::MODE.write(&mut bytes, layout::BODY, value);
        let mode = match Request::parse(&mut bytes) {
            Ok(Request::Enable(mode)) => Some(mode),
            other => {
                assert_eq!(other.err(), Some(Errno::EINVAL));
                None
            }
        };
        let expected = match value {
            tph_abi::MODE_IV => Some(StMode::InterruptVector),
            tph_abi::MODE_DS => Some(StMode::DeviceSpecific),
            _ => None,
        };
        assert_eq!(mode, expected);
        for at in 1..8 {
            let mut bytes = bytes.clone();
            bytes[layout::BODY + at] = 0x80;
            assert_eq!(Request::parse(&mut bytes).err(), Some(Errno::EINVAL), "byte {at}");
        }
    }
}

#[test]
fn a_device_does_not_answer_for_a_dma_buf() {
    let query = DmaBufQuery { descriptor: 3, requester: RequesterType::Tph };
    assert_eq!(served(OWN).call(&mut query.bytes()), Err(Errno::ENOTTY));
}

#[test]
fn a_borrowed_transport_is_the_transport() {
    fn asked(mut transport: impl FeatureTransport) -> [Result<(), Errno>; 3] {
        [
            transport.call(&mut plain(Operation::Disable)),
            transport.dma_buf_tph().map(|_| ()),
            transport.feature(&mut []),
        ]
    }
    let mut device = served(OWN);
    client::enable(&mut device, StMode::DeviceSpecific).unwrap();
    assert_eq!(asked(&mut device), [Ok(()), Err(Errno::ENOTTY), Err(Errno::EPERM)]);
    assert_eq!((device.asked, device.fake.control()), (2, 0));
}

#[test]
fn each_reason_has_its_number() {
    let cpu = CpuId(1);
    let entry = |error| Error::Entry { position: 0, error };
    let firmware = |error| entry(EntryError::Firmware(error));
    let (memory, requester) = (MemoryType::Volatile, RequesterType::Tph);
    let cases = [
        (Errno::EOPNOTSUPP, vec![Error::NoCapability, Error::SwitchedOff, Error::NoTable]),
        (Errno::EOPNOTSUPP, vec![Error::TableTakesTags, Error::DirectTagsNotAllowed]),
        (Errno::EBUSY, vec![Error::AlreadyEnabled]),
        (Errno::EINVAL, vec![Error::Malformed(Malformed::NoMsix), Error::NoCompleter]),
        (Errno::EINVAL, vec![Error::ModeNotSupported(StMode::NoSt), Error::NotEnabled]),
        (Errno::EINVAL, vec![Error::WrongMode(StMode::NoSt)]),
        (Errno::EIO, vec![Error::NotTaken { held: tph::Control(0) }]),
        (Errno::EIO, vec![Error::Access(AccessError::Failed), firmware(FirmwareError::Failed)]),
        (Errno::ENODEV, vec![Error::Access(AccessError::Gone), firmware(FirmwareError::Absent)]),
        (Errno::ENODEV, vec![firmware(FirmwareError::NoRootPort)]),
        (Errno::ENXIO, vec![entry(EntryError::VectorNotAllocated(StIndex(0)))]),
        (Errno::ENXIO, vec![entry(EntryError::IndexOutOfRange { index: StIndex(8), entries: 8 })]),
        (
            Errno::EINVAL,
            vec![entry(EntryError::CpuAbsent(cpu)), entry(EntryError::CpuOffline(cpu))],
        ),
        (
            Errno::EINVAL,
            vec![entry(EntryError::CpuNotPermitted(cpu)), firmware(FirmwareError::NoUid)],
        ),
        (Errno::ENODATA, vec![entry(EntryError::NoTag { cpu, memory, requester })]),
    ];
    for (errno, reasons) in cases {
        for reason in reasons {
            assert_eq!(Errno::from(reason), errno, "{reason}");
            assert!(errno.name().is_some());
        }
    }
}
