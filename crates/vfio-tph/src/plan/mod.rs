//! Which entry of the ST table gets which CPU: from queues and the CPUs that poll them.
//!
//! A table may have fewer entries than there are CPUs that poll. Queues then share an entry if
//! their CPUs share a cache, the closest that suffices; the CPUs with most queues come first. A queue
//! whose CPU shares no cache with any entry gets none: a wrong tag would send its data where
//! nobody reads it.

mod domains;
mod given;
mod share;

use std::collections::{BTreeMap, BTreeSet};

use tph::{CpuId, MemoryType, StIndex, TagSource};

use crate::Topology;
use domains::Domains;
use share::Target;

/// A queue of a device, and the CPU that reads what the device writes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Queue {
    /// Its number, by which the driver knows it.
    pub number: u32,
    /// The CPU that polls it.
    pub cpu: CpuId,
    /// What kind of memory its buffers are in.
    pub memory: MemoryType,
    /// The entry that the device ties it to, if it leaves no choice (in interrupt vector mode: the
    /// number of its vector).
    pub tied_to: Option<StIndex>,
    /// The MSI-X vector that interrupts its CPU, if one does and it is known. It does not count for
    /// the plan; what became of it is compared by [`Plan::drift`].
    pub vector: Option<StIndex>,
}

impl Queue {
    /// A queue with buffers in volatile memory, for which any entry will do.
    pub const fn new(number: u32, cpu: CpuId) -> Self {
        Self { number, cpu, memory: MemoryType::Volatile, tied_to: None, vector: None }
    }

    /// The same queue, tied to an entry.
    #[must_use]
    pub const fn tied_to(mut self, entry: StIndex) -> Self {
        self.tied_to = Some(entry);
        self
    }

    /// The same queue, whose CPU is interrupted by a vector.
    #[must_use]
    pub const fn interrupting_with(mut self, vector: StIndex) -> Self {
        self.vector = Some(vector);
        self
    }

    /// The same queue, with its buffers in `memory`.
    #[must_use]
    pub const fn in_memory(mut self, memory: MemoryType) -> Self {
        self.memory = memory;
        self
    }
}

/// What to program, and what each queue gets of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The entries that hold a tag, by index.
    pub entries: Vec<PlannedEntry>,
    /// The queues, as they were given.
    pub queues: Vec<PlannedQueue>,
}

/// An entry of the ST table, and whose tag it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PlannedEntry {
    /// Which entry.
    pub index: StIndex,
    /// Into whose cache the tag leads.
    pub cpu: CpuId,
    /// For which kind of memory.
    pub memory: MemoryType,
}

/// A queue, and what the plan does for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PlannedQueue {
    /// The queue.
    pub queue: Queue,
    /// Where its data lands.
    pub landing: Landing,
}

/// Where the data of a queue lands, seen from the CPU that polls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Landing {
    /// Its entry holds the tag of its very CPU.
    Own {
        /// Its entry.
        entry: StIndex,
    },
    /// Its entry holds the tag of another CPU, with which its CPU shares a cache.
    Shared {
        /// Its entry.
        entry: StIndex,
        /// Whose tag.
        cpu: CpuId,
        /// The level of the closest cache that both share.
        level: u8,
    },
    /// The device ties it to an entry that holds the tag of a CPU with which its CPU shares no cache.
    Elsewhere {
        /// Its entry.
        entry: StIndex,
        /// Whose tag.
        cpu: CpuId,
    },
    /// No entry is left for its CPU's caches: its data goes to memory.
    NotSteered,
}

impl Landing {
    /// The entry that the driver should give the queue.
    pub const fn entry(self) -> Option<StIndex> {
        match self {
            Self::Own { entry } | Self::Shared { entry, .. } | Self::Elsewhere { entry, .. } => {
                Some(entry)
            }
            Self::NotSteered => None,
        }
    }
}

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A queue's CPU does not run, so that it has no cache.
    #[error("queue {queue}: CPU {cpu} is not online; choose one that is", cpu = cpu.0)]
    CpuNotOnline {
        /// The queue.
        queue: u32,
        /// Its CPU.
        cpu: CpuId,
    },
    /// Two queues have one number.
    #[error("queue {queue} is named twice")]
    NamedTwice {
        /// The number.
        queue: u32,
    },
    /// A queue is tied to an entry that the table has not.
    #[error("queue {queue} is tied to entry {entry}, and the table has {entries}", entry = entry.0)]
    OutsideTable {
        /// The queue.
        queue: u32,
        /// The entry.
        entry: StIndex,
        /// How many entries the table has.
        entries: u16,
    },
    /// Two queues tied to one entry have their buffers in different kinds of memory.
    #[error(
        "queues {first} and {second} are tied to entry {entry}, and one entry is for one kind of \
         memory",
        entry = entry.0
    )]
    MemoryDiffers {
        /// The entry.
        entry: StIndex,
        /// One queue.
        first: u32,
        /// The other.
        second: u32,
    },
}

