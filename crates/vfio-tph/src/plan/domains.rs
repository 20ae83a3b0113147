//! Which caches a CPU's data can be in, in a form that is quick to ask.

use std::collections::BTreeMap;

use tph::{CpuId, CpuPresence, StIndex};

use super::Landing;
use crate::{CacheKind, Topology};

/// A set of CPUs whose data can be in the same place: those that share a cache, or one CPU alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Domain {
    /// One CPU.
    Cpu(CpuId),
    /// The CPUs that share a cache.
    Cache {
        /// Its level.
        level: u8,
        /// Which of [`Topology::caches`].
        number: usize,
    },
}

/// The domains of each CPU that runs.
pub(super) struct Domains {
    /// From the closest to the widest; the first is the CPU itself.
    of_cpu: BTreeMap<CpuId, Vec<Domain>>,
}

impl Domains {
    pub(super) fn new(topology: &Topology) -> Self {
        let online = topology.cpus.iter().filter(|cpu| cpu.presence == CpuPresence::Online);
        let mut of_cpu: BTreeMap<_, _> =
            online.map(|cpu| (cpu.id, vec![Domain::Cpu(cpu.id)])).collect();
        for (number, cache) in topology.caches.iter().enumerate() {
            if cache.kind == CacheKind::Instruction {
                continue;
            }
            for cpu in cache.cpus.iter() {
                if let Some(domains) = of_cpu.get_mut(&cpu) {
                    domains.push(Domain::Cache { level: cache.level, number });
                }
            }
        }
        for domains in of_cpu.values_mut() {
            domains.sort_unstable();
        }
        Self { of_cpu }
    }

    pub(super) fn is_online(&self, cpu: CpuId) -> bool {
        self.of_cpu.contains_key(&cpu)
    }

    /// The domains of a CPU, from the closest to the widest; at least itself.
    pub(super) fn of(&self, cpu: CpuId) -> &[Domain] {
        self.of_cpu.get(&cpu).map_or(&[], Vec::as_slice)
    }

    /// The level of the closest cache that both share, 0 for a CPU with itself.
    pub(super) fn closest_shared(&self, one: CpuId, other: CpuId) -> Option<u8> {
        let shared = self.of(one).iter().find(|domain| self.of(other).contains(domain))?;
        Some(match shared {
            Domain::Cpu(_) => 0,
            Domain::Cache { level, .. } => *level,
        })
    }

    /// Where data for `cpu` lands if it goes by `entry`, which holds the tag of `target`.
    pub(super) fn landing(&self, cpu: CpuId, entry: StIndex, target: CpuId) -> Landing {
        if target == cpu {
            Landing::Own { entry }
        } else if let Some(level) = self.closest_shared(target, cpu) {
            Landing::Shared { entry, cpu: target, level }
        } else {
            Landing::Elsewhere { entry, cpu: target }
        }
    }
}
