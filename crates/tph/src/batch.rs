//! Batches: many entries, one request, one outcome.

use crate::{CpuId, MemoryType, StIndex, SteeringTag};

/// A number of entries that one request may have: 1 to 2048.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchLen(u16);

impl BatchLen {
    /// The most entries of one request: the largest ST table there can be.
    pub const MAX: u32 = crate::MAX_MSIX_ENTRIES as u32;

    /// `count` entries, or `None` for none and for more than [`MAX`](Self::MAX).
    pub fn new(count: u32) -> Option<Self> {
        let count = u16::try_from(count).ok()?;
        (1..=crate::MAX_MSIX_ENTRIES).contains(&count).then_some(Self(count))
    }

    /// How many.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Where the tag of an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagSource {
    /// No tag: the entry becomes 0.
    Clear,
    /// The tag that firmware names for a CPU.
    Cpu {
        /// The CPU.
        cpu: CpuId,
        /// The kind of memory that the device will write to.
        memory: MemoryType,
    },
}

/// One entry of a batch that is to be programmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Which entry of the table.
    pub index: StIndex,
    /// Which tag it gets.
    pub source: TagSource,
}

/// Entries to program. Besides them it has room to keep 16 bits for each: tags are resolved while
/// the batch is checked and written after, and nothing here allocates.
pub trait Batch {
    /// How many entries.
    fn length(&self) -> BatchLen;
    /// The entry at `position`; `None` from [`length`](Self::length) on.
    fn entry(&self, position: usize) -> Option<Entry>;
    /// Keeps `bits` for the entry at `position`.
    fn keep(&mut self, position: usize, bits: u16);
    /// What was kept for the entry at `position`, 0 before that.
    fn kept(&self, position: usize) -> u16;
}

/// Tags to look up, and where the answers go.
pub trait TagQuery {
    /// How many.
    fn length(&self) -> BatchLen;
    /// The CPU and kind of memory at `position`; `None` from [`length`](Self::length) on.
    fn wanted(&self, position: usize) -> Option<(CpuId, MemoryType)>;
    /// Takes the answer for `position`.
    fn answer(&mut self, position: usize, tag: SteeringTag);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_1_to_2048_entries() {
        for (count, ok) in [(0, false), (1, true), (2048, true), (2049, false), (u32::MAX, false)] {
            assert_eq!(BatchLen::new(count).is_some(), ok);
        }
    }
}
