//! A copy of the ST table that lies in the capability: what was written, so that half of a dword
//! can change without a read, and a reset can be undone.

use crate::table::MAX_CAPABILITY_ENTRIES;
use crate::{AccessError, ConfigOffset, ConfigSpace};
use crate::{StIndex, entry_offset};

const ENTRIES: usize = MAX_CAPABILITY_ENTRIES as usize;

/// The entries of a table in the capability, and which of them are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shadow {
    bits: [u16; ENTRIES],
    touched: u64,
    /// The upper half of the last dword of an odd table, which is no entry.
    tail: u16,
}

impl Shadow {
    /// All entries 0, none to be written.
    pub(crate) const fn new() -> Self {
        Self { bits: [0; ENTRIES], touched: 0, tail: 0 }
    }

    /// What entry `index` holds; 0 where no entry can be.
    pub(crate) fn entry(&self, index: StIndex) -> u16 {
        self.bits.get(usize::from(index.0)).copied().unwrap_or(0)
    }

    /// How many entries are not 0.
    pub(crate) fn count(&self) -> u32 {
        self.bits.iter().fold(0, |sum, bits| sum + u32::from(*bits != 0))
    }

    /// Puts `bits` in entry `index` and marks it to be written.
    pub(crate) fn set(&mut self, index: StIndex, bits: u16) {
        if let Some(entry) = self.bits.get_mut(usize::from(index.0)) {
            *entry = bits;
            self.touched |= 1 << (index.0 & 63);
        }
    }

    /// Sets every entry that is marked to be written to 0; the marks stay.
    pub(crate) fn clear_touched(&mut self) {
        let touched = self.touched;
        for (index, entry) in (0_u32..64).zip(&mut self.bits) {
            if touched >> index & 1 != 0 {
                *entry = 0;
            }
        }
    }

    fn is_touched(&self, index: StIndex) -> bool {
        self.touched >> (index.0 & 63) & 1 != 0
    }

    /// Marks all of the first `entries` to be written.
    pub(crate) fn touch_all(&mut self, entries: u16) {
        self.touched = match entries {
            0 => 0,
            64.. => u64::MAX,
            n => u64::MAX >> (64 - u32::from(n)),
        };
    }

    /// Removes the marks.
    pub(crate) fn settle(&mut self) {
        self.touched = 0;
    }

    /// Learns what lies behind the last entry of an odd table, so that it is written back as it was.
    pub(crate) fn read_tail(
        &mut self,
        space: &mut (impl ConfigSpace + ?Sized),
        offset: ConfigOffset,
        entries: u16,
    ) -> Result<(), AccessError> {
        if let (1, Some((dword, true))) = (entries % 2, entry_offset(offset, StIndex(entries))) {
            let [.., low, high] = space.read_config(dword)?.to_le_bytes();
            self.tail = u16::from_le_bytes([low, high]);
        }
        Ok(())
    }

    /// Writes every dword that holds a marked entry to the table of `entries` entries in the
    /// capability at `offset`.
    pub(crate) fn write(
        &self,
        space: &mut (impl ConfigSpace + ?Sized),
        offset: ConfigOffset,
        entries: u16,
    ) -> Result<(), AccessError> {
        for pair in 0..MAX_CAPABILITY_ENTRIES / 2 {
            let (lower, upper) = (StIndex(2 * pair), StIndex(2 * pair + 1));
            if !self.is_touched(lower) && !self.is_touched(upper) {
                continue;
            }
            let (dword, _) = entry_offset(offset, lower).ok_or(AccessError::Failed)?;
            let high = if upper.0 < entries { self.entry(upper) } else { self.tail };
            space.write_config(dword, u32::from(high) << 16 | u32::from(self.entry(lower)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cover_as_many_entries_as_the_table_has() {
        for (entries, marks) in [(0, 0), (1, 1), (5, 0x1f), (63, u64::MAX >> 1), (64, u64::MAX)] {
            let mut shadow = Shadow::new();
            shadow.touch_all(entries);
            assert_eq!(shadow.touched, marks);
        }
    }

    #[test]
    fn clearing_leaves_entries_that_are_not_to_be_written() {
        let mut shadow = Shadow::new();
        shadow.set(StIndex(1), 7);
        shadow.settle();
        shadow.set(StIndex(63), 9);
        shadow.clear_touched();
        assert_eq!((shadow.entry(StIndex(1)), shadow.entry(StIndex(63))), (7, 0));
    }
}
