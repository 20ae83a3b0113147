//! A host as a picture would arrange it: sockets, in them the caches that data can land in, in those
//! the CPUs; and the bus from the root ports down to the functions.
//!
//! Pure: it arranges what [`Topology`] and [`FunctionView`] say, and draws nothing.

mod bus;
mod landing;

use std::collections::{BTreeMap, BTreeSet};

use tph::{Bdf, CpuId, CpuPresence};

use crate::{Cache, Cpu, CpuSet, Error, FunctionView, Host, Topology};

pub use bus::{BusNode, BusPlace};
pub use landing::{Arrival, DomainIndex};

/// A host, arranged.
///
/// ```no_run
/// # fn main() -> Result<(), vfio_tph::Error> {
/// for package in vfio_tph::Host::default().layout()?.packages {
///     for domain in &package.domains {
///         println!("socket {:?}: CPUs {}", package.package, domain.cpus);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The packages (sockets) with CPUs that run, in order; those that tell no package come first.
    pub packages: Vec<PackageLayout>,
    /// The CPUs that do not run.
    pub offline: CpuSet,
    /// What lies right below the host bridges, by address.
    pub bus: Vec<BusNode>,
}

/// A package, and the places in it that can be told apart for data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageLayout {
    /// Its number, if the host tells.
    pub package: Option<u32>,
    /// Its last-level caches, by the first CPU of each.
    pub domains: Vec<CacheDomain>,
}

/// CPUs that share their last-level cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheDomain {
    /// The cache; `None` for the CPUs of a package of whose caches the host tells nothing.
    pub cache: Option<Cache>,
    /// The CPUs of the package that share it.
    pub cpus: CpuSet,
    /// The same CPUs, by core: threads of a core stand together. A CPU that tells no core is one of
    /// its own.
    pub cores: Vec<CpuSet>,
    /// The dies they are on.
    pub dies: BTreeSet<u32>,
    /// The NUMA nodes they are in.
    pub nodes: BTreeSet<u32>,
}

impl Host {
    /// The host, arranged, with all its functions.
    ///
    /// # Errors
    /// [`Error::Sysfs`], as [`functions`](Self::functions).
    pub fn layout(&self) -> Result<Layout, Error> {
        let functions = self.functions()?.functions;
        Ok(Layout::new(&self.topology(), &functions, |address| self.numa_node(address)))
    }
}

impl Layout {
    /// Arranges CPUs and functions; `numa_node` says to which node a function is attached.
    pub fn new(
        topology: &Topology,
        functions: &[FunctionView],
        numa_node: impl Fn(Bdf) -> Option<u32>,
    ) -> Self {
        let offline = topology.cpus.iter().filter(|cpu| cpu.presence != CpuPresence::Online);
        Self {
            packages: packages(topology),
            offline: offline.map(|cpu| cpu.id).collect(),
            bus: bus::tree(functions, numa_node),
        }
    }

    /// The place of a CPU's data; `None` for a CPU that does not run.
    pub fn domain_of(&self, cpu: CpuId) -> Option<DomainIndex> {
        self.packages.iter().enumerate().find_map(|(package, inside)| {
            let domain = inside.domains.iter().position(|domain| domain.cpus.contains(cpu))?;
            Some(DomainIndex { package, domain })
        })
    }

    /// The place with this index.
    pub fn domain(&self, index: DomainIndex) -> Option<&CacheDomain> {
        self.packages.get(index.package)?.domains.get(index.domain)
    }
}

fn packages(topology: &Topology) -> Vec<PackageLayout> {
    let last = topology.furthest_caches();
    let mut members = BTreeMap::<_, BTreeMap<_, Vec<&Cpu>>>::new();
    for cpu in topology.cpus.iter().filter(|cpu| cpu.presence == CpuPresence::Online) {
        let cache = last.get(&cpu.id);
        members.entry(cpu.package).or_default().entry(cache).or_default().push(cpu);
    }
    let package = |(package, caches): (_, BTreeMap<Option<&usize>, Vec<&Cpu>>)| {
        let domain = |(cache, cpus): (Option<&usize>, Vec<&Cpu>)| {
            CacheDomain::new(cache.and_then(|cache| topology.caches.get(*cache)).cloned(), &cpus)
        };
        let mut domains: Vec<_> = caches.into_iter().map(domain).collect();
        domains.sort_by(|a, b| a.cpus.cmp(&b.cpus));
        PackageLayout { package, domains }
    };
    members.into_iter().map(package).collect()
}

impl CacheDomain {
    fn new(cache: Option<Cache>, cpus: &[&Cpu]) -> Self {
        let mut cores = BTreeMap::<_, Vec<CpuId>>::new();
        for cpu in cpus {
            let alone = cpu.core.is_none().then_some(cpu.id);
            cores.entry((cpu.die, cpu.core, alone)).or_default().push(cpu.id);
        }
        let mut cores: Vec<CpuSet> =
            cores.into_values().map(|threads| threads.into_iter().collect()).collect();
        cores.sort();
        Self {
            cache,
            cpus: cpus.iter().map(|cpu| cpu.id).collect(),
            cores,
            dies: cpus.iter().filter_map(|cpu| cpu.die).collect(),
            nodes: cpus.iter().filter_map(|cpu| cpu.node).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
