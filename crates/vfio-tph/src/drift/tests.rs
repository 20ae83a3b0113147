use tph::{Control, MemoryType, RequesterType};
use tph_lab_hosts::known;

use super::*;
use crate::{PlannedEntry, Queue};

const MODE: StMode = StMode::DeviceSpecific;

/// Queue 0 on CPU 3 with entry 0, queues 1 and 2 on CPU 9 with entry 1; queue 0 has vector 2.
fn plan() -> Plan {
    let queue = |number, cpu| Queue::new(number, CpuId(cpu));
    let entry = |index, cpu| PlannedEntry::new(StIndex(index), CpuId(cpu), MemoryType::Volatile);
    let queues = [
        (queue(0, 3).interrupting_with(StIndex(2)), Some(StIndex(0))),
        (queue(1, 9), Some(StIndex(1))),
        (queue(2, 9), Some(StIndex(1))),
    ];
    Plan::given(&host().topology, [entry(0, 3), entry(1, 9)], queues)
}

/// The host of the demonstration with TPH on and two entries.
fn host() -> Seen {
    let tree = known::demo();
    let mut seen = Host::saved(tree.path()).see("1:0.0".parse().unwrap(), None).unwrap();
    let on = RequesterEnable::On(RequesterType::ExtendedTph);
    let tph = tph_of(&mut seen);
    tph.control = Some(Control(0).with_mode(MODE).with_enable(on));
    tph.entries[..2].copy_from_slice(&[0x4012, 0x4230]);
    let cpus = |cpus| CpuSet::parse(cpus);
    let vector = |vector, cpu| VectorAffinity {
        vector: StIndex(vector),
        irq: 100 + u32::from(vector),
        cpus: cpus(cpu),
    };
    seen.vectors = vec![vector(0, "0-15"), vector(1, "0"), vector(2, "3")];
    let thread = |id, cpu| Thread { id, name: "poll".into(), cpus: cpus(cpu).unwrap() };
    seen.threads = Some((42, vec![thread(42, "0-15"), thread(43, "3"), thread(44, "9")]));
    seen
}

fn tph_of(seen: &mut Seen) -> &mut TphView {
    seen.function.tph.as_mut().unwrap().as_mut().unwrap()
}

/// What is said after `change`: the drifts, and what could not be compared.
fn said(change: impl FnOnce(&mut Seen)) -> (Vec<String>, Vec<String>) {
    let mut seen = host();
    change(&mut seen);
    let Comparison { drifts, not_compared } = plan().drift(MODE, &seen);
    let text = |drifts: Vec<Drift>| drifts.iter().map(ToString::to_string).collect();
    (text(drifts), not_compared.iter().map(ToString::to_string).collect())
}

fn drifts(change: impl FnOnce(&mut Seen)) -> Vec<String> {
    let (drifts, not_compared) = said(change);
    assert_eq!(not_compared, Vec::<String>::new());
    drifts
}

#[test]
fn what_was_planned_is_no_drift() {
    assert_eq!(drifts(|_| ()), Vec::<String>::new());
}

#[test]
fn each_drift_of_the_table_is_said() {
    assert_eq!(
        drifts(|seen| tph_of(seen).control = Some(Control(0))),
        ["TPH is off; the device is bound to vfio-pci-tph"]
    );
    let other = Control(0x301);
    assert_eq!(
        drifts(|seen| tph_of(seen).control = Some(other)),
        ["TPH is on in interrupt-vector mode, and the plan is for device-specific mode"]
    );
    let reserved = Control(0x307);
    assert_eq!(reserved.mode(), None);
    assert_eq!(
        drifts(|seen| tph_of(seen).control = Some(reserved)),
        ["TPH is on in a reserved mode, and the plan is for device-specific mode"]
    );
    let unbound = |seen: &mut Seen| {
        tph_of(seen).control = Some(Control(0));
        seen.function.driver = None;
    };
    assert_eq!(drifts(unbound), ["TPH is off"]);
    assert_eq!(
        drifts(|seen| seen.function.tph = Ok(None)),
        ["TPH is off; the device is bound to vfio-pci-tph"]
    );
    assert_eq!(
        drifts(|seen| tph_of(seen).entries[1..3].copy_from_slice(&[0, 0x4009])),
        [
            "entry 1 is 0, and should hold the tag of CPU 9",
            "entry 2 holds 0x4009, and the plan has no such entry"
        ]
    );
}

