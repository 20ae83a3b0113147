//! How a plan and what is to be seen differ.

use serde::Serialize;
use vfio_tph::{Comparison, Drift, NotCompared};

/// A plan, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerifyReport {
    pub(crate) device: String,
    /// The plan.
    pub(crate) plan: String,
    /// Whether nothing differs, of what could be compared.
    pub(crate) as_planned: bool,
    pub(crate) drifts: Vec<DriftReport>,
    pub(crate) not_compared: Vec<DriftReport>,
}

/// Something that differs, or that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DriftReport {
    pub(crate) kind: &'static str,
    /// The same in words.
    pub(crate) text: String,
}

impl VerifyReport {
    pub(crate) fn new(device: String, plan: String, comparison: &Comparison) -> Self {
        Self {
            device,
            plan,
            as_planned: comparison.drifts.is_empty(),
            drifts: comparison.drifts.iter().map(DriftReport::from).collect(),
            not_compared: comparison.not_compared.iter().map(DriftReport::from).collect(),
        }
    }
}

impl From<&Drift> for DriftReport {
    fn from(drift: &Drift) -> Self {
        let kind = match drift {
            Drift::Off { .. } => "off",
            Drift::OtherMode { .. } => "other-mode",
            Drift::EmptyEntry { .. } => "empty-entry",
            Drift::StrayEntry { .. } => "stray-entry",
            Drift::EntryCount { .. } => "entry-count",
            Drift::CpuNotOnline { .. } => "cpu-not-online",
            Drift::Interrupt { .. } => "interrupt",
            Drift::NoVector { .. } => "no-vector",
            Drift::NoThread { .. } => "no-thread",
            _ => "other",
        };
        Self { kind, text: drift.to_string() }
    }
}

impl From<&NotCompared> for DriftReport {
    fn from(what: &NotCompared) -> Self {
        let kind = match what {
            NotCompared::Mode { .. } => "mode",
            NotCompared::WhichEntries => "which-entries",
            NotCompared::Entries => "entries",
            NotCompared::Vectors => "vectors",
            NotCompared::Interrupt { .. } => "interrupt",
            _ => "other",
        };
        Self { kind, text: what.to_string() }
    }
}
