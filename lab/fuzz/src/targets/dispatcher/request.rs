//! Requests out of the input: in order, with something spoiled, or mere bytes.

use arbitrary::Unstructured;
use tph::{CpuId, Entry, MemoryType, StIndex, TagSource};
use tph_abi::layout::dma_buf::get;
use tph_abi::layout::{self, ctrl, op, st};
use tph_abi::{EntriesRequest, Operation, StRequest};

use super::facts::Facts;
use crate::targets::{any, below};

/// The longest batch, but for those that are one over the limit.
const BATCH: u32 = 12;
const OPERATIONS: [Operation; 7] = [
    Operation::SetSt,
    Operation::Enable,
    Operation::GetEntries,
    Operation::Disable,
    Operation::GetSt,
    Operation::GetCap,
    Operation::DmaBufGet,
];

/// Writes the next request into `bytes`.
pub(super) fn make(input: &mut Unstructured<'_>, facts: &Facts, bytes: &mut Vec<u8>) {
    bytes.clear();
    // Of eight requests six are in order, one is spoiled, one means nothing.
    let form: u8 = any(input);
    if form < 0x20 {
        let length = below(input, 48) as usize;
        bytes.extend(input.bytes(length.min(input.len())).unwrap_or_default());
        return;
    }
    let operation = match form & 0x1f {
        0..12 => Operation::SetSt,
        number => OPERATIONS[usize::from(number) % OPERATIONS.len()],
    };
    match operation {
        Operation::SetSt | Operation::GetSt => batch(input, facts, operation, bytes),
        Operation::GetEntries => {
            let count = 1 + below(input, BATCH) as usize;
            bytes.resize(layout::st_size(count), 0);
            let indices: Vec<StIndex> = (0..count).map(|_| index(input, facts)).collect();
            EntriesRequest::new(&indices, bytes).expect("there are few");
        }
        _ => fixed(input, operation, bytes),
    }
    if form >= 0xe0 {
        spoil(input, bytes);
    }
}

fn fixed(input: &mut Unstructured<'_>, operation: Operation, bytes: &mut Vec<u8>) {
    let size = match operation {
        Operation::Disable => layout::BODY,
        Operation::DmaBufGet => get::LAYOUT.size,
        _ => layout::FIXED_SIZE,
    };
    bytes.resize(size, 0);
    op::ARGSZ.write(bytes, 0, u32::try_from(size).unwrap());
    op::OP.write(bytes, 0, operation.number());
    if operation == Operation::Enable {
        ctrl::MODE.write(bytes, layout::BODY, if any(input) { 2 } else { 1 });
    }
    if operation == Operation::DmaBufGet {
        get::DMABUF_FD.write(bytes, 0, any(input));
        get::WIDTH.write(bytes, 0, if any(input) { 8 } else { 16 });
    }
}

fn batch(input: &mut Unstructured<'_>, facts: &Facts, operation: Operation, bytes: &mut Vec<u8>) {
    let count = match below(input, 256) {
        255 => 2048 + below(input, 2),
        254 => 1 + u32::from(facts.entries),
        few => 1 + few % BATCH,
    };
    bytes.resize(layout::st_size(count as usize), 0);
    let Some(mut request) = StRequest::new(operation, bytes) else {
        // One too many: it is made by hand.
        op::ARGSZ.write(bytes, 0, u32::MAX);
        op::OP.write(bytes, 0, operation.number());
        return st::COUNT.write(bytes, layout::BODY, count);
    };
    for position in 0..count as usize {
        let memory = if any(input) { MemoryType::Persistent } else { MemoryType::Volatile };
        let source = match below(input, 8) {
            0 => TagSource::Clear,
            1 => TagSource::Cpu { cpu: CpuId(below(input, facts.cpus() + 3)), memory },
            _ => TagSource::Cpu { cpu: CpuId(below(input, facts.cpus())), memory },
        };
        request.set(position, Entry { index: index(input, facts), source });
    }
}

/// An entry of the table, now and then one past its end.
fn index(input: &mut Unstructured<'_>, facts: &Facts) -> StIndex {
    let number = match any::<u8>(input) {
        0xff => any(input),
        byte => u16::from(byte) % (facts.entries.max(1) + u16::from(byte > 0xf8)),
    };
    StIndex(number)
}

/// Changes a byte, a field or the length.
fn spoil(input: &mut Unstructured<'_>, bytes: &mut Vec<u8>) {
    let size = u32::try_from(bytes.len()).unwrap();
    match below(input, 6) {
        0 => {
            let at = below(input, size) as usize;
            bytes[at] = any(input);
        }
        1 => op::ARGSZ.write(bytes, 0, any(input)),
        2 => op::ARGSZ.write(bytes, 0, size.wrapping_sub(below(input, 3))),
        3 => st::COUNT.write(bytes, layout::BODY, any::<u16>(input).into()),
        4 => bytes.truncate(below(input, size) as usize),
        _ => {
            let more = below(input, 40) as usize;
            bytes.resize(bytes.len() + more, 0xa5);
        }
    }
}
