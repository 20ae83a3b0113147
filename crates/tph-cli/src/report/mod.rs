//! What the command has to say, as data: the text and the JSON of a verb both come from here.
//!
//! Field names are a promise: docs/command.md lists them, and [`SCHEMA`] changes with them.

mod change;
mod drift;
mod explain;
mod function;
mod plan;
mod tag;
mod tph;
mod warning;

pub(crate) use change::ChangeReport;
pub(crate) use drift::VerifyReport;
pub(crate) use explain::{ExplainReport, LinkReport};
pub(crate) use function::{FunctionReport, PortReport};
pub(crate) use plan::summary as plan_summary;
pub(crate) use plan::{PlanReport, PlannedEntryReport, PlannedQueueReport};
pub(crate) use tag::Tag;
pub(crate) use tph::{EntryReport, TphReport};
pub(crate) use warning::WarningReport;
#[cfg(test)]
pub(crate) use warning::tests::only_the_port_without_prefixes_is_warned_of;

use serde::Serialize;

/// The version of all JSON that the command writes.
pub(crate) const SCHEMA: u32 = 1;

/// An answer with the version of its schema.
#[derive(Debug, Serialize)]
pub(crate) struct Document<T> {
    schema: u32,
    #[serde(flatten)]
    body: T,
}

impl<T> Document<T> {
    pub(crate) fn new(body: T) -> Self {
        Self { schema: SCHEMA, body }
    }
}