impl Plan {
    /// Plans for a device whose ST table has `entries` entries, on a host with this topology.
    ///
    /// The same input gives the same plan. The work grows as *n* log *n* with queues and CPUs.
    ///
    /// ```
    /// use vfio_tph::{Cache, CacheKind, Cpu, CpuId, CpuPresence, CpuSet, Landing, Plan, Queue, StIndex, Topology};
    ///
    /// # fn main() -> Result<(), vfio_tph::PlanError> {
    /// // Two CPUs that share an L3, and a device with one entry.
    /// let cpus = [0, 1].map(|id| Cpu::new(CpuId(id), CpuPresence::Online));
    /// let l3 = Cache::new(3, CacheKind::Unified, cpus.iter().map(|cpu| cpu.id).collect());
    /// let host = Topology::new(cpus.to_vec(), vec![l3]);
    /// let plan = Plan::new(1, &host, &[Queue::new(0, CpuId(0)), Queue::new(1, CpuId(1))])?;
    /// assert_eq!(plan.entries.len(), 1);
    /// assert_eq!(
    ///     plan.queues[1].landing,
    ///     Landing::Shared { entry: StIndex(0), cpu: CpuId(0), level: 3 }
    /// );
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`PlanError`]: the queues make no sense on this host or for this table.
    pub fn new(entries: u16, topology: &Topology, queues: &[Queue]) -> Result<Self, PlanError> {
        let domains = Domains::new(topology);
        check(entries, &domains, queues)?;

        let (tied, free): (Vec<Queue>, Vec<Queue>) =
            queues.iter().partition(|queue| queue.tied_to.is_some());
        let mut chosen = share::most_wanted(&tied);
        let unused = (0..entries).map(StIndex).filter(|index| !chosen.contains_key(index));
        let unused: Vec<_> = unused.collect();
        let groups = share::groups(&free, &domains, unused.len());
        let mut entry_of = BTreeMap::new();
        for (index, group) in unused.into_iter().zip(groups) {
            chosen.insert(index, group.target);
            entry_of.extend(group.members.into_iter().map(|member| (member, index)));
        }

        let landing = |queue: &Queue| {
            let entry = queue.tied_to.or_else(|| entry_of.get(&Target::of(queue)).copied());
            entry.map_or(Landing::NotSteered, |entry| {
                domains.landing(queue.cpu, entry, chosen[&entry].cpu)
            })
        };
        let queues =
            queues.iter().map(|queue| PlannedQueue { queue: *queue, landing: landing(queue) });
        let queues = queues.collect();
        let entries = chosen.into_iter().map(|(index, target)| PlannedEntry {
            index,
            cpu: target.cpu,
            memory: target.memory,
        });
        Ok(Self { entries: entries.collect(), queues })
    }

    /// What [`program`](crate::TphDevice::program) takes to carry it out.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use vfio_tph::{CpuId, Host, Plan, Queue, StMode, TphDevice};
    ///
    /// # let tree = tph_lab_hosts::known::demo();
    /// # let host = Host::saved(tree.path());
    /// # let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
    /// # let mut device = TphDevice::new(nic0, "nic0");
    /// // On this machine: `let host = Host::default();`
    /// let entries = device.capability()?.table_entries;
    /// let queues = [Queue::new(0, CpuId(3)), Queue::new(1, CpuId(9))];
    /// let plan = Plan::new(entries, &host.topology(), &queues)?;
    ///
    /// let mut tph = device.enable(StMode::DeviceSpecific)?;
    /// tph.program(&plan.batch())?;
    /// for planned in &plan.queues {
    ///     let entry = planned.landing.entry().expect("the table is large enough");
    ///     println!("queue {} is to send entry {}", planned.queue.number, entry.0);
    /// }
    /// # assert_eq!(tph.written().count(), 2);
    /// # Ok(()) }
    /// ```
    pub fn batch(&self) -> Vec<(StIndex, TagSource)> {
        let source = |entry: &PlannedEntry| TagSource::Cpu { cpu: entry.cpu, memory: entry.memory };
        self.entries.iter().map(|entry| (entry.index, source(entry))).collect()
    }
}

fn check(entries: u16, domains: &Domains, queues: &[Queue]) -> Result<(), PlanError> {
    let mut numbers = BTreeSet::new();
    let mut tied = BTreeMap::new();
    for queue in queues {
        if !numbers.insert(queue.number) {
            return Err(PlanError::NamedTwice { queue: queue.number });
        }
        if !domains.is_online(queue.cpu) {
            return Err(PlanError::CpuNotOnline { queue: queue.number, cpu: queue.cpu });
        }
        if let Some(entry) = queue.tied_to.filter(|entry| entry.0 >= entries) {
            return Err(PlanError::OutsideTable { queue: queue.number, entry, entries });
        }
        if let Some(entry) = queue.tied_to {
            let first: &Queue = tied.entry(entry).or_insert(queue);
            if first.memory != queue.memory {
                let (first, second) = (first.number, queue.number);
                return Err(PlanError::MemoryDiffers { entry, first, second });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
