//! The CPUs of a host and the caches that they share: where the data of a device can land.
//!
//! Read from `/sys/devices/system/cpu`. A kernel, or a saved copy of a host, may lack any of it; what
//! is not told is `None`, never a guess.

mod cpu_set;
mod monitoring;
mod read;
mod resctrl;

use std::collections::{BTreeMap, BTreeSet};

use tph::{AcpiUid, CpuId, CpuPresence};

pub use cpu_set::CpuSet;
pub use monitoring::CacheTraffic;
pub(crate) use read::ONLINE;
pub(crate) use resctrl::place as allocation_place;
pub use resctrl::{CacheAllocation, IoAllocation};

/// The CPUs of a host and their caches.
///
/// ```no_run
/// # fn main() -> Result<(), vfio_tph::Error> {
/// use vfio_tph::{CpuId, Host};
///
/// let topology = Host::default().topology();
/// if let Some(cache) = topology.last_level_cache(CpuId(6)) {
///     println!("data for CPU 6 lands in L{} of CPUs {}", cache.level, cache.cpus);
/// }
/// for package in topology.packages() {
///     println!("socket {package}: CPUs {}", topology.cpus_of_package(package));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topology {
    /// The CPUs that are present, in order; empty if the host does not tell.
    pub cpus: Vec<Cpu>,
    /// The caches of the CPUs that are online: by level, then by the CPUs that share them.
    pub caches: Vec<Cache>,
    /// What the kernel lets devices have of caches; empty on hosts that cannot limit it, or where
    /// resctrl is not mounted.
    pub allocation: Vec<CacheAllocation>,
}

/// One CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// Its logical number.
    pub id: CpuId,
    /// Whether it runs. The kernel tells nothing below of a CPU that does not.
    pub presence: CpuPresence,
    /// The package (socket) it is in.
    pub package: Option<u32>,
    /// The die in the package.
    pub die: Option<u32>,
    /// The core that it is a thread of: a number that is unique in its package.
    pub core: Option<u32>,
    /// Its NUMA node.
    pub node: Option<u32>,
    /// The number by which firmware knows it, where sysfs shows it. The kernel itself always knows.
    pub acpi_uid: Option<AcpiUid>,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CacheKind {
    /// Data only.
    Data,
    /// Instructions only: no device writes there.
    Instruction,
    /// Both.
    Unified,
}

/// A cache, and who shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cache {
    /// Its level, from 1.
    pub level: u8,
    /// What it holds.
    pub kind: CacheKind,
    /// The kernel's number of it, unique among caches of its level and kind; resctrl uses the same.
    pub id: Option<u32>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// The CPUs that share it, of those that are online.
    pub cpus: CpuSet,
}

impl Cpu {
    /// A CPU of which nothing more is known.
    pub fn new(id: CpuId, presence: CpuPresence) -> Self {
        let (package, die, core, node, acpi_uid) = (None, None, None, None, None);
        Self { id, presence, package, die, core, node, acpi_uid }
    }
}

impl Cache {
    /// A cache of which nothing more is known.
    pub fn new(level: u8, kind: CacheKind, cpus: CpuSet) -> Self {
        Self { level, kind, id: None, size: None, cpus }
    }
}

impl Topology {
    /// The CPUs of another source than sysfs, and their caches.
    pub fn new(mut cpus: Vec<Cpu>, mut caches: Vec<Cache>) -> Self {
        cpus.sort_by_key(|cpu| cpu.id);
        caches.sort_by(|a, b| (a.level, &a.cpus, a.kind).cmp(&(b.level, &b.cpus, b.kind)));
        Self { cpus, caches, allocation: Vec::new() }
    }

    /// The CPU with this number.
    pub fn cpu(&self, id: CpuId) -> Option<&Cpu> {
        self.cpus.iter().find(|cpu| cpu.id == id)
    }

    /// The CPUs that run.
    pub fn online(&self) -> CpuSet {
        let online = self.cpus.iter().filter(|cpu| cpu.presence == CpuPresence::Online);
        online.map(|cpu| cpu.id).collect()
    }

    /// The caches that hold data of this CPU, from the nearest on.
    pub fn data_caches(&self, cpu: CpuId) -> impl Iterator<Item = &Cache> {
        let holds =
            move |cache: &&Cache| cache.kind != CacheKind::Instruction && cache.cpus.contains(cpu);
        self.caches.iter().filter(holds)
    }

    /// The cache furthest from this CPU that is still a cache of CPUs: what a steering tag reaches
    /// at least.
    pub fn last_level_cache(&self, cpu: CpuId) -> Option<&Cache> {
        self.data_caches(cpu).last()
    }

    /// The last caches of all CPUs, each once: the places that can be told apart for data.
    pub fn last_level_caches(&self) -> Vec<&Cache> {
        let furthest = self.furthest_caches();
        let mut taken = BTreeSet::new();
        let online = self.cpus.iter().filter(|cpu| cpu.presence == CpuPresence::Online);
        let last = online.filter_map(|cpu| furthest.get(&cpu.id).copied());
        last.filter(|number| taken.insert(*number))
            .filter_map(|number| self.caches.get(number))
            .collect()
    }

    /// The number in `caches` of each CPU's last-level cache.
    pub(crate) fn furthest_caches(&self) -> BTreeMap<CpuId, usize> {
        let mut furthest = BTreeMap::new();
        // Of those of a CPU the furthest comes last.
        for (number, cache) in self.caches.iter().enumerate() {
            if cache.kind != CacheKind::Instruction {
                furthest.extend(cache.cpus.iter().map(|cpu| (cpu, number)));
            }
        }
        furthest
    }

    /// The packages that CPUs are in, in order.
    pub fn packages(&self) -> BTreeSet<u32> {
        self.cpus.iter().filter_map(|cpu| cpu.package).collect()
    }

    /// The CPUs of a package.
    pub fn cpus_of_package(&self, package: u32) -> CpuSet {
        let inside = self.cpus.iter().filter(|cpu| cpu.package == Some(package));
        inside.map(|cpu| cpu.id).collect()
    }
}

#[cfg(test)]
mod tests;
