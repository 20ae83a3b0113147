//! The entries of `GET_ST` and `SET_ST`, where they lie in the request.

use tph::{Batch, BatchLen, CpuId, Entry, MemoryType, StIndex, SteeringTag, TagQuery, TagSource};

use crate::layout::{self, entry, op, st};
use crate::{Errno, Operation};

/// The `cpu` that clears an entry instead.
pub const CLEAR_CPU: u32 = u32::MAX;

/// A request with 1 to 2048 entries, all inside its bytes, reserved fields 0, memory types known.
#[derive(Debug)]
pub struct StRequest<'a> {
    bytes: &'a mut [u8],
    length: BatchLen,
}

impl<'a> StRequest<'a> {
    /// Reads a request whose size is right for its count.
    pub(crate) fn parse(bytes: &'a mut [u8]) -> Result<Self, Errno> {
        let count = st::COUNT.read(bytes, layout::BODY).ok_or(Errno::EINVAL)?;
        let length = BatchLen::new(count).ok_or(Errno::EINVAL)?;
        let request = Self { bytes, length };
        let good = st::RESERVED.is_zero(request.bytes, layout::BODY)
            && (0..length.get()).all(|position| request.entry_is_good(position));
        good.then_some(request).ok_or(Errno::EINVAL)
    }

    /// Starts a request in `bytes`: entries of CPU 0, volatile memory, index 0 until
    /// [`set`](Self::set). `None` unless `bytes` is exactly as long as
    /// [`st_size`](layout::st_size) says for 1 to 2048 entries.
    pub fn new(operation: Operation, bytes: &'a mut [u8]) -> Option<Self> {
        let count = bytes.len().checked_sub(layout::FIXED_SIZE)? / entry::LAYOUT.size;
        let length = BatchLen::new(u32::try_from(count).ok()?)?;
        if layout::st_size(count) != bytes.len() {
            return None;
        }
        bytes.fill(0);
        op::ARGSZ.write(bytes, 0, u32::try_from(bytes.len()).ok()?);
        op::OP.write(bytes, 0, operation.number());
        st::COUNT.write(bytes, layout::BODY, u32::try_from(count).ok()?);
        Some(Self { bytes, length })
    }

    /// Writes the entry at `position`; does nothing past the last.
    pub fn set(&mut self, position: usize, wanted: Entry) {
        let base = layout::st_size(position);
        let (cpu, memory) = match wanted.source {
            TagSource::Clear => (CLEAR_CPU, MemoryType::Volatile),
            TagSource::Cpu { cpu, memory } => (cpu.0, memory),
        };
        entry::CPU.write(self.bytes, base, cpu);
        entry::MEM_TYPE.write(self.bytes, base, memory_number(memory));
        entry::INDEX.write(self.bytes, base, u32::from(wanted.index.0));
    }

    /// The `st` field of the entry at `position`: after `GET_ST`, the tag's bits.
    pub fn st(&self, position: usize) -> Option<u16> {
        let bits = entry::ST.read(self.bytes, layout::st_size(position))?;
        u16::try_from(bits).ok()
    }

    /// The whole request.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// Where its entries lie in the request.
    pub(crate) fn entries(&self) -> core::ops::Range<usize> {
        layout::FIXED_SIZE..layout::st_size(self.length.get())
    }

    fn entry_is_good(&self, position: usize) -> bool {
        let base = layout::st_size(position);
        entry::RESERVED0.is_zero(self.bytes, base)
            && entry::RESERVED1.is_zero(self.bytes, base)
            && self.memory(base).is_some()
    }

    fn memory(&self, base: usize) -> Option<MemoryType> {
        memory_type(entry::MEM_TYPE.read(self.bytes, base)?)
    }

    fn set_st(&mut self, position: usize, bits: u16) {
        entry::ST.write(self.bytes, layout::st_size(position), u32::from(bits));
    }
}

/// The kind of memory that a number stands for on the wire, or `None` for one without a meaning.
pub const fn memory_type(number: u32) -> Option<MemoryType> {
    match number {
        0 => Some(MemoryType::Volatile),
        1 => Some(MemoryType::Persistent),
        _ => None,
    }
}

const fn memory_number(memory: MemoryType) -> u32 {
    match memory {
        MemoryType::Volatile => 0,
        MemoryType::Persistent => 1,
    }
}

impl Batch for StRequest<'_> {
    fn length(&self) -> BatchLen {
        self.length
    }

    fn entry(&self, position: usize) -> Option<Entry> {
        let base = layout::st_size(position);
        let index = StIndex(u16::try_from(entry::INDEX.read(self.bytes, base)?).ok()?);
        let source = match entry::CPU.read(self.bytes, base)? {
            CLEAR_CPU => TagSource::Clear,
            cpu => TagSource::Cpu { cpu: CpuId(cpu), memory: self.memory(base)? },
        };
        Some(Entry { index, source })
    }

    /// The `st` field has no meaning in `SET_ST`, so there is room; it is not copied back.
    fn keep(&mut self, position: usize, bits: u16) {
        self.set_st(position, bits);
    }

    fn kept(&self, position: usize) -> u16 {
        self.st(position).unwrap_or(0)
    }
}

impl TagQuery for StRequest<'_> {
    fn length(&self) -> BatchLen {
        self.length
    }

    fn wanted(&self, position: usize) -> Option<(CpuId, MemoryType)> {
        let base = layout::st_size(position);
        Some((CpuId(entry::CPU.read(self.bytes, base)?), self.memory(base)?))
    }

    fn answer(&mut self, position: usize, tag: SteeringTag) {
        self.set_st(position, tag.entry_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn entries_read_back_as_they_were_set() {
        let mut bytes = vec![0xff; layout::st_size(3)];
        let mut request = StRequest::new(Operation::SetSt, &mut bytes).unwrap();
        let cpu = |cpu, memory| TagSource::Cpu { cpu: CpuId(cpu), memory };
        let entries = [
            Entry { index: StIndex(63), source: cpu(7, MemoryType::Persistent) },
            Entry { index: StIndex(0), source: TagSource::Clear },
            Entry { index: StIndex(2047), source: cpu(u32::MAX - 1, MemoryType::Volatile) },
        ];
        for (position, entry) in entries.into_iter().enumerate() {
            request.set(position, entry);
        }
        let request = StRequest::parse(&mut bytes).unwrap();
        for (position, entry) in entries.into_iter().enumerate() {
            assert_eq!(request.entry(position), Some(entry));
        }
        assert_eq!(request.entry(3), None);
    }

    #[test]
    fn a_request_is_started_only_in_bytes_of_its_size() {
        for (size, ok) in
            [(16, false), (27, false), (28, true), (29, false), (16 + 12 * 2049, false)]
        {
            let mut bytes = vec![0; size];
            assert_eq!(StRequest::new(Operation::GetSt, &mut bytes).is_some(), ok, "{size} bytes");
        }
    }
}
