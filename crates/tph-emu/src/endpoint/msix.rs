//! The MSI-X table in its BAR, and the tags that can lie in it.

use tph::StIndex;

/// The BAR of the table and of the pending bits.
pub(crate) const BAR: u8 = 2;
const ENTRY: u32 = 16;

/// The size of the BAR: the table in the lower half, the pending bits in the upper.
pub(crate) fn bar_bytes(vectors: u16) -> u32 {
    2 * pending_offset(vectors)
}

/// Where the pending bits lie.
pub(crate) fn pending_offset(vectors: u16) -> u32 {
    (ENTRY * u32::from(vectors)).next_power_of_two().max(0x1000)
}

/// Address, data and vector control of each vector (PCIe 6.x, 7.7.2).
#[derive(Clone, Debug)]
pub(crate) struct MsixTable {
    entries: Vec<[u32; 4]>,
    tags: bool,
}

impl MsixTable {
    /// A table whose vector control has room for tags or not.
    pub(crate) fn new(vectors: u16, tags: bool) -> Self {
        let mut table = Self { entries: vec![[0; 4]; usize::from(vectors)], tags };
        table.reset();
        table
    }

    /// Every vector masked, every tag 0.
    pub(crate) fn reset(&mut self) {
        self.entries.fill([0, 0, 0, 1]);
    }

    /// How many vectors.
    pub(crate) fn vectors(&self) -> usize {
        self.entries.len()
    }

    /// The tag of a vector as 16 bits, `None` without such a vector.
    pub(crate) fn tag(&self, vector: StIndex) -> Option<u16> {
        let [.., control] = self.entries.get(usize::from(vector.0))?;
        let [_, _, low, high] = control.to_le_bytes();
        Some(u16::from_le_bytes([low, high]))
    }

    /// Sets the tag of a vector; says whether there is such a vector with room for one.
    pub(crate) fn set_tag(&mut self, vector: StIndex, tag: u16) -> bool {
        match self.entries.get_mut(usize::from(vector.0)) {
            Some([.., control]) if self.tags => {
                *control = *control & 0xffff | u32::from(tag) << 16;
                true
            }
            _ => false,
        }
    }

    /// The register at `offset` of the BAR; 0 where nothing lies.
    pub(crate) fn read(&self, offset: u64) -> u32 {
        let (entry, word) = (offset / 16, offset % 16 / 4);
        let entry = usize::try_from(entry).ok().and_then(|entry| self.entries.get(entry));
        let word = usize::try_from(word).unwrap_or(usize::MAX);
        entry.and_then(|entry| entry.get(word)).copied().unwrap_or(0)
    }

    /// Writes the register at `offset` of the BAR as far as it sticks.
    pub(crate) fn write(&mut self, offset: u64, value: u32) {
        let word = offset % 16 / 4;
        let sticks = match (word, self.tags) {
            (0, _) => !3,
            (1 | 2, _) => u32::MAX,
            (_, true) => 0xffff_0001,
            (_, false) => 1,
        };
        let entry = usize::try_from(offset / 16).ok().and_then(|entry| self.entries.get_mut(entry));
        let word = usize::try_from(word).unwrap_or(usize::MAX);
        if let Some(register) = entry.and_then(|entry| entry.get_mut(word)) {
            *register = *register & !sticks | value & sticks;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_lies_in_the_upper_half_of_vector_control() {
        let mut table = MsixTable::new(3, true);
        assert!(table.set_tag(StIndex(2), 0xbea5));
        assert_eq!(table.read(2 * 16 + 12), 0xbea5_0001);
        table.write(2 * 16 + 12, 0x1234_fffe);
        assert_eq!(table.tag(StIndex(2)), Some(0x1234));
        assert_eq!(table.read(2 * 16 + 12), 0x1234_0000);
        assert!(!table.set_tag(StIndex(3), 1));
        assert_eq!((table.tag(StIndex(3)), table.read(3 * 16), table.read(u64::MAX)), (None, 0, 0));
    }

    #[test]
    fn without_room_for_tags_none_stick() {
        let mut table = MsixTable::new(1, false);
        assert!(!table.set_tag(StIndex(0), 1));
        table.write(12, u32::MAX);
        assert_eq!(table.read(12), 1);
    }

    #[test]
    fn table_and_pending_bits_have_half_of_the_bar_each() {
        for (vectors, bytes) in [(1, 0x2000), (256, 0x2000), (257, 0x4000), (2048, 0x1_0000)] {
            assert_eq!(bar_bytes(vectors), bytes);
        }
    }
}
