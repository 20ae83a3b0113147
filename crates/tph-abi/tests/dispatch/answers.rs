//! What comes back, and what a request does.

use crate::fake::word_of;
use crate::{MSIX, NONE, OWN, Served, batch, plain, served, steer};
use tph::{
    CpuId, CpuStanding, Entry, MemoryType, ModeSet, Programmed, Requester, RequesterType, StIndex,
    StMode, TagSource,
};
use tph_abi::client::{self, DeviceCapability};
use tph_abi::layout::{self, cap, ctrl};
use tph_abi::{
    DmaBufQuery, EntriesRequest, Errno, FeatureTransport, Operation, StRequest, Transport, dispatch,
};

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
