//! What a plan does with few and many entries.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tph::{CpuId, CpuPresence, MemoryType, StIndex, TagSource};

use super::{Landing, Plan, PlanError, Queue};
use crate::{Cache, CacheKind, Cpu, CpuSet, Topology};

/// Two sockets with an L3 each, four cores in each, two threads in each core: CPUs 0 to 7 and 8 to
/// 15, neighbours share an L2.
fn two_sockets() -> Topology {
    let cpus = (0..16).map(|id| Cpu::new(CpuId(id), CpuPresence::Online)).collect();
    let set = |from: u32, len: u32| -> CpuSet { (from..from + len).map(CpuId).collect() };
    let l3 = [0, 8].map(|first| Cache::new(3, CacheKind::Unified, set(first, 8)));
    let l2 = (0..8).map(|core| Cache::new(2, CacheKind::Unified, set(core * 2, 2)));
    let code = (0..16).map(|cpu| Cache::new(1, CacheKind::Instruction, set(cpu, 1)));
    Topology::new(cpus, l3.into_iter().chain(l2).chain(code).collect())
}

/// A queue for each of these CPUs, in their order.
fn queues(cpus: &[u32]) -> Vec<Queue> {
    (0..).zip(cpus).map(|(number, cpu)| Queue::new(number, CpuId(*cpu))).collect()
}

fn plan(entries: u16, queues: &[Queue]) -> Plan {
    Plan::new(entries, &two_sockets(), queues).unwrap()
}

fn cpus_of(plan: &Plan) -> Vec<u32> {
    plan.entries.iter().map(|entry| entry.cpu.0).collect()
}

fn landings(plan: &Plan) -> Vec<Landing> {
    plan.queues.iter().map(|queue| queue.landing).collect()
}

#[test]
fn with_entries_enough_each_cpu_has_its_own() {
    let plan = plan(64, &queues(&[3, 7, 3, 12]));
    assert_eq!(cpus_of(&plan), [3, 7, 12]);
    let own = |entry| Landing::Own { entry: StIndex(entry) };
    assert_eq!(landings(&plan), [own(0), own(1), own(0), own(2)], "queues of one CPU share");
    let source = |cpu| TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
    let batch = [(StIndex(0), source(3)), (StIndex(1), source(7)), (StIndex(2), source(12))];
    assert_eq!(plan.batch(), batch);
}

#[test]
fn neighbours_share_before_strangers_do() {
    // CPUs 0 and 1 share an L2, 4 is alone in its own: three CPUs, two entries.
    let plan = plan(2, &queues(&[0, 1, 4]));
    assert_eq!(cpus_of(&plan), [0, 4]);
    let shared = Landing::Shared { entry: StIndex(0), cpu: CpuId(0), level: 2 };
    assert_eq!(landings(&plan)[1], shared);
}

#[test]
fn the_busiest_cpu_of_a_group_gives_the_tag() {
    let plan = plan(1, &queues(&[0, 5, 5]));
    assert_eq!(cpus_of(&plan), [5]);
    assert_eq!(landings(&plan)[0], Landing::Shared { entry: StIndex(0), cpu: CpuId(5), level: 3 });
}

#[test]
fn what_shares_no_cache_with_an_entry_is_not_steered() {
    let plan = plan(1, &queues(&[0, 8, 9]));
    assert_eq!(cpus_of(&plan), [8]);
    assert_eq!(landings(&plan)[0], Landing::NotSteered);
}

#[test]
fn spare_entries_go_where_most_queues_are() {
    // Socket 1 has most queues, so that the third entry splits it and not socket 0.
    let plan = plan(3, &queues(&[0, 2, 8, 8, 10, 12]));
    assert_eq!(cpus_of(&plan), [0, 8, 10]);
    let l3 = |entry, cpu| Landing::Shared { entry: StIndex(entry), cpu: CpuId(cpu), level: 3 };
    assert_eq!(landings(&plan)[1], l3(0, 0));
    assert_eq!(landings(&plan)[5], l3(2, 10), "what is left of a split shares");
}

#[test]
fn a_tied_queue_keeps_its_entry_and_the_others_go_round_it() {
    let queues = [
        Queue::new(0, CpuId(3)).tied_to(StIndex(1)),
        Queue::new(1, CpuId(3)).tied_to(StIndex(1)),
        Queue::new(2, CpuId(8)).tied_to(StIndex(1)),
        Queue::new(3, CpuId(5)),
        Queue::new(4, CpuId(6)),
    ];
    let plan = plan(3, &queues);
    assert_eq!(cpus_of(&plan), [5, 3, 6]);
    assert_eq!(landings(&plan)[2], Landing::Elsewhere { entry: StIndex(1), cpu: CpuId(3) });
}

