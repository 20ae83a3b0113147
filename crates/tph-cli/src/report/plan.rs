//! A plan: which entry gets which CPU, and what each queue gets of it.

use std::collections::BTreeSet;

use serde::Serialize;
use vfio_tph::{Landing, Plan, PlannedQueue};

use super::WarningReport;
use crate::cli::ModeArg;
use crate::words;

/// A plan for one device.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlanReport {
    pub(crate) device: String,
    pub(crate) mode: ModeArg,
    /// The table in words.
    pub(crate) table: String,
    pub(crate) table_entries: u16,
    /// What was decided, in a sentence.
    pub(crate) summary: String,
    pub(crate) queues: Vec<PlannedQueueReport>,
    pub(crate) entries: Vec<PlannedEntryReport>,
    /// The file that the plan was written to.
    pub(crate) file: Option<String>,
    /// What keeps the device from using it.
    pub(crate) warnings: Vec<WarningReport>,
}

/// A queue, and where its data lands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlannedQueueReport {
    pub(crate) queue: u32,
    pub(crate) cpu: u32,
    pub(crate) memory: String,
    /// Null if it is not steered.
    pub(crate) entry: Option<u16>,
    /// `own`, `shared`, `elsewhere`, `not-steered`.
    pub(crate) landing: &'static str,
    /// Whose tag its entry holds.
    pub(crate) tag_of: Option<u32>,
    /// The level of the closest cache that its CPU shares with that one.
    pub(crate) shared_level: Option<u8>,
    pub(crate) vector: Option<u16>,
    /// Why, in words.
    pub(crate) why: String,
}

/// An entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlannedEntryReport {
    pub(crate) index: u16,
    pub(crate) cpu: u32,
    pub(crate) memory: String,
    /// The queues that use it.
    pub(crate) queues: Vec<u32>,
}

impl PlannedEntryReport {
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let entry = |entry: &vfio_tph::PlannedEntry| {
            let uses = |queue: &&PlannedQueue| queue.landing.entry() == Some(entry.index);
            let queues = plan.queues.iter().filter(uses).map(|planned| planned.queue.number);
            let mut queues: Vec<_> = queues.collect();
            queues.sort_unstable();
            Self {
                index: entry.index.0,
                cpu: entry.cpu.0,
                memory: entry.memory.to_string(),
                queues,
            }
        };
        plan.entries.iter().map(entry).collect()
    }
}

impl From<&PlannedQueue> for PlannedQueueReport {
    fn from(planned: &PlannedQueue) -> Self {
        let queue = planned.queue;
        let (landing, tag_of, shared_level) = match planned.landing {
            Landing::Own { .. } => ("own", Some(queue.cpu), None),
            Landing::Shared { cpu, level, .. } => ("shared", Some(cpu), Some(level)),
            Landing::Elsewhere { cpu, .. } => ("elsewhere", Some(cpu), None),
            _ => ("not-steered", None, None),
        };
        Self {
            queue: queue.number,
            cpu: queue.cpu.0,
            memory: queue.memory.to_string(),
            entry: planned.landing.entry().map(|entry| entry.0),
            landing,
            tag_of: tag_of.map(|cpu| cpu.0),
            shared_level,
            vector: queue.vector.map(|vector| vector.0),
            why: why(planned),
        }
    }
}

fn why(planned: &PlannedQueue) -> String {
    let tied = planned.queue.tied_to.is_some();
    match planned.landing {
        Landing::Own { .. } => "its own CPU".into(),
        Landing::Shared { cpu, level, .. } if tied => {
            format!("tied to this entry, which has the tag of CPU {cpu}; they share an L{level}")
        }
        Landing::Shared { cpu, level, .. } => {
            format!("shares the L{level} of CPU {cpu}; the table has too few entries")
        }
        Landing::Elsewhere { cpu, .. } => {
            format!("tied to this entry, which has the tag of CPU {cpu}; they share no cache")
        }
        _ => "not steered: no entry is left for a cache of its CPU, so its data goes to memory"
            .into(),
    }
}

/// What was decided, in a sentence.
pub(crate) fn summary(plan: &Plan, table_entries: u16) -> String {
    let cpus: BTreeSet<_> = plan.queues.iter().map(|planned| planned.queue.cpu).collect();
    let of = |wanted: fn(Landing) -> bool| {
        plan.queues.iter().filter(|planned| wanted(planned.landing)).count()
    };
    let own = of(|landing| matches!(landing, Landing::Own { .. }));
    let shared = of(|landing| matches!(landing, Landing::Shared { .. }));
    let elsewhere = of(|landing| matches!(landing, Landing::Elsewhere { .. }));
    let lost = of(|landing| matches!(landing, Landing::NotSteered));
    let queues = |count: usize| words::count(count as u64, "queue");
    let start =
        format!("{} on {}", queues(plan.queues.len()), words::count(cpus.len() as u64, "CPU"));
    if own == plan.queues.len() {
        return format!("{start}: the data of each goes to its own CPU.");
    }
    let mut parts = vec![format!("{} to their own CPU", queues(own))];
    let rest = [
        (shared, "to a CPU that shares a cache with it"),
        (elsewhere, "to a CPU that shares none"),
        (lost, "not steered"),
    ];
    parts.extend(
        rest.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
    );
    let few = cpus.len() > usize::from(table_entries);
    let entries = words::count(u64::from(table_entries), "entry");
    let reason = if few { format!(" The table has {entries} only.") } else { String::new() };
    format!("{start}: {}.{reason}", parts.join(", "))
}
