//! The entries of `GET_ENTRIES`, where they lie in the request.

use tph::{BatchLen, CpuId, CpuStanding, EntryQuery, Programmed, StIndex};

use crate::layout::{self, entry_state as entry, op, st};
use crate::st::{CLEAR_CPU, memory_number, memory_type};
use crate::{Errno, Operation};

/// Bit of an entry's `state`: it has a tag.
pub const ENTRY_IN_USE: u32 = 1;
/// Bit of an entry's `state`: the CPU of its tag is offline.
pub const ENTRY_CPU_OFFLINE: u32 = 2;
/// Bit of an entry's `state`: the caller may not steer to the CPU of its tag.
pub const ENTRY_CPU_NOT_PERMITTED: u32 = 4;

/// A `GET_ENTRIES` with 1 to 2048 entries, all inside its bytes, reserved fields 0.
#[derive(Debug)]
pub struct EntriesRequest<'a> {
    bytes: &'a mut [u8],
    length: BatchLen,
}

impl<'a> EntriesRequest<'a> {
    /// Reads a request whose size is right for its count.
    pub(crate) fn parse(bytes: &'a mut [u8]) -> Result<Self, Errno> {
        let count = st::COUNT.read(bytes, layout::BODY).ok_or(Errno::EINVAL)?;
        let length = BatchLen::new(count).ok_or(Errno::EINVAL)?;
        let good = st::RESERVED.is_zero(bytes, layout::BODY)
            && (0..length.get()).all(|at| entry::RESERVED.is_zero(bytes, layout::st_size(at)));
        if good { Ok(Self { bytes, length }) } else { Err(Errno::EINVAL) }
    }

    /// Starts a request for these entries in `bytes`. `None` unless there are 1 to 2048, and `bytes`
    /// is exactly as long as [`st_size`](layout::st_size) says for so many.
    pub fn new(indices: &[StIndex], bytes: &'a mut [u8]) -> Option<Self> {
        let count = u32::try_from(indices.len()).ok()?;
        let length = BatchLen::new(count)?;
        if layout::st_size(indices.len()) != bytes.len() {
            return None;
        }
        bytes.fill(0);
        op::ARGSZ.write(bytes, 0, u32::try_from(bytes.len()).ok()?);
        op::OP.write(bytes, 0, Operation::GetEntries.number());
        st::COUNT.write(bytes, layout::BODY, count);
        for (position, index) in indices.iter().enumerate() {
            entry::INDEX.write(bytes, layout::st_size(position), u32::from(index.0));
        }
        Some(Self { bytes, length })
    }

    /// The whole request.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// What was answered for the entry at `position`: `None` if it is not in use.
    pub fn programmed(&self, position: usize) -> Option<Programmed> {
        let base = layout::st_size(position);
        let state = entry::STATE.read(self.bytes, base)?;
        if state & ENTRY_IN_USE == 0 {
            return None;
        }
        let standing = match state {
            state if state & ENTRY_CPU_OFFLINE != 0 => CpuStanding::Offline,
            state if state & ENTRY_CPU_NOT_PERMITTED != 0 => CpuStanding::NotPermitted,
            _ => CpuStanding::Reachable,
        };
        let cpu = CpuId(entry::CPU.read(self.bytes, base)?);
        let memory = memory_type(entry::MEM_TYPE.read(self.bytes, base)?)?;
        Some(Programmed { cpu, memory, standing })
    }

    /// Where its entries lie in the request.
    pub(crate) fn entries(&self) -> core::ops::Range<usize> {
        layout::FIXED_SIZE..layout::st_size(self.length.get())
    }
}

impl EntryQuery for EntriesRequest<'_> {
    fn length(&self) -> BatchLen {
        self.length
    }

    fn index(&self, position: usize) -> Option<StIndex> {
        let index = entry::INDEX.read(self.bytes, layout::st_size(position))?;
        u16::try_from(index).ok().map(StIndex)
    }

    fn answer(&mut self, position: usize, found: Option<Programmed>) {
        let (cpu, memory, state) = match found {
            None => (CLEAR_CPU, 0, 0),
            Some(Programmed { cpu, memory, standing }) => {
                let standing = match standing {
                    CpuStanding::Reachable => 0,
                    CpuStanding::Offline => ENTRY_CPU_OFFLINE,
                    CpuStanding::NotPermitted => ENTRY_CPU_NOT_PERMITTED,
                };
                (cpu.0, memory_number(memory), ENTRY_IN_USE | standing)
            }
        };
        let base = layout::st_size(position);
        entry::CPU.write(self.bytes, base, cpu);
        entry::MEM_TYPE.write(self.bytes, base, memory);
        entry::STATE.write(self.bytes, base, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;
    use std::vec;
    use std::vec::Vec;
    use tph::MemoryType;

    #[test]
    fn an_answer_reads_back_as_it_was_given() {
        let standings = [CpuStanding::Reachable, CpuStanding::Offline, CpuStanding::NotPermitted];
        let memories = [MemoryType::Volatile, MemoryType::Persistent, MemoryType::Volatile];
        let mut answers: Vec<Option<Programmed>> = (0..)
            .zip(standings)
            .zip(memories)
            .map(|((cpu, standing), memory)| Some(Programmed { cpu: CpuId(cpu), memory, standing }))
            .collect();
        answers.push(None);
        let indices = [0, 63, 2047, 2048].map(StIndex);
        let mut bytes = vec![0xff; layout::st_size(4)];
        EntriesRequest::new(&indices, &mut bytes).unwrap();
        let Ok(Request::GetEntries(mut request)) = Request::parse(&mut bytes) else {
            panic!("it is in order")
        };
        for (position, answer) in answers.iter().enumerate() {
            assert_eq!(request.index(position), Some(indices[position]));
            request.answer(position, *answer);
        }
        let found: Vec<_> = (0..4).map(|position| request.programmed(position)).collect();
        assert_eq!(found, answers);
        assert_eq!((request.index(4), request.programmed(4)), (None, None));
    }

    #[test]
    fn a_request_is_started_only_in_bytes_of_its_size() {
        for (size, ok) in [(16, false), (27, false), (28, true), (29, false)] {
            let mut bytes = vec![0; size];
            assert_eq!(EntriesRequest::new(&[StIndex(1)], &mut bytes).is_some(), ok, "{size}");
        }
        assert!(EntriesRequest::new(&[], &mut [0; 16]).is_none());
        let mut bytes = vec![0; layout::st_size(2049)];
        assert!(EntriesRequest::new(&[StIndex(0); 2049], &mut bytes).is_none());
    }
}
