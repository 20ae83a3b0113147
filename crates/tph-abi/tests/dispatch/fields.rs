//! What a field may hold.

use crate::{OWN, batch, plain, served, steer};
use tph::{MemoryType, StIndex, StMode};
use tph_abi::layout::{self, Field, ctrl, entry, entry_state, op, st};
use tph_abi::{EntriesRequest, Errno, Operation, Request, Transport, client};

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
