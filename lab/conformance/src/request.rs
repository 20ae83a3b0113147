//! Requests as bytes, so that a case can spoil them.

use tph::{CpuId, Entry, MemoryType, StIndex, TagSource};
use tph_abi::layout::{self, ctrl, op};
use tph_abi::{EntriesRequest, Errno, Operation, StRequest};

use crate::Subject;

/// The head of a request and `body` bytes of zeros, `argsz` covering all.
fn head(operation: Operation, body: usize) -> Vec<u8> {
    let mut bytes = vec![0; layout::BODY + body];
    let argsz = u32::try_from(bytes.len()).expect("a request is short");
    op::ARGSZ.write(&mut bytes, 0, argsz);
    op::OP.write(&mut bytes, 0, operation.number());
    bytes
}

/// `GET_CAP`.
pub fn get_cap() -> Vec<u8> {
    head(Operation::GetCap, layout::cap::LAYOUT.size)
}

/// `DISABLE`, as short as it can be.
pub fn disable() -> Vec<u8> {
    head(Operation::Disable, 0)
}

/// `ENABLE` with the mode bits `mode`.
pub fn enable(mode: u8) -> Vec<u8> {
    let mut bytes = head(Operation::Enable, ctrl::LAYOUT.size);
    ctrl::MODE.write(&mut bytes, layout::BODY, u32::from(mode));
    bytes
}

/// `GET_ST` or `SET_ST` with these entries.
///
/// # Panics
/// If there are none, or more than 2048.
pub fn st(operation: Operation, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![0; layout::st_size(entries.len())];
    let mut request = StRequest::new(operation, &mut bytes).expect("1 to 2048 entries");
    for (position, entry) in entries.iter().enumerate() {
        request.set(position, *entry);
    }
    bytes
}

/// `GET_ENTRIES` for these entries.
///
/// # Panics
/// If there are none, or more than 2048.
pub fn entries(indices: &[StIndex]) -> Vec<u8> {
    let mut bytes = vec![0; layout::st_size(indices.len())];
    EntriesRequest::new(indices, &mut bytes).expect("1 to 2048 entries");
    bytes
}

/// The same request, with bytes behind it that no operation needs.
pub(crate) fn lengthened(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend([0xa5; 64]);
    let argsz = u32::try_from(bytes.len()).expect("a request is short");
    op::ARGSZ.write(&mut bytes, 0, argsz);
    bytes
}

/// An entry that steers `index` to a CPU for volatile memory.
pub(crate) fn steer(index: u16, cpu: CpuId) -> Entry {
    let source = TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    Entry { index: StIndex(index), source }
}

/// Sends `SET_ST` with these entries.
///
/// # Errors
/// The errno that came back.
pub fn program(subject: &mut dyn Subject, entries: &[Entry]) -> Result<(), Errno> {
    subject.call(&mut st(Operation::SetSt, entries))
}
