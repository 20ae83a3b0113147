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

#[cfg(test)]
mod tests {
    use super::*;
    use tph::{CpuId, StIndex, StMode};
    use vfio_tph::{CpuSet, Unreadable};

    #[test]
    fn each_drift_has_the_kind_that_is_documented() {
        let (cpu, index, queues) = (CpuId(3), StIndex(1), vec![0]);
        let (vector, found) = (index, CpuSet::parse("1").unwrap());
        let drifts = [
            Drift::Off { driver: None },
            Drift::OtherMode { found: None, planned: StMode::DeviceSpecific },
            Drift::EmptyEntry { index, cpu },
            Drift::StrayEntry { index, bits: 7 },
            Drift::EntryCount { found: 1, planned: 2 },
            Drift::CpuNotOnline { cpu, queues: queues.clone() },
            Drift::Interrupt { queue: 0, vector, irq: 9, found, planned: cpu },
            Drift::NoVector { queue: 0, vector, vectors: 1 },
            Drift::NoThread { process: 42, cpu, queues },
        ];
        let documented = include_str!("../../../../docs/command.md");
        let line = documented.lines().find(|line| line.starts_with("A drift's `kind`: ")).unwrap();
        let documented: Vec<_> = line.split('`').skip(3).step_by(2).collect();
        let kinds = drifts.iter().map(|drift| DriftReport::from(drift).kind).collect::<Vec<_>>();
        assert_eq!(kinds, documented);
    }

    #[test]
    fn what_is_not_compared_has_a_kind() {
        let (queue, irq) = (0, 9);
        let what = [
            (NotCompared::Mode { why: Unreadable::Permission { readable: 64 } }, "mode"),
            (NotCompared::WhichEntries, "which-entries"),
            (NotCompared::Entries, "entries"),
            (NotCompared::Vectors, "vectors"),
            (NotCompared::Interrupt { queue, irq }, "interrupt"),
        ];
        for (what, kind) in what {
            assert_eq!(DriftReport::from(&what).kind, kind);
        }
    }
}
