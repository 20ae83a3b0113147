//! Sets of CPUs, as the kernel writes them: `0-3,8`.

use std::collections::BTreeSet;
use std::fmt;

use tph::CpuId;

/// A set of CPUs by their logical numbers.
///
/// ```
/// # use vfio_tph::{CpuId, CpuSet};
/// let cpus = CpuSet::parse("0-3,8").unwrap();
/// assert!(cpus.contains(CpuId(2)) && !cpus.contains(CpuId(4)));
/// assert_eq!((cpus.len(), cpus.to_string().as_str()), (5, "0-3,8"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuSet(BTreeSet<CpuId>);

/// No kernel counts further, and a damaged file must not cost all memory.
const MOST: u32 = 0xffff;

impl CpuSet {
    /// Reads a list of the kernel: numbers and ranges of them with commas in between, or nothing.
    /// `None` if the text is no such list.
    pub fn parse(text: &str) -> Option<Self> {
        let mut cpus = BTreeSet::new();
        for part in text.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            if first > last || last > MOST {
                return None;
            }
            cpus.extend((first..=last).map(CpuId));
        }
        Some(Self(cpus))
    }

    /// Whether `cpu` is one of them.
    pub fn contains(&self, cpu: CpuId) -> bool {
        self.0.contains(&cpu)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CPUs, in order.
    pub fn iter(&self) -> impl Iterator<Item = CpuId> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<CpuId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = CpuId>>(cpus: I) -> Self {
        Self(cpus.into_iter().collect())
    }
}

impl fmt::Display for CpuSet {
    /// As the kernel would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus: Vec<_> = self.iter().map(|cpu| cpu.0).collect();
        for (number, run) in cpus.chunk_by(|a, b| a + 1 == *b).enumerate() {
            let comma = if number == 0 { "" } else { "," };
            match run {
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [only] => write!(f, "{comma}{only}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_the_same() {
        for text in ["", "0", "0-3", "0-1,4,6-7", "65535"] {
            assert_eq!(CpuSet::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(CpuSet::parse("0,1,2\n").unwrap().to_string(), "0-2");
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in ["x", "3-1", "0-", "-1", "0-4294967295", "65536"] {
            assert_eq!(CpuSet::parse(text), None, "{text:?}");
        }
    }
}
