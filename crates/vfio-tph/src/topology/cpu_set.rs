//! Sets of CPUs, as the kernel writes them: `0-3,8`.

use std::cmp::Ordering;
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CpuSet {
    /// Runs of numbers, in order; between two of them there is a gap.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Run {
    first: u32,
    last: u32,
}

impl Run {
    fn len(self) -> u32 {
        (self.last - self.first).saturating_add(1)
    }

    fn numbers(self) -> impl Iterator<Item = u32> {
        (0..self.len()).map(move |number| self.first + number)
    }
}

/// No kernel counts further, and a damaged file must not cost all memory.
const MOST: u32 = 0xffff;

impl CpuSet {
    /// Reads a list of the kernel: numbers and ranges of them with commas in between, or nothing.
    /// `None` if the text is no such list.
    pub fn parse(text: &str) -> Option<Self> {
        let mut runs = Vec::new();
        for part in text.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            if first > last || last > MOST {
                return None;
            }
            runs.push(Run { first, last });
        }
        Some(Self::of(runs))
    }

    /// Runs in any order, which may touch and overlap.
    fn of(mut runs: Vec<Run>) -> Self {
        runs.sort_unstable();
        runs.dedup_by(|next, run| {
            let joined = next.first <= run.last.saturating_add(1);
            if joined {
                run.last = run.last.max(next.last);
            }
            joined
        });
        Self { runs }
    }

    /// Whether `cpu` is one of them.
    pub fn contains(&self, cpu: CpuId) -> bool {
        let next = self.runs.partition_point(|run| run.last < cpu.0);
        self.runs.get(next).is_some_and(|run| run.first <= cpu.0)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.len() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The CPUs, in order.
    pub fn iter(&self) -> impl Iterator<Item = CpuId> + '_ {
        self.runs.iter().flat_map(|run| run.numbers()).map(CpuId)
    }
}

impl FromIterator<CpuId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = CpuId>>(cpus: I) -> Self {
        Self::of(cpus.into_iter().map(|CpuId(cpu)| Run { first: cpu, last: cpu }).collect())
    }
}

impl PartialOrd for CpuSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CpuSet {
    /// By the first CPU, then by the second, and so on.
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl fmt::Display for CpuSet {
    /// As the kernel would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Run { first, last }) in self.runs.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
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
    fn ranges_in_any_order_that_touch_and_overlap_are_one_set() {
        let set = CpuSet::parse("8,2-5,0-3,6").unwrap();
        assert_eq!((set.to_string().as_str(), set.len()), ("0-6,8", 8));
        let numbers: Vec<_> = set.iter().collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 8].map(CpuId));
        assert_eq!(numbers.iter().rev().chain(&numbers).copied().collect::<CpuSet>(), set);
        let inside: Vec<_> = (0..10).map(CpuId).filter(|cpu| set.contains(*cpu)).collect();
        assert_eq!(inside, numbers);
    }

    #[test]
    fn sets_are_in_the_order_of_their_cpus() {
        let sets = ["", "0", "0-2", "0,2", "0,5", "1"].map(|text| CpuSet::parse(text).unwrap());
        assert!(sets.is_sorted());
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in ["x", "3-1", "0-", "-1", "0-4294967295", "65536"] {
            assert_eq!(CpuSet::parse(text), None, "{text:?}");
        }
    }
}
