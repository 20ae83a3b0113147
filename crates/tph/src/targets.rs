//! What the entries of the table were programmed for: the tag alone does not tell, and a CPU may go
//! offline after its tag was written.

use crate::resolve::require_reachable;
use crate::table::MAX_MSIX_ENTRIES;
use crate::vectors::VectorSet;
use crate::{Batch, BatchLen, CpuId, EntryError, Error, Function, MemoryType, Requester, StIndex};
use crate::{StTable, TagSource};

/// What an entry of the table holds the tag of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Programmed {
    /// The CPU.
    pub cpu: CpuId,
    /// The kind of memory.
    pub memory: MemoryType,
    /// What became of the CPU since.
    pub standing: CpuStanding,
}

/// Whether an entry could be programmed for its CPU now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuStanding {
    /// The caller could ask for it.
    Reachable,
    /// It is offline, or no longer there: nobody uses what is written into its cache.
    Offline,
    /// It is online, but no thread of the caller may run on it and the caller lacks `CAP_SYS_NICE`.
    NotPermitted,
}

/// Entries to look at, and where the answers go.
pub trait EntryQuery {
    /// How many.
    fn length(&self) -> BatchLen;
    /// The index at `position`; `None` from [`length`](Self::length) on.
    fn index(&self, position: usize) -> Option<StIndex>;
    /// Takes the answer for `position`: `None` for an entry that is not in use.
    fn answer(&mut self, position: usize, entry: Option<Programmed>);
}

/// CPU and kind of memory of each entry of the largest table there can be.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    cpus: [u32; MAX_MSIX_ENTRIES as usize],
    persistent: VectorSet,
    used: VectorSet,
}

impl Targets {
    /// No entry is in use.
    pub(crate) const fn new() -> Self {
        Self {
            cpus: [0; MAX_MSIX_ENTRIES as usize],
            persistent: VectorSet::new(),
            used: VectorSet::new(),
        }
    }

    /// No entry is in use any more.
    pub(crate) fn clear(&mut self) {
        self.used.clear();
    }

    /// Of a batch that was written: of an index that is given twice the later entry counts.
    pub(crate) fn remember(&mut self, batch: &(impl Batch + ?Sized)) {
        for position in 0..batch.length().get() {
            if let Some(entry) = batch.entry(position) {
                self.set(entry.index, entry.source);
            }
        }
    }

    /// Of a batch that failed half-way: its entries are 0.
    pub(crate) fn forget(&mut self, batch: &(impl Batch + ?Sized)) {
        for position in 0..batch.length().get() {
            if let Some(entry) = batch.entry(position) {
                self.set(entry.index, TagSource::Clear);
            }
        }
    }

    fn set(&mut self, index: StIndex, source: TagSource) {
        let TagSource::Cpu { cpu, memory } = source else {
            return self.used.set(index, false);
        };
        if let Some(place) = self.cpus.get_mut(usize::from(index.0)) {
            *place = cpu.0;
            self.persistent.set(index, memory == MemoryType::Persistent);
            self.used.set(index, true);
        }
    }

    /// CPU and kind of memory of an entry, `None` if it is not in use.
    fn get(&self, index: StIndex) -> Option<(CpuId, MemoryType)> {
        let cpu = self.cpus.get(usize::from(index.0)).filter(|_| self.used.contains(index))?;
        let persistent = self.persistent.contains(index);
        let memory = if persistent { MemoryType::Persistent } else { MemoryType::Volatile };
        Some((CpuId(*cpu), memory))
    }
}

impl Requester {
    /// What entries of the table were programmed for, and what became of their CPUs. Never a tag.
    /// Touches no register, so it also answers while TPH is off.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`SwitchedOff`](Error::SwitchedOff),
    /// [`Malformed`](Error::Malformed), [`NoTable`](Error::NoTable), and [`Entry`](Error::Entry) for the first index that is outside
    /// of the table.
    pub fn entries(
        &self,
        query: &mut (impl EntryQuery + ?Sized),
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let table = self.table()?;
        for position in 0..query.length().get() {
            let Some(index) = query.index(position) else { continue };
            table.require(index).map_err(|error| Error::Entry { position, error })?;
            let entry = self.targets.get(index).map(|(cpu, memory)| Programmed {
                cpu,
                memory,
                standing: CpuStanding::of(cpu, function),
            });
            query.answer(position, entry);
        }
        Ok(())
    }

    /// The table that can be programmed.
    pub(crate) fn table(&self) -> Result<StTable, Error> {
        match self.usable()?.table.map_err(Error::Malformed)? {
            StTable::None => Err(Error::NoTable),
            table => Ok(table),
        }
    }
}

impl CpuStanding {
    fn of(cpu: CpuId, function: &mut (impl Function + ?Sized)) -> Self {
        match require_reachable(cpu, function) {
            Ok(()) => Self::Reachable,
            Err(EntryError::CpuNotPermitted(_)) => Self::NotPermitted,
            Err(_) => Self::Offline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_largest_table_has_a_place_of_its_own() {
        let mut targets = Targets::new();
        let cpu = |cpu, memory| TagSource::Cpu { cpu: CpuId(cpu), memory };
        targets.set(StIndex(0), cpu(u32::MAX - 1, MemoryType::Persistent));
        targets.set(StIndex(2047), cpu(7, MemoryType::Volatile));
        targets.set(StIndex(2048), cpu(7, MemoryType::Volatile));
        let found = [0, 1, 2047, 2048].map(|index| targets.get(StIndex(index)));
        let first = Some((CpuId(u32::MAX - 1), MemoryType::Persistent));
        assert_eq!(found, [first, None, Some((CpuId(7), MemoryType::Volatile)), None]);
        targets.set(StIndex(0), TagSource::Clear);
        assert_eq!(targets.get(StIndex(0)), None);
        targets.clear();
        assert_eq!(targets.get(StIndex(2047)), None);
    }
}
