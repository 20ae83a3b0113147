//! Sets of entries of a table as large as MSI-X can have it.

use crate::StIndex;
use crate::table::MAX_MSIX_ENTRIES;

const WORDS: usize = MAX_MSIX_ENTRIES as usize / 64;

/// A set of vectors of the largest MSI-X table there can be.
#[derive(Clone, Debug)]
pub(crate) struct VectorSet {
    words: [u64; WORDS],
}

impl VectorSet {
    /// No vector.
    pub(crate) const fn new() -> Self {
        Self { words: [0; WORDS] }
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Puts `vector` in, or takes it out.
    pub(crate) fn set(&mut self, vector: StIndex, inside: bool) {
        if let Some(word) = self.words.get_mut(usize::from(vector.0 / 64)) {
            let bit = 1 << (vector.0 & 63);
            *word = if inside { *word | bit } else { *word & !bit };
        }
    }

    /// Whether `vector` is inside.
    pub(crate) fn contains(&self, vector: StIndex) -> bool {
        let word = self.words.get(usize::from(vector.0 / 64)).copied().unwrap_or(0);
        word >> (vector.0 & 63) & 1 != 0
    }

    /// How many are inside, 0 to 2048.
    pub(crate) fn count(&self) -> u32 {
        self.words.iter().fold(0, |sum, word| sum + word.count_ones())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_vector_have_a_place_and_others_have_none() {
        let mut set = VectorSet::new();
        for vector in [0, 63, 64, 2047, 2048, u16::MAX] {
            set.set(StIndex(vector), true);
        }
        set.set(StIndex(64), true);
        assert_eq!(set.count(), 4, "twice is once");
        set.set(StIndex(63), false);
        assert!(set.contains(StIndex(2047)) && !set.contains(StIndex(63)));
        assert!(!set.contains(StIndex(2048)) && set.count() == 3);
    }
}
