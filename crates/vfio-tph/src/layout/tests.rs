use super::*;
use crate::{Landing, Plan, Queue};
use tph::StIndex;
use tph_lab_hosts::{Tree, known, two_sockets};

fn of(tree: &Tree) -> Layout {
    Host::saved(tree.path()).layout().unwrap()
}

/// The CPUs of each domain, package by package.
fn cpus(layout: &Layout) -> Vec<(Option<u32>, Vec<String>)> {
    let domains = |package: &PackageLayout| {
        package.domains.iter().map(|domain| domain.cpus.to_string()).collect()
    };
    layout.packages.iter().map(|package| (package.package, domains(package))).collect()
}

/// Addresses, indented by depth.
fn addresses(nodes: &[BusNode], depth: usize) -> Vec<String> {
    let of = |node: &BusNode| {
        let own = format!("{}{}", " ".repeat(depth), node.address);
        [vec![own], addresses(&node.below, depth + 1)].concat()
    };
    nodes.iter().flat_map(of).collect()
}

#[test]
fn sockets_hold_their_last_caches_and_those_their_cpus() {
    let layout = of(&known::demo());
    let domains = |list: [&str; 2]| list.map(str::to_owned).to_vec();
    assert_eq!(
        cpus(&layout),
        [(Some(0), domains(["0-3", "4-7"])), (Some(1), domains(["8-11", "12-15"]))]
    );
    let domain = &layout.packages[1].domains[0];
    assert_eq!((domain.cache.as_ref().unwrap().level, &domain.nodes), (3, &[1].into()));
    let cores: Vec<_> = domain.cores.iter().map(ToString::to_string).collect();
    assert_eq!(cores, ["8-9", "10-11"], "two threads a core");
}

#[test]
fn threads_that_are_numbered_far_apart_stand_together() {
    let layout = of(&known::large());
    let domain = &layout.packages[0].domains[1];
    assert_eq!(domain.cpus.to_string(), "8-15,136-143");
    assert_eq!(domain.cores[0].to_string(), "8,136");
}

#[test]
fn a_cpu_that_does_not_run_is_in_no_cache() {
    let mut processors = two_sockets(2, 2);
    processors.cpus[3].online = false;
    let tree = Tree::new();
    tree.processors(&processors);
    let layout = of(&tree);
    assert_eq!(layout.offline.to_string(), "3");
    assert_eq!(layout.domain_of(CpuId(3)), None);
    assert_eq!(layout.domain_of(CpuId(2)), Some(DomainIndex { package: 1, domain: 0 }));
}

#[test]
fn cpus_without_known_caches_are_one_domain_of_their_package() {
    let mut processors = two_sockets(2, 2);
    processors.caches.clear();
    let tree = Tree::new();
    tree.processors(&processors);
    let layout = of(&tree);
    assert_eq!(layout.packages[0].domains.len(), 1);
    assert_eq!(layout.packages[0].domains[0].cache, None);
}

#[test]
fn functions_hang_below_the_ports_that_lead_to_them() {
    let layout = of(&known::behind_a_switch());
    assert_eq!(
        addresses(&layout.bus, 0),
        [
            "0000:80:01.0",
            " 0000:81:00.0",
            "  0000:82:00.0",
            "   0000:83:00.0",
            "  0000:82:01.0",
            "   0000:84:00.0",
            "   0000:84:00.1",
        ]
    );
    let root = &layout.bus[0];
    assert!(matches!(root.place, BusPlace::RootPort(_)));
    assert!(matches!(root.below[0].place, BusPlace::Bridge(_)));
    assert_eq!((root.functions(), root.numa_node), (3, Some(1)));
}

#[test]
fn a_branch_keeps_the_ports_above_what_is_wanted() {
    let layout = of(&known::behind_a_switch());
    let disk = "0000:84:00.1".parse().unwrap();
    let only = layout.bus[0].only(&|function| function.address == disk).unwrap();
    assert_eq!(
        addresses(&[only], 0),
        ["0000:80:01.0", " 0000:81:00.0", "  0000:82:01.0", "   0000:84:00.1"]
    );
    assert_eq!(layout.bus[0].only(&|_| false), None);
}

#[test]
fn an_endpoint_inside_the_root_complex_is_a_root_of_its_own() {
    let layout = of(&known::dsa());
    assert_eq!(addresses(&layout.bus, 0), ["0000:6a:01.0"]);
}

#[test]
fn a_queue_arrives_where_the_tag_of_its_entry_leads() {
    let tree = known::demo();
    let (layout, topology) = (of(&tree), Host::saved(tree.path()).topology());
    let queues = [
        Queue::new(0, CpuId(5)),
        Queue::new(1, CpuId(7)).tied_to(StIndex(0)),
        Queue::new(2, CpuId(12)).tied_to(StIndex(0)),
    ];
    let plan = Plan::new(1, &topology, &queues).unwrap();
    let arrivals = layout.arrivals(&plan);
    assert_eq!(arrivals.len(), 3);
    assert_eq!(arrivals[0].planned.landing, Landing::NotSteered);
    assert_eq!((arrivals[0].cpu, arrivals[0].domain), (None, None));
    for arrival in &arrivals[1..] {
        assert_eq!(arrival.cpu, Some(plan.entries[0].cpu));
        assert_eq!(arrival.domain, layout.domain_of(plan.entries[0].cpu));
    }
    let there = layout.domain(arrivals[1].domain.unwrap()).unwrap();
    assert!(there.cpus.contains(CpuId(7)));
}

#[test]
fn a_host_that_tells_nothing_is_empty() {
    assert_eq!(of(&Tree::new()), Layout::default());
}
