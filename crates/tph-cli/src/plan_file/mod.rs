//! Plans in files: TOML, read and written.

mod flaw;
mod text;

use std::path::Path;

use tph::{StIndex, TagSource};
use vfio_tph::{Plan, PlannedEntry, Queue, Topology};

use crate::cli::ModeArg;

pub(crate) use flaw::PlanFileError;
use text::{EntryText, QueueText, Text};

/// The version of the format.
const VERSION: u32 = 1;

/// A plan for a device, as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanFile {
    /// The device as a person calls it.
    pub(crate) device: String,
    pub(crate) mode: ModeArg,
    /// The queues, each with the entry that it was given.
    pub(crate) queues: Vec<(Queue, Option<StIndex>)>,
    pub(crate) entries: Vec<PlannedEntry>,
}

impl PlanFile {
    pub(crate) fn new(device: String, mode: ModeArg, plan: &Plan) -> Self {
        let queue = |planned: &vfio_tph::PlannedQueue| (planned.queue, planned.landing.entry());
        let queues = plan.queues.iter().map(queue).collect();
        Self { device, mode, queues, entries: plan.entries.clone() }
    }

    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, PlanFileError> {
        let origin = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&origin, &text),
            Err(source) => Err(PlanFileError::Unreadable { origin, source }),
        }
    }

    /// Reads text; `origin` is how errors call it.
    pub(crate) fn parse(origin: &str, text: &str) -> Result<Self, PlanFileError> {
        let read = Text::parse(origin, text)?;
        flaw::check(origin, text, &read)?;
        Ok(Self {
            device: read.device,
            mode: read.mode,
            queues: read.queue.iter().map(QueueText::queue).collect(),
            entries: read.entry.iter().map(EntryText::entry).collect(),
        })
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> Result<String, toml::ser::Error> {
        let text = Text {
            version: VERSION,
            device: self.device.clone(),
            mode: self.mode,
            queue: self.queues.iter().map(|(queue, entry)| QueueText::new(queue, *entry)).collect(),
            entry: self.entries.iter().copied().map(EntryText::new).collect(),
        };
        toml::to_string(&text)
    }

    /// The plan, judged on a host with this topology.
    pub(crate) fn plan(&self, topology: &Topology) -> Plan {
        Plan::given(topology, self.entries.iter().copied(), self.queues.iter().copied())
    }

    /// What programming takes.
    pub(crate) fn batch(&self) -> Vec<(StIndex, TagSource)> {
        self.plan(&Topology::default()).batch()
    }
}

#[cfg(test)]
mod tests;
