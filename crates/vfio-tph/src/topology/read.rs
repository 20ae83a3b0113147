//! Reading it out of sysfs.

use std::collections::BTreeMap;

use tph::{AcpiUid, CpuId, CpuPresence};

use super::{Cache, CacheKind, Cpu, CpuSet, Topology, resctrl};
use crate::host::sysroot::Sysroot;

const CPUS: &str = "/sys/devices/system/cpu";
/// A file that says which CPUs run.
pub(crate) const ONLINE: &str = "/sys/devices/system/cpu/online";
const NODES: &str = "/sys/devices/system/node";

impl Topology {
    pub(crate) fn read(files: &Sysroot) -> Self {
        let set = |place: &str| files.text(place).and_then(|text| CpuSet::parse(&text));
        let online = set(ONLINE).unwrap_or_default();
        let present = set(&format!("{CPUS}/present")).unwrap_or_else(|| online.clone());
        let nodes = nodes(files);
        let node = |id| nodes.iter().find(|(_, cpus)| cpus.contains(id)).map(|(node, _)| *node);
        let cpus: Vec<_> = present.iter().map(|id| cpu(files, id, &online, node(id))).collect();
        let caches = caches(files, &online);
        Self { cpus, caches, allocation: resctrl::read(files) }
    }
}

fn cpu(files: &Sysroot, id: CpuId, online: &CpuSet, node: Option<u32>) -> Cpu {
    let folder = format!("{CPUS}/cpu{}", id.0);
    let topology = |file| files.number(&format!("{folder}/topology/{file}"));
    // The kernel says -1 where it does not know; that is no u32.
    Cpu {
        id,
        presence: if online.contains(id) { CpuPresence::Online } else { CpuPresence::Offline },
        package: topology("physical_package_id"),
        die: topology("die_id"),
        core: topology("core_id"),
        node,
        acpi_uid: files.number(&format!("{folder}/firmware_node/uid")).map(AcpiUid),
    }
}

fn nodes(files: &Sysroot) -> Vec<(u32, CpuSet)> {
    let online = files.text(&format!("{NODES}/online")).and_then(|text| CpuSet::parse(&text));
    let of = |node: u32| {
        Some((node, CpuSet::parse(&files.text(&format!("{NODES}/node{node}/cpulist"))?)?))
    };
    online.unwrap_or_default().iter().filter_map(|node| of(node.0)).collect()
}

fn caches(files: &Sysroot, online: &CpuSet) -> Vec<Cache> {
    let mut caches = BTreeMap::new();
    for cpu in online.iter() {
        let folder = format!("{CPUS}/cpu{}/cache", cpu.0);
        // Their numbers may have gaps: the kernel hides a cache that it does not trust.
        let names = files.unrecorded_list(&folder);
        for index in names.iter().filter(|name| name.starts_with("index")) {
            let Some(cache) = cache(files, &format!("{folder}/{index}"), cpu) else { continue };
            caches.insert((cache.level, cache.cpus.clone(), cache.kind), cache);
        }
    }
    caches.into_values().collect()
}

fn cache(files: &Sysroot, folder: &str, cpu: CpuId) -> Option<Cache> {
    let text = |file| files.text(&format!("{folder}/{file}"));
    let kind = match text("type")?.as_str() {
        "Data" => CacheKind::Data,
        "Instruction" => CacheKind::Instruction,
        _ => CacheKind::Unified,
    };
    let shared = CpuSet::parse(&text("shared_cpu_list")?)?;
    Some(Cache {
        level: text("level")?.parse().ok()?,
        kind,
        id: text("id").and_then(|id| id.parse().ok()),
        size: text("size").and_then(|size| bytes(&size)),
        // Some kernels do not know who shares it; who has it is known.
        cpus: if shared.contains(cpu) { shared } else { [cpu].into_iter().collect() },
    })
}

/// The kernel writes sizes of caches in KiB: `32768K`.
fn bytes(size: &str) -> Option<u64> {
    size.strip_suffix('K')?.parse::<u64>().ok()?.checked_mul(1024)
}
