//! Reading it out of sysfs.

use std::collections::{BTreeMap, BTreeSet};

use tph::{AcpiUid, CpuId, CpuPresence};

use super::{Cache, CacheKind, Cpu, CpuSet, Topology, resctrl};
use crate::host::sysroot::{Folder, Sysroot};

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
        let mut reader = Reader::default();
        let folder = files.folder(CPUS);
        let cpus = present.iter().map(|id| {
            let presence =
                if online.contains(id) { CpuPresence::Online } else { CpuPresence::Offline };
            let cpu = Cpu { node: node(id), ..Cpu::new(id, presence) };
            match &folder {
                Some(folder) => reader.cpu(&mut Files::new(folder, id), &cpu),
                None => cpu,
            }
        });
        let cpus: Vec<_> = cpus.collect();
        let caches = reader.caches.into_values().collect();
        Self { cpus, caches, allocation: resctrl::read(files) }
    }
}

/// What was read so far. The kernel says most things once for each CPU that they are about; large
/// hosts have thousands of such files, and one of each kind will do.
#[derive(Debug, Default)]
struct Reader {
    packages: Shared,
    dies: Shared,
    caches: BTreeMap<(u8, CpuSet, CacheKind), Cache>,
    /// The numbers of caches in the folders of CPUs, and who shares them: these were read, and have
    /// this level and kind.
    known: BTreeMap<(u32, CpuSet), (u8, CacheKind)>,
    /// CPUs whose caches were all read with those of another one.
    covered: BTreeSet<CpuId>,
}

impl Reader {
    fn cpu(&mut self, files: &mut Files<'_>, cpu: &Cpu) -> Cpu {
        if cpu.presence == CpuPresence::Online && !self.covered.contains(&cpu.id) {
            self.caches(files, cpu.id);
        }
        // The kernel says -1 where it does not know; that is no u32.
        Cpu {
            package: self.packages.of(files, cpu.id, "physical_package_id", "package_cpus_list"),
            die: self.dies.of(files, cpu.id, "die_id", "die_cpus_list"),
            core: files.number(&["topology", "core_id"]),
            acpi_uid: files.number(&["firmware_node", "uid"]).map(AcpiUid),
            ..cpu.clone()
        }
    }

    /// Reads the caches of a CPU, as far as others have not shown them. CPUs that share a first-level
    /// cache for data share all caches behind it, and so have none that this one has not. Where a file is
    /// missing, or that cache, they may tell more, and are read as well.
    fn caches(&mut self, files: &mut Files<'_>, id: CpuId) {
        let mut first: Option<CpuSet> = None;
        let mut told = true;
        // Their numbers may have gaps: the kernel hides a cache that it does not trust.
        for name in files.caches() {
            let number = name.strip_prefix("index").and_then(|number| number.parse().ok());
            let Some(number) = number else { continue };
            let mut file = |file| files.text(&["cache", &name, file]);
            let shared = file("shared_cpu_list").and_then(|text| CpuSet::parse(&text));
            let Some(shared) = shared else {
                told = false;
                continue;
            };
            // Some kernels do not know who shares it; who has it is known.
            told &= shared.contains(id);
            let shared = if shared.contains(id) { shared } else { [id].into_iter().collect() };
            let key = (number, shared);
            let (level, kind) = if let Some(known) = self.known.get(&key) {
                *known
            } else {
                let Some(cache) = cache(key.1.clone(), file) else {
                    told = false;
                    continue;
                };
                let found = (cache.level, cache.kind);
                self.known.insert(key.clone(), found);
                self.caches.insert((cache.level, cache.cpus.clone(), cache.kind), cache);
                found
            };
            if level == 1 && kind != CacheKind::Instruction {
                first = Some(key.1);
            }
        }
        if told {
            self.covered.extend(first.iter().flat_map(CpuSet::iter));
        }
    }
}

/// The files of one CPU.
#[derive(Debug)]
struct Files<'a> {
    folder: &'a Folder<'a>,
    /// What the name of each begins with, and in the end the name.
    name: String,
    beginning: usize,
}

impl<'a> Files<'a> {
    fn new(folder: &'a Folder<'a>, id: CpuId) -> Self {
        let name = format!("cpu{}", id.0);
        Self { folder, beginning: name.len(), name }
    }

    fn named(&mut self, parts: &[&str]) -> &str {
        self.name.truncate(self.beginning);
        for part in parts {
            self.name.push('/');
            self.name.push_str(part);
        }
        &self.name
    }

    fn text(&mut self, parts: &[&str]) -> Option<String> {
        self.folder.text(self.named(parts))
    }

    fn number(&mut self, parts: &[&str]) -> Option<u32> {
        self.folder.number(self.named(parts))
    }

    /// The names of its caches.
    fn caches(&mut self) -> Vec<String> {
        self.folder.unrecorded_list(self.named(&["cache"]))
    }
}

/// A number that several CPUs have, read once for all that the kernel lists with it.
#[derive(Debug, Default)]
struct Shared(BTreeMap<CpuId, u32>);

impl Shared {
    fn of(&mut self, files: &mut Files<'_>, id: CpuId, number: &str, list: &str) -> Option<u32> {
        if let Some(number) = self.0.get(&id) {
            return Some(*number);
        }
        let number = files.number(&["topology", number])?;
        let others = files.text(&["topology", list]);
        let others = others.and_then(|text| CpuSet::parse(&text)).unwrap_or_default();
        self.0.extend(others.iter().map(|other| (other, number)));
        Some(number)
    }
}

fn nodes(files: &Sysroot) -> Vec<(u32, CpuSet)> {
    let online = files.text(&format!("{NODES}/online")).and_then(|text| CpuSet::parse(&text));
    let of = |node: u32| {
        Some((node, CpuSet::parse(&files.text(&format!("{NODES}/node{node}/cpulist"))?)?))
    };
    online.unwrap_or_default().iter().filter_map(|node| of(node.0)).collect()
}

fn cache(cpus: CpuSet, mut file: impl FnMut(&'static str) -> Option<String>) -> Option<Cache> {
    let kind = match file("type")?.as_str() {
        "Data" => CacheKind::Data,
        "Instruction" => CacheKind::Instruction,
        _ => CacheKind::Unified,
    };
    Some(Cache {
        level: file("level")?.parse().ok()?,
        kind,
        id: file("id").and_then(|id| id.parse().ok()),
        size: file("size").and_then(|size| bytes(&size)),
        cpus,
    })
}

/// The kernel writes sizes of caches in KiB: `32768K`.
fn bytes(size: &str) -> Option<u64> {
    size.strip_suffix('K')?.parse::<u64>().ok()?.checked_mul(1024)
}
