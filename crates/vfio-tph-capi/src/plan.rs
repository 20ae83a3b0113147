//! Which entry of the ST table gets which CPU, as C asks for it.

use std::path::Path;

use tph::{BatchLen, CpuId, StIndex};
use vfio_tph::{Errno, Host, Landing, PlannedEntry, Topology};

use crate::{Entry, Failure, PlannedQueue, Queue, numbers};

/// No such file or directory (the kernel's errno.h).
const ENOENT: Errno = Errno(2);

/// Which entry of the ST table gets which CPU, and which entry each queue gets. It never changes.
pub struct Plan {
    entries: Vec<Entry>,
    queues: Vec<PlannedQueue>,
}

/// C may read a plan in several threads at a time.
const _: fn() = || {
    fn any_thread<T: Send + Sync>() {}
    any_thread::<Plan>();
};

impl Plan {
    /// Plans for a table of so many entries, on this machine or on the one whose files were saved in
    /// the folder `host`.
    pub(crate) fn new(
        table_entries: u32,
        queues: &[Queue],
        host: Option<&Path>,
    ) -> Result<Self, Failure> {
        let room = u16::try_from(table_entries).ok().filter(|_| table_entries <= BatchLen::MAX);
        let room = room.ok_or_else(|| {
            let most = BatchLen::MAX;
            let text = format!("planning: no ST table has {table_entries} entries; {most} at most");
            Failure::argument(text).with_advice("Give table_entries of the device's capability.")
        })?;
        let queues: Vec<_> = queues.iter().enumerate().map(queue).collect::<Result<_, _>>()?;
        let plan = vfio_tph::Plan::new(room, &topology(host)?, &queues).map_err(|error| {
            Failure::argument(format!("planning: {error}"))
                .with_advice("Nothing was planned; ask again with queues that fit.")
        })?;
        let entries = plan.entries.iter().copied().map(entry).collect();
        Ok(Self { entries, queues: plan.queues.iter().map(planned).collect() })
    }

    /// The entries that hold a tag, by index.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The queues, as they were given.
    pub(crate) fn queues(&self) -> &[PlannedQueue] {
        &self.queues
    }
}

fn topology(host: Option<&Path>) -> Result<Topology, Failure> {
    let (files, name) = match host {
        Some(folder) => (Host::saved(folder), folder.display().to_string()),
        None => (Host::default(), "this machine".to_owned()),
    };
    let topology = files.topology();
    if topology.cpus.is_empty() {
        let place = "sys/devices/system/cpu/online";
        let text = format!("planning: ENOENT: {name} does not tell its CPUs ({place})");
        let advice = "Give NULL for this machine, with /sys mounted, or the folder in which the other \
                      host's sys lies.";
        return Err(Failure::new(ENOENT, text).with_advice(advice));
    }
    Ok(topology)
}

fn queue((at, queue): (usize, &Queue)) -> Result<vfio_tph::Queue, Failure> {
    let wrong = |what: String| Failure::argument(format!("planning: entry {at} of queues: {what}"));
    if queue.reserved != 0 {
        return Err(wrong("reserved is not 0".to_owned()));
    }
    let memory = numbers::memory(queue.memory).ok_or_else(|| {
        let what = format!("{} is no kind of memory", queue.memory);
        wrong(what).with_advice("Use one of VFIOTPH_MEMORY_.")
    })?;
    let free = vfio_tph::Queue::new(queue.number, CpuId(queue.cpu)).in_memory(memory);
    Ok(match queue.tied_to {
        numbers::VFIOTPH_ANY_ENTRY => free,
        entry => free.tied_to(StIndex(entry)),
    })
}

fn entry(entry: PlannedEntry) -> Entry {
    let memory = numbers::memory_number(entry.memory);
    Entry { cpu: entry.cpu.0, index: entry.index.0, memory, reserved: 0 }
}

fn planned(planned: &vfio_tph::PlannedQueue) -> PlannedQueue {
    let own = planned.queue.cpu;
    let (cpu, landing, level) = match planned.landing {
        Landing::Own { .. } => (own.0, numbers::VFIOTPH_LANDING_OWN, 0),
        Landing::Shared { cpu, level, .. } => (cpu.0, numbers::VFIOTPH_LANDING_SHARED, level),
        Landing::Elsewhere { cpu, .. } => (cpu.0, numbers::VFIOTPH_LANDING_ELSEWHERE, 0),
        // What is not known here leads to no cache that could be named.
        _ => (numbers::VFIOTPH_CPU_CLEAR, numbers::VFIOTPH_LANDING_NOT_STEERED, 0),
    };
    let entry = planned.landing.entry().map_or(numbers::VFIOTPH_ANY_ENTRY, |entry| entry.0);
    PlannedQueue { number: planned.queue.number, cpu, entry, landing, level }
}
