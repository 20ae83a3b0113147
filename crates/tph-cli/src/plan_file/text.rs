//! The format.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use tph::{CpuId, MemoryType, StIndex};
use vfio_tph::{PlannedEntry, Queue};

use super::VERSION;
use super::flaw::{PlanFileError, place};
use crate::cli::{MemoryArg, ModeArg};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub(super) version: u32,
    /// A PCI address, or on an emulated host a name.
    pub(super) device: String,
    pub(super) mode: ModeArg,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) queue: Vec<QueueText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) entry: Vec<EntryText>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueText {
    pub(super) number: Spanned<u32>,
    pub(super) cpu: Spanned<u32>,
    #[serde(default, skip_serializing_if = "MemoryArg::is_volatile")]
    memory: MemoryArg,
    /// The entry that it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<Spanned<u16>>,
    /// Whether the device leaves it no other.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) tied: bool,
    /// The MSI-X vector by which it interrupts its CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<u16>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryText {
    pub(super) index: Spanned<u16>,
    pub(super) cpu: Spanned<u32>,
    #[serde(default, skip_serializing_if = "MemoryArg::is_volatile")]
    memory: MemoryArg,
}

/// What of a file says which format the rest has.
#[derive(Deserialize)]
struct Head {
    version: Spanned<u32>,
}

impl Text {
    /// Reads the version first: a newer format has keys that this one does not know.
    pub(super) fn parse(origin: &str, text: &str) -> Result<Self, PlanFileError> {
        let syntax = |source| PlanFileError::Syntax { origin: origin.to_owned(), source };
        let head: Head = toml::from_str(text).map_err(syntax)?;
        let version = *head.version.get_ref();
        if version != VERSION {
            let (line, column) = place(text, head.version.span().start);
            let origin = origin.to_owned();
            return Err(PlanFileError::Version { origin, line, column, version, known: VERSION });
        }
        toml::from_str(text).map_err(syntax)
    }
}

impl QueueText {
    pub(super) fn new(queue: &Queue, entry: Option<StIndex>) -> Self {
        let entry = queue.tied_to.or(entry);
        Self {
            number: unplaced(queue.number),
            cpu: unplaced(queue.cpu.0),
            memory: MemoryArg::from(queue.memory),
            entry: entry.map(|entry| unplaced(entry.0)),
            tied: queue.tied_to.is_some(),
            vector: queue.vector.map(|vector| vector.0),
        }
    }

    pub(super) fn queue(&self) -> (Queue, Option<StIndex>) {
        let queue = Queue::new(*self.number.get_ref(), CpuId(*self.cpu.get_ref()));
        let mut queue = queue.in_memory(MemoryType::from(self.memory));
        let entry = self.entry.as_ref().map(|entry| StIndex(*entry.get_ref()));
        queue.tied_to = entry.filter(|_| self.tied);
        queue.vector = self.vector.map(StIndex);
        (queue, entry)
    }
}

impl EntryText {
    pub(super) fn new(entry: PlannedEntry) -> Self {
        Self {
            index: unplaced(entry.index.0),
            cpu: unplaced(entry.cpu.0),
            memory: MemoryArg::from(entry.memory),
        }
    }

    pub(super) fn entry(&self) -> PlannedEntry {
        let cpu = CpuId(*self.cpu.get_ref());
        PlannedEntry::new(StIndex(*self.index.get_ref()), cpu, self.memory.into())
    }
}

/// What is written has no place yet.
fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(value: &bool) -> bool {
    !value
}
