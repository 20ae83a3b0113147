//! Plans: what is planned for any queues can be programmed, and reads back as the plan.
//!
//! A small host with any caches, an emulated function with any number of entries, any queues. The
//! plan is carried out on the function; what it answers, what lies in its table and what the drift
//! finds must be what was planned.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use tph::{CpuId, MemoryType, RequesterType, StIndex, StMode};
use tph_emu::profile::{Cache as CacheProfile, word_of};
use tph_emu::{Caller, EmuDevice, FunctionId, Host, Profile, SharedHost};
use vfio_tph::{Cache, CacheKind, Cpu, CpuPresence, Landing, Plan, Queue, Topology, TphDevice};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "plan", run, longest: 192, slice: 4_000 };

const MOST_QUEUES: u32 = 24;

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let profile = profile(&mut input);
    let topology = topology(&profile);
    let entries = profile.functions[0].tph.expect("it has a table").entries;
    let queues = queues(&mut input, entries);
    let Ok(plan) = Plan::new(entries, &topology, &queues) else {
        return refused(entries, &topology, &queues);
    };
    assert_eq!(Plan::new(entries, &topology, &queues).as_ref(), Ok(&plan), "the same plan again");
    landings(&plan, entries, &queues);
    carried_out(&profile, &plan, entries);
}

/// The host of the demonstration with other caches and another table; CPU 15 may be offline.
fn profile(input: &mut Unstructured<'_>) -> Profile {
    let mut profile = Profile::demo();
    let function = &mut profile.functions[0];
    let tph = function.tph.as_mut().expect("the demonstration is about it");
    tph.entries = u16::try_from(1 + below(input, 64)).unwrap();
    profile.cpus[15].online = any(input);
    if any(input) {
        profile.caches.clear();
        for id in 0..below(input, 6) {
            let bits: u16 = any(input);
            let cpus = (0..16).filter(|cpu| bits >> cpu & 1 != 0).collect();
            let level = u8::try_from(1 + below(input, 4)).unwrap();
            profile.caches.push(CacheProfile { id, level, cpus });
        }
    }
    profile
}

fn topology(profile: &Profile) -> Topology {
    let presence = |online| if online { CpuPresence::Online } else { CpuPresence::Offline };
    let cpus = profile.cpus.iter().map(|cpu| Cpu::new(CpuId(cpu.id), presence(cpu.online)));
    let cache = |cache: &CacheProfile| {
        Cache::new(cache.level, CacheKind::Unified, cache.cpus.iter().map(CpuId).collect())
    };
    Topology::new(cpus.collect(), profile.caches.iter().map(cache).collect())
}

fn queues(input: &mut Unstructured<'_>, entries: u16) -> Vec<Queue> {
    let count = below(input, MOST_QUEUES);
    let mut queues = Vec::new();
    for number in 0..count {
        let form: u8 = any(input);
        let number = if form == 0xff { 0 } else { number };
        let mut queue = Queue::new(number, CpuId(below(input, 17)));
        if form & 0x60 == 0 {
            queue = queue.in_memory(MemoryType::Persistent);
        }
        if form & 0x1c == 0 {
            let entry = below(input, u32::from(entries) + 1);
            queue = queue.tied_to(StIndex(u16::try_from(entry).unwrap()));
        }
        queues.push(queue);
    }
    queues
}

/// What was refused makes no sense: a number twice, a CPU that does not run, an entry that is not
/// there or for two kinds of memory.
fn refused(entries: u16, topology: &Topology, queues: &[Queue]) {
    let runs = |queue: &Queue| {
        topology.cpu(queue.cpu).is_some_and(|cpu| cpu.presence == CpuPresence::Online)
    };
    let twice = |queue: &Queue| queues.iter().filter(|it| it.number == queue.number).count() > 1;
    let outside = |queue: &Queue| queue.tied_to.is_some_and(|entry| entry.0 >= entries);
    let differs = |queue: &Queue| {
        let other = |it: &Queue| it.tied_to == queue.tied_to && it.memory != queue.memory;
        queue.tied_to.is_some() && queues.iter().any(other)
    };
    let wrong = |queue: &Queue| !runs(queue) || twice(queue) || outside(queue) || differs(queue);
    assert!(queues.iter().any(wrong), "{queues:?}");
}

/// Every queue is there once; an entry that it names is of its kind of memory; nobody goes without a
/// tag of its own while an entry is free.
fn landings(plan: &Plan, entries: u16, queues: &[Queue]) {
    let planned: BTreeMap<_, _> = plan.entries.iter().map(|entry| (entry.index, entry)).collect();
    assert_eq!(planned.len(), plan.entries.len(), "an entry twice");
    assert!(plan.entries.iter().all(|entry| entry.index.0 < entries));
    assert!(plan.queues.iter().map(|planned| planned.queue).eq(queues.iter().copied()));
    let full = planned.len() == usize::from(entries);
    for it in &plan.queues {
        if let Some(tied) = it.queue.tied_to {
            assert_eq!(it.landing.entry(), Some(tied));
        }
        let entry = it.landing.entry().map(|entry| planned[&entry]);
        assert!(entry.is_none_or(|entry| entry.memory == it.queue.memory), "{it:?}");
        match it.landing {
            Landing::Own { .. } => assert_eq!(entry.unwrap().cpu, it.queue.cpu),
            Landing::Shared { cpu, .. } | Landing::Elsewhere { cpu, .. } => {
                assert_eq!(entry.unwrap().cpu, cpu);
                assert!(full || it.queue.tied_to.is_some(), "{it:?} of {plan:?}");
            }
            _ => assert!(full && it.queue.tied_to.is_none(), "{it:?} of {plan:?}"),
        }
    }
}

fn carried_out(profile: &Profile, plan: &Plan, entries: u16) {
    let host = SharedHost::new(Host::new(profile));
    let function = host.lock().functions().map(|(id, _)| id).next().expect("it has one");
    let device = EmuDevice::open(&host, function, Caller::anywhere()).expect("it opens");
    let mut device = TphDevice::new(device, "nic0");
    let mut on = device.enable(StMode::DeviceSpecific).expect("it has the mode");
    on.program(&plan.batch()).expect("a plan can be carried out");
    let indices: Vec<StIndex> = (0..entries).map(StIndex).collect();
    let found = on.entries(&indices).expect("it has these entries");
    let planned: BTreeMap<_, _> = plan.entries.iter().map(|entry| (entry.index, entry)).collect();
    for (index, found) in indices.into_iter().zip(found) {
        let wanted = planned.get(&index).map(|entry| (entry.cpu, entry.memory));
        assert_eq!(found.map(|found| (found.cpu, found.memory)), wanted, "entry {index}");
        assert_eq!(held(&host, function, index), tag(profile, wanted), "entry {index}");
    }
}

fn held(host: &SharedHost, function: FunctionId, index: StIndex) -> u16 {
    host.lock().endpoint(function).st_entry(index).expect("it is in the table")
}

/// The bits of the tag that the firmware names, 0 for none.
fn tag(profile: &Profile, wanted: Option<(CpuId, MemoryType)>) -> u16 {
    let Some((cpu, memory)) = wanted else { return 0 };
    let firmware = profile.firmware.as_ref().expect("it names tags");
    let word = word_of(profile, firmware, cpu.0);
    word.tag(memory, RequesterType::ExtendedTph).expect("all are valid").entry_bits()
}
