use super::*;
use crate::Host;
use tph_lab_hosts::{Tree, known, two_sockets};

fn of(tree: &Tree) -> Topology {
    Host::saved(tree.path()).topology()
}

fn set(text: &str) -> CpuSet {
    CpuSet::parse(text).unwrap()
}

#[test]
fn the_host_of_the_demonstration_has_its_sockets_caches_and_uids() {
    let topology = of(&known::demo());
    assert_eq!((topology.cpus.len(), topology.online()), (16, set("0-15")));
    assert_eq!(topology.packages(), [0, 1].into());
    assert_eq!(topology.cpus_of_package(1), set("8-15"));
    let cpu = topology.cpu(CpuId(6)).unwrap();
    assert_eq!((cpu.package, cpu.die, cpu.core, cpu.node), (Some(0), Some(0), Some(3), Some(0)));
    assert_eq!(cpu.acpi_uid, Some(AcpiUid(0x13)));
    let caches: Vec<_> =
        topology.data_caches(CpuId(6)).map(|cache| (cache.level, cache.id)).collect();
    assert_eq!(caches, [(2, Some(19)), (3, Some(1))]);
    let last = topology.last_level_cache(CpuId(6)).unwrap();
    assert_eq!((last.size, &last.cpus), (Some(32 << 20), &set("4-7")));
    let last: Vec<_> = topology.last_level_caches().iter().map(|cache| cache.id).collect();
    assert_eq!(last, [Some(0), Some(1), Some(2), Some(3)]);
}

#[test]
fn the_ways_that_devices_may_take_are_read() {
    let tree = known::demo();
    let [allocation] = of(&tree).allocation.try_into().unwrap();
    assert_eq!((allocation.resource.as_str(), allocation.state), ("L3", IoAllocation::Enabled));
    assert_eq!(allocation.ways, [(0, 0xf000), (1, 0xf000), (2, 0xf000), (3, 0xf000)]);
    tree.file("/sys/fs/resctrl/info/L3/io_alloc", "disabled");
    let [allocation] = of(&tree).allocation.try_into().unwrap();
    assert_eq!((allocation.state, allocation.ways), (IoAllocation::Disabled, vec![]));
}

#[test]
fn a_cpu_that_does_not_run_is_there_and_has_no_cache() {
    let mut processors = two_sockets(2, 2);
    processors.cpus[3].online = false;
    let tree = Tree::new();
    tree.processors(&processors);
    let topology = of(&tree);
    assert_eq!(topology.online(), set("0-2"));
    let cpu = topology.cpu(CpuId(3)).unwrap();
    assert_eq!((cpu.presence, cpu.package), (CpuPresence::Offline, None));
    assert_eq!(topology.last_level_cache(CpuId(3)), None);
}

#[test]
fn what_the_kernel_tells_of_several_cpus_is_read_once_for_all() {
    let tree = known::demo();
    let expected = of(&tree);
    let file = |cpu: u32, name: &str| format!("/sys/devices/system/cpu/cpu{cpu}/{name}");
    for cpu in 0..16 {
        for list in ["package_cpus_list", "die_cpus_list"] {
            let cpus = if cpu < 8 { "0-7" } else { "8-15" };
            tree.file(&file(cpu, &format!("topology/{list}")), cpus);
        }
    }
    assert_eq!(of(&tree), expected);
    // CPU 9 is in the package of CPU 8, and shares its nearest cache.
    assert!(expected.data_caches(CpuId(8)).eq(expected.data_caches(CpuId(9))));
    tree.file(&file(9, "topology/physical_package_id"), "77");
    tree.file(&file(9, "cache/index0/level"), "7");
    assert_eq!(of(&tree), expected);
    tree.remove(&file(9, "cache"));
    assert_eq!(of(&tree), expected);
}

