//! CPUs and caches.

use tph_emu::Profile;
use tph_emu::profile::{Cache, Cpu, CpuList};

use crate::Tree;

const CPUS: &str = "/sys/devices/system/cpu";

/// The CPUs of a host and the caches that they share.
#[derive(Clone, Debug, Default)]
pub struct Processors {
    /// The CPUs.
    pub cpus: Vec<Cpu>,
    /// Their caches.
    pub caches: Vec<Cache>,
}

impl From<&Profile> for Processors {
    fn from(profile: &Profile) -> Self {
        Self { cpus: profile.cpus.clone(), caches: profile.caches.clone() }
    }
}

/// So many CPUs in each of two sockets, one thread a core, with a level 3 cache for each `share`.
pub fn two_sockets(each: u32, share: u32) -> Processors {
    let cpu = |id| Cpu { id, socket: id / each, core: id % each, uid: id, online: true };
    let cache = |id: u32| {
        let first = id * share;
        Cache { id, level: 3, cpus: (first..first + share).collect::<CpuList>() }
    };
    Processors {
        cpus: (0..2 * each).map(cpu).collect(),
        caches: (0..2 * each / share).map(cache).collect(),
    }
}

/// The same CPUs with a second thread on each core, numbered after all first ones.
///
/// # Panics
/// If they are more than fit a number.
pub fn two_threads(first: Processors) -> Processors {
    let count = u32::try_from(first.cpus.len()).unwrap();
    let other = |cpu: &Cpu| Cpu { id: cpu.id + count, uid: cpu.uid + count, ..*cpu };
    let cpus = first.cpus.iter().copied().chain(first.cpus.iter().map(other)).collect();
    let both = |cache: Cache| {
        let cpus = cache.cpus.iter().flat_map(|cpu| [cpu, cpu + count]).collect();
        Cache { cpus, ..cache }
    };
    Processors { cpus, caches: first.caches.into_iter().map(both).collect() }
}

impl Tree {
    /// Adds CPUs; each socket is a NUMA node of its own.
    pub fn processors(&self, processors: &Processors) -> &Self {
        let list = |cpus: &mut dyn Iterator<Item = u32>| {
            cpus.map(|cpu| cpu.to_string()).collect::<Vec<_>>().join(",")
        };
        let all = &processors.cpus;
        let online = |cpu: &&Cpu| cpu.online;
        self.file(&format!("{CPUS}/present"), &list(&mut all.iter().map(|cpu| cpu.id)));
        self.file(
            &format!("{CPUS}/online"),
            &list(&mut all.iter().filter(online).map(|cpu| cpu.id)),
        );
        for cpu in all.iter().filter(online) {
            self.processor(cpu, processors);
        }
        let mut nodes: Vec<_> = all.iter().map(|cpu| cpu.socket).collect();
        nodes.sort_unstable();
        nodes.dedup();
        self.file("/sys/devices/system/node/online", &list(&mut nodes.iter().copied()));
        for node in nodes {
            let inside = all.iter().filter(|cpu| cpu.socket == node).map(|cpu| cpu.id);
            let place = format!("/sys/devices/system/node/node{node}/cpulist");
            self.file(&place, &list(&mut inside.into_iter()));
        }
        self
    }

    fn processor(&self, cpu: &Cpu, processors: &Processors) {
        let folder = format!("{CPUS}/cpu{}", cpu.id);
        self.file(&format!("{folder}/topology/physical_package_id"), &cpu.socket.to_string());
        self.file(&format!("{folder}/topology/die_id"), "0");
        self.file(&format!("{folder}/topology/core_id"), &cpu.core.to_string());
        self.file(&format!("{folder}/firmware_node/uid"), &cpu.uid.to_string());
        let runs = |id: &u32| processors.cpus.iter().any(|cpu| cpu.id == *id && cpu.online);
        let own = processors.caches.iter().filter(|cache| cache.cpus.contains(cpu.id));
        for (index, cache) in own.enumerate() {
            let shared: Vec<_> =
                cache.cpus.iter().filter(runs).map(|cpu| cpu.to_string()).collect();
            let file = |name, text: &str| {
                self.file(&format!("{folder}/cache/index{index}/{name}"), text);
            };
            file("level", &cache.level.to_string());
            file("type", "Unified");
            file("id", &cache.id.to_string());
            file("size", if cache.level == 3 { "32768K" } else { "1024K" });
            file("shared_cpu_list", &shared.join(","));
        }
    }
}