#[test]
fn without_root_the_module_tells() {
    let blind = |entries_in_use| {
        move |seen: &mut Seen| {
            seen.function.tph = Err(Unreadable::Permission { readable: 64 });
            let state = TableState { mode: Some(MODE), entries_in_use };
            seen.state = Some(state);
        }
    };
    assert_eq!(
        said(blind(2)),
        (vec![], vec!["which entries hold a tag: only their number is to be seen".into()])
    );
    assert_eq!(drifts(blind(1)), ["1 entry holds a tag, and the plan has 2"]);
    assert_eq!(drifts(blind(3)), ["3 entries hold a tag, and the plan has 2"]);
    let state = |mode| {
        drifts(move |seen| {
            blind(2)(seen);
            seen.state = Some(TableState { mode, entries_in_use: 0 });
        })
    };
    assert_eq!(state(None), ["TPH is off; the device is bound to vfio-pci-tph"]);
    assert_eq!(
        state(Some(StMode::InterruptVector)),
        [
            "TPH is on in interrupt-vector mode, and the plan is for device-specific mode",
            "0 entries hold a tag, and the plan has 2"
        ]
    );
    let (drifts, not_compared) = said(|seen| {
        blind(2)(seen);
        seen.state = None;
    });
    assert_eq!(drifts, Vec::<String>::new());
    assert_eq!(
        not_compared,
        [format!("mode and entries: {}", Unreadable::Permission { readable: 64 })]
    );
}

#[test]
fn each_drift_of_the_cpus_is_said() {
    let off = |seen: &mut Seen| {
        let cpu = seen.topology.cpus.iter_mut().find(|cpu| cpu.id == CpuId(9)).unwrap();
        cpu.presence = tph::CpuPresence::Offline;
    };
    assert_eq!(drifts(off), ["CPU 9 is not online, and should poll queues 1, 2"]);
    let mut seen = host();
    off(&mut seen);
    let without_queues = plan().entries;
    let found = Plan::given(&seen.topology, without_queues, []).drift(MODE, &seen);
    assert_eq!(found.drifts, [Drift::CpuNotOnline { cpu: CpuId(9), queues: vec![] }]);
    assert_eq!(found.drifts[0].to_string(), "CPU 9 is not online, and an entry has its tag");
    assert_eq!(
        drifts(|seen| seen.vectors[2].cpus = CpuSet::parse("4")),
        ["queue 0: vector 2 (IRQ 102) interrupts CPU 4, and the plan is for CPU 3"]
    );
    assert_eq!(
        drifts(|seen| seen.vectors[2].cpus = CpuSet::parse("3-4")),
        ["queue 0: vector 2 (IRQ 102) interrupts one of CPUs 3-4, and the plan is for CPU 3"]
    );
    assert_eq!(
        drifts(|seen| seen.vectors.truncate(2)),
        ["queue 0: vector 2 is not set up; there are 2"]
    );
    assert_eq!(
        drifts(|seen| seen.threads.as_mut().unwrap().1[2].cpus = CpuSet::parse("8-9").unwrap()),
        ["no thread of process 42 is pinned to CPU 9, which should poll queues 1, 2"]
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let none = said(|seen| seen.vectors.clear());
    assert_eq!(none, (vec![], vec!["interrupts: no vector of the device is set up".into()]));
    let unknown = said(|seen| seen.vectors[2].cpus = None);
    assert_eq!(unknown, (vec![], vec!["the interrupt of queue 0: no /proc/irq/102".into()]));
    let hidden = said(|seen| {
        let tph = tph_of(seen);
        tph.capability.table = Ok(StTable::Msix { entries: 64 });
        tph.entries.clear();
    });
    assert_eq!(hidden, (vec![], vec!["the entries: they are not to be seen".into()]));
}
