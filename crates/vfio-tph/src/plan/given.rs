//! Plans that were made before: read from a file, or made by somebody else.

use std::collections::BTreeMap;

use tph::{CpuId, MemoryType, StIndex};

use super::domains::Domains;
use super::{Landing, Plan, PlannedEntry, PlannedQueue, Queue};
use crate::Topology;

impl PlannedEntry {
    /// An entry that holds the tag of `cpu`.
    pub const fn new(index: StIndex, cpu: CpuId, memory: MemoryType) -> Self {
        Self { index, cpu, memory }
    }
}

impl Plan {
    /// The plan that has these entries, and gives each queue the entry beside it. Nothing is chosen;
    /// where data lands is judged on a host with this topology. A queue whose entry is not one of
    /// `entries` is not steered; of two entries with one index the later counts.
    pub fn given(
        topology: &Topology,
        entries: impl IntoIterator<Item = PlannedEntry>,
        queues: impl IntoIterator<Item = (Queue, Option<StIndex>)>,
    ) -> Self {
        let domains = Domains::new(topology);
        let entries: BTreeMap<_, _> =
            entries.into_iter().map(|entry| (entry.index, entry)).collect();
        let queues = queues.into_iter().map(|(queue, index)| {
            let entry = index.and_then(|index| entries.get(&index));
            let landing = entry.map_or(Landing::NotSteered, |entry| {
                domains.landing(queue.cpu, entry.index, entry.cpu)
            });
            PlannedQueue { queue, landing }
        });
        let queues = queues.collect();
        Self { entries: entries.into_values().collect(), queues }
    }
}