#[test]
fn instructions_are_no_data_and_a_cache_counts_once() {
    let cache = |level, kind, cpus| Cache::new(level, kind, set(cpus));
    let cpus = (0..2).map(|id| Cpu::new(CpuId(id), CpuPresence::Online)).collect();
    let topology = Topology::new(
        cpus,
        vec![
            cache(2, CacheKind::Unified, "0-1"),
            cache(1, CacheKind::Instruction, "0"),
            cache(1, CacheKind::Data, "0"),
        ],
    );
    let levels: Vec<_> = topology.data_caches(CpuId(0)).map(|cache| cache.level).collect();
    assert_eq!(levels, [1, 2]);
    assert_eq!(topology.last_level_caches().len(), 1);
}

#[test]
fn a_host_that_tells_nothing_is_empty() {
    assert_eq!(of(&Tree::new()), Topology::default());
}

#[test]
fn caches_with_gaps_in_their_numbers_and_without_a_list_of_sharers_are_there() {
    let tree = Tree::new();
    let cpus = "/sys/devices/system/cpu";
    tree.file(&format!("{cpus}/online"), "0-1");
    let both = [0, 1].map(|cpu| [(cpu, 2, "2", "0-1"), (cpu, 4, "3", "")]);
    for (cpu, index, level, shared) in both.into_iter().flatten() {
        let folder = format!("{cpus}/cpu{cpu}/cache/index{index}");
        tree.file(&format!("{folder}/level"), level)
            .file(&format!("{folder}/type"), "Unified")
            .file(&format!("{folder}/shared_cpu_list"), shared);
    }
    let topology = of(&tree);
    let caches: Vec<_> =
        topology.caches.iter().map(|cache| (cache.level, cache.cpus.to_string())).collect();
    assert_eq!(
        caches,
        [(2, "0-1"), (3, "0"), (3, "1")].map(|(level, cpus)| (level, cpus.to_owned()))
    );
}

/// A cache that CPU 0 does not tell of, as one of the files is missing, may be told by another CPU that
/// shares the next one with it.
#[test]
fn a_cache_that_one_cpu_does_not_tell_is_read_from_another() {
    let caches = [("0", "1"), ("1", "2")];
    for missing in ["shared_cpu_list", "level", "type"] {
        let tree = Tree::new();
        let cpus = "/sys/devices/system/cpu";
        tree.file(&format!("{cpus}/online"), "0-3");
        for cpu in 0..4 {
            for (index, level) in caches {
                let folder = format!("{cpus}/cpu{cpu}/cache/index{index}");
                let shared = match (index, cpu) {
                    ("0", 0 | 1) => "0-1",
                    ("0", _) => "2-3",
                    _ => "0-3",
                };
                tree.file(&format!("{folder}/level"), level)
                    .file(&format!("{folder}/type"), "Unified")
                    .file(&format!("{folder}/shared_cpu_list"), shared);
            }
        }
        let expected = of(&tree);
        assert_eq!(expected.caches.len(), 3);
        tree.remove(&format!("{cpus}/cpu0/cache/index0/{missing}"));
        assert_eq!(of(&tree), expected, "{missing}");
        // Nor does CPU 2, whose second cache is known by now, hide what CPU 3 has for itself.
        tree.remove(&format!("{cpus}/cpu2/cache/index0/{missing}"));
        assert_eq!(of(&tree), expected, "{missing}, twice");
    }
}

/// As a saved host has it whose kernel hides the first level of some CPUs.
#[test]
fn a_cpu_without_a_first_level_hides_nobody_elses() {
    let tree = Tree::new();
    let cpus = "/sys/devices/system/cpu";
    tree.file(&format!("{cpus}/online"), "0-1");
    for (cpu, index, level, shared) in [(0, 2, "2", "0-1"), (1, 0, "1", "1"), (1, 2, "2", "0-1")] {
        let folder = format!("{cpus}/cpu{cpu}/cache/index{index}");
        tree.file(&format!("{folder}/level"), level)
            .file(&format!("{folder}/type"), "Unified")
            .file(&format!("{folder}/shared_cpu_list"), shared);
    }
    let topology = of(&tree);
    let caches: Vec<_> = topology.caches.iter().map(|cache| (cache.level, &cache.cpus)).collect();
    assert_eq!(caches, [(1, &set("1")), (2, &set("0-1"))]);
}
