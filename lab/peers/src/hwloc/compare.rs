//! Host by host.

use super::complete::{complete, has_nodes};
use super::parse::{Shape, shape};
use crate::Tally;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use vfio_tph::{CacheKind, Cpu, CpuSet, Host, Topology};

/// Where the two must differ: the host, what differs, and why.
const KNOWN: [(&str, &str, &str); 14] = [
    ("fakeheterocpunuma", "NUMA nodes", CONFLICT),
    ("16ia64-8n2s", "sockets", REUSED),
    ("20s390-2g2g2s4co", "sockets", NUMBERLESS),
    ("256ppc-8n8s4t", "sockets", NUMBERLESS),
    ("2s390-2c", "sockets", NUMBERLESS),
    ("4ia64-4s", "sockets", NUMBERLESS),
    ("40intel64-4n10c+pci-conflicts", "sockets", CONFLICT),
    ("40intel64-4n10c+pci-conflicts", "caches", CONFLICT),
    ("64intel64-fakeKNL-A2A-cache", "caches", MEMORY_SIDE),
    ("64intel64-fakeKNL-SNC4-hybrid", "caches", MEMORY_SIDE),
    ("64intel64-fakeKNL-SNC4-hybrid", "NUMA nodes", WITHOUT_CPUS),
    ("8ia64-2s2c2t", "caches", UNSHARED),
    ("fakeheteromemtiers", "NUMA nodes", WITHOUT_CPUS),
    ("fakememinitiators-1np2c+1npp+gi", "NUMA nodes", WITHOUT_CPUS),
];
const UNSHARED: &str = "the kernel does not say who shares it: hwloc takes the threads of the core, this project the \
                        CPU that has it";
const REUSED: &str = "hwloc takes sockets from core_siblings; this old kernel numbers those of each node from 0 \
                      (no x86-64 kernel does)";
const NUMBERLESS: &str = "the kernel gives its sockets no number (-1, or no file): this project names none, \
                          hwloc takes them from core_siblings; on x86-64 they have one";
const CONFLICT: &str = "made to contradict itself: hwloc drops what does not nest, this project repeats what the \
                        kernel says";
const MEMORY_SIDE: &str =
    "hwloc adds a memory-side cache from a file of its own; it is no cache of CPUs";
const WITHOUT_CPUS: &str =
    "hwloc puts a NUMA node without CPUs near others; here a node is one that CPUs are in";

/// Compares what lstopo says of the host in `folder` with what this project reads there.
///
/// # Errors
/// If the text is not what lstopo prints.
pub fn compare(tally: &mut Tally, folder: &Path, text: &str) -> Result<(), String> {
    let mut theirs = shape(text)?;
    if !has_nodes(folder) {
        tally.explain("hwloc makes up a NUMA node where the kernel has none");
        theirs.nodes.clear();
    }
    let topology = Host::saved(complete(folder)?.path()).topology();
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let ours = ours(&topology);
    tally.count("hosts");
    let text = |set: &CpuSet| set.to_string();
    let sets = |sets: &BTreeSet<CpuSet>| sets.iter().map(text).collect::<BTreeSet<_>>();
    let nodes = |shape: &Shape| {
        shape.nodes.iter().map(|(node, cpus)| format!("{node}: {cpus}")).collect::<BTreeSet<_>>()
    };
    let caches = |shape: &Shape| {
        let line = |(level, kind, cpus, size): &(_, _, CpuSet, _)| {
            format!("L{level} {kind:?} {cpus} {size}")
        };
        shape.caches.iter().map(line).collect::<BTreeSet<_>>()
    };
    let lines = |text: String| BTreeSet::from([text]);
    for (what, theirs, ours) in [
        ("CPUs", lines(text(&theirs.online)), lines(text(&ours.online))),
        ("sockets", sets(&theirs.packages), sets(&ours.packages)),
        ("dies", sets(&theirs.dies), sets(&ours.dies)),
        ("NUMA nodes", nodes(&theirs), nodes(&ours)),
        ("caches", caches(&theirs), caches(&ours)),
    ] {
        let known = KNOWN.iter().find(|(host, thing, _)| (*host, *thing) == (&name, what));
        match known {
            Some((_, _, why)) if theirs != ours => tally.explain(why),
            Some(_) => tally.differences.push(format!("{name}: {what} differ no more")),
            None => {
                let only = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<_>>();
                tally.same(&name, what, &only(&theirs, &ours), &only(&ours, &theirs));
            }
        }
    }
    Ok(())
}

fn ours(topology: &Topology) -> Shape {
    let online = topology.online();
    let running = || topology.cpus.iter().filter(|cpu| online.contains(cpu.id));
    let packages: BTreeSet<_> = by(running(), |cpu| cpu.package).into_values().collect();
    let dies = by(running(), |cpu| Some((cpu.package?, cpu.die?)));
    let dies = dies.into_values().filter(|die| !packages.contains(die)).collect();
    let nodes = by(running(), |cpu| cpu.node);
    let data = topology.caches.iter().filter(|cache| cache.kind != CacheKind::Instruction);
    let caches = data
        .map(|cache| (cache.level, cache.kind, cache.cpus.clone(), cache.size.unwrap_or_default()))
        .collect();
    Shape { online, packages, dies, nodes, caches }
}

fn by<'a, K: Ord>(
    cpus: impl Iterator<Item = &'a Cpu>,
    key: impl Fn(&Cpu) -> Option<K>,
) -> BTreeMap<K, CpuSet> {
    let mut groups: BTreeMap<K, Vec<_>> = BTreeMap::new();
    for cpu in cpus {
        if let Some(key) = key(cpu) {
            groups.entry(key).or_default().push(cpu.id);
        }
    }
    groups.into_iter().map(|(key, cpus)| (key, cpus.into_iter().collect())).collect()
}