#[test]
fn of_queues_tied_to_an_entry_the_cpu_with_most_gives_the_tag_and_of_equals_the_first() {
    for (cpus, expected) in [(&[3, 8, 8][..], 8), (&[8, 3], 3), (&[8, 3, 3, 8], 3)] {
        let tied: Vec<_> =
            queues(cpus).into_iter().map(|queue| queue.tied_to(StIndex(0))).collect();
        assert_eq!(cpus_of(&plan(1, &tied)), [expected], "{cpus:?}");
    }
}

#[test]
fn a_queue_that_lands_anywhere_has_an_entry() {
    let (entry, cpu) = (StIndex(4), CpuId(2));
    let shared = Landing::Shared { entry, cpu, level: 3 };
    for landing in [Landing::Own { entry }, shared, Landing::Elsewhere { entry, cpu }] {
        assert_eq!(landing.entry(), Some(entry));
    }
    assert_eq!(Landing::NotSteered.entry(), None);
}

#[test]
fn kinds_of_memory_never_share() {
    let persistent = Queue::new(1, CpuId(0)).in_memory(MemoryType::Persistent);
    let plan = plan(2, &[Queue::new(0, CpuId(0)), persistent]);
    let memory: Vec<_> = plan.entries.iter().map(|entry| entry.memory).collect();
    assert_eq!(memory, [MemoryType::Volatile, MemoryType::Persistent]);
}

#[test]
fn without_a_table_nothing_is_steered() {
    assert_eq!(landings(&plan(0, &queues(&[1]))), [Landing::NotSteered]);
}

#[test]
fn a_host_that_tells_no_caches_shares_nothing() {
    let cpus = (0..3).map(|id| Cpu::new(CpuId(id), CpuPresence::Online)).collect();
    let plan = Plan::new(2, &Topology::new(cpus, vec![]), &queues(&[0, 1, 2])).unwrap();
    assert_eq!(landings(&plan)[2], Landing::NotSteered);
}

#[test]
fn queues_that_make_no_sense_are_refused() {
    let refused = |queues: &[Queue]| {
        let mut host = two_sockets();
        host.cpus[15].presence = CpuPresence::Offline;
        Plan::new(4, &host, queues).unwrap_err()
    };
    for cpu in [15, 16] {
        let error = refused(&queues(&[0, cpu]));
        assert_eq!(error, PlanError::CpuNotOnline { queue: 1, cpu: CpuId(cpu) });
    }
    assert_eq!(
        refused(&[Queue::new(7, CpuId(0)), Queue::new(7, CpuId(1))]),
        PlanError::NamedTwice { queue: 7 }
    );
    let outside = refused(&[Queue::new(0, CpuId(0)).tied_to(StIndex(4))]);
    assert_eq!(outside.to_string(), "queue 0 is tied to entry 4, and the table has 4");
    let persistent = Queue::new(1, CpuId(0)).in_memory(MemoryType::Persistent);
    let differs =
        refused(&[Queue::new(0, CpuId(0)).tied_to(StIndex(2)), persistent.tied_to(StIndex(2))]);
    assert_eq!(
        differs.to_string(),
        "queues 0 and 1 are tied to entry 2, and one entry is for one kind of memory"
    );
}

proptest! {
    #[test]
    fn a_plan_fits_the_table_and_says_what_it_does(
        cpus in prop::collection::vec(0_u32..16, 0..40),
        entries in 0_u16..20,
    ) {
        let queues = queues(&cpus);
        let plan = plan(entries, &queues);
        prop_assert!(plan.entries.len() <= usize::from(entries));
        prop_assert!(plan.entries.iter().all(|entry| entry.index.0 < entries));
        let distinct: BTreeSet<_> = cpus.iter().collect();
        let used = plan.entries.len();
        prop_assert_eq!(used, distinct.len().min(entries.into()), "no entry is left unused in need");
        for planned in &plan.queues {
            let tag = |entry| plan.entries.iter().find(|e| e.index == entry).unwrap().cpu;
            match planned.landing {
                Landing::Own { entry } => prop_assert_eq!(tag(entry), planned.queue.cpu),
                Landing::Shared { entry, cpu, level } => {
                    prop_assert_eq!(tag(entry), cpu);
                    prop_assert_ne!(cpu, planned.queue.cpu);
                    let shares = |cache: &Cache| cache.level == level && cache.cpus.contains(cpu);
                    let host = two_sockets();
                    prop_assert!(host.data_caches(planned.queue.cpu).any(shares));
                }
                Landing::Elsewhere { .. } => prop_assert!(false, "nothing is tied here"),
                Landing::NotSteered => {
                    let near = |entry: &super::PlannedEntry| (entry.cpu.0 < 8) == (planned.queue.cpu.0 < 8);
                    prop_assert!(!plan.entries.iter().any(near), "an entry of the socket would do");
                }
            }
        }
        prop_assert_eq!(&plan, &Plan::new(entries, &two_sockets(), &queues).unwrap());
    }
}
