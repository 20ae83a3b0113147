//! The demonstration with two functions as data.

use serde::Serialize;

use super::rows::{HintRow, PeerRow};
use crate::report::FunctionReport;

/// Everything that the demonstration did and saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PeerReport {
    /// The NIC before anything was done to it.
    pub(super) nic: FunctionReport,
    /// The accelerator before anything was done to it.
    pub(super) accelerator: FunctionReport,
    /// Places for tags that the NIC can use: all but place 0.
    pub(super) places: u16,
    /// A row for each queue.
    pub(super) rows: Vec<PeerRow>,
    pub(super) revocation: Revocation,
    pub(super) cleaned: Cleaned,
    /// Whether everything was as it should be.
    pub(super) passed: bool,
}

/// What happened while the accelerator's memory was off, and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Revocation {
    /// What the NIC's driver was answered when it asked for the tag.
    pub(super) answer: Option<String>,
    /// Whether mapping was refused.
    pub(super) map_refused: bool,
    pub(super) packets_while_off: u64,
    pub(super) faults_while_off: u64,
    /// Whether the tag was the same after the memory was on again, and on the wire.
    pub(super) same_tag: bool,
    pub(super) packets_afterwards: u64,
}

/// What is left at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Cleaned {
    /// The NIC's control register.
    pub(super) control: Option<u32>,
    /// Places in use while the buffers were registered.
    pub(super) places_used: usize,
    /// Whether all places were free afterwards.
    pub(super) places_free: bool,
}

/// What was seen, step by step.
pub(super) struct Steps {
    pub(super) places: u16,
    pub(super) rows: Vec<PeerRow>,
    pub(super) revocation: Revocation,
    pub(super) in_use: usize,
    pub(super) freed: bool,
    pub(super) after: FunctionReport,
}

impl PeerReport {
    pub(super) fn new([nic, accelerator]: [FunctionReport; 2], steps: Steps) -> Self {
        let control = steps.after.tph.and_then(|tph| tph.control).map(|control| control.raw);
        let cleaned = Cleaned { control, places_used: steps.in_use, places_free: steps.freed };
        let mut report = Self {
            nic,
            accelerator,
            places: steps.places.saturating_sub(1),
            rows: steps.rows,
            revocation: steps.revocation,
            cleaned,
            passed: false,
        };
        report.passed = report.complaint().is_none();
        report
    }

    /// How many packets were looked at, at both ends.
    pub(super) fn packets(&self) -> u64 {
        let rows: u64 = self.rows.iter().map(|row| row.received.packets).sum();
        rows + self.revocation.packets_afterwards
    }

    /// The first thing that was not as it should be.
    pub(super) fn complaint(&self) -> Option<String> {
        if self.rows.is_empty() {
            return Some("no queue sent anything".into());
        }
        let wrong = self.rows.iter().find(|row| !row.correct);
        wrong
            .map(|row| {
                format!(
                    "queue {}: every packet should carry {}; the NIC sent {}, the accelerator \
                     received {}",
                    row.queue,
                    hint(row.expected),
                    hints(&row.sent.hints),
                    hints(&row.received.hints)
                )
            })
            .or_else(|| self.revocation.complaint())
            .or_else(|| self.cleaned.complaint())
    }
}

impl Revocation {
    fn complaint(&self) -> Option<String> {
        let Self { packets_while_off, faults_while_off, packets_afterwards, .. } = *self;
        if self.answer.as_deref() != Some("ENODEV") || !self.map_refused {
            return Some("a dma-buf whose memory is off can be asked for its tag or mapped".into());
        }
        if packets_while_off != 0 || faults_while_off == 0 {
            return Some("packets reached memory that is off".into());
        }
        let back = self.same_tag && packets_afterwards != 0;
        (!back).then(|| "memory that is on again is not written with its tag".into())
    }
}

impl Cleaned {
    fn complaint(self) -> Option<String> {
        match self {
            Self { control: Some(0), places_used: 1.., places_free: true } => None,
            Self { control: Some(0), .. } => Some("a place of the NIC is still taken".into()),
            Self { control, .. } => {
                Some(format!("the control register is {control:x?} after TPH was turned off"))
            }
        }
    }
}

/// A hint in words.
pub(super) fn hint(hint: Option<HintRow>) -> String {
    hint.map_or("no hint".into(), |hint| hint.to_string())
}

/// Hints in words.
pub(super) fn hints(seen: &[Option<HintRow>]) -> String {
    let seen: Vec<_> = seen.iter().map(|seen| hint(*seen)).collect();
    if seen.is_empty() { "nothing".into() } else { seen.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_with_memory_that_was_off_is_noticed() {
        let good = Revocation {
            answer: Some("ENODEV".into()),
            map_refused: true,
            packets_while_off: 0,
            faults_while_off: 1,
            same_tag: true,
            packets_afterwards: 32,
        };
        assert_eq!(good.complaint(), None);
        for bad in [
            Revocation { answer: None, ..good.clone() },
            Revocation { answer: Some("EINVAL".into()), ..good.clone() },
            Revocation { map_refused: false, ..good.clone() },
            Revocation { packets_while_off: 1, ..good.clone() },
            Revocation { faults_while_off: 0, ..good.clone() },
            Revocation { same_tag: false, ..good.clone() },
            Revocation { packets_afterwards: 0, ..good.clone() },
        ] {
            assert!(bad.complaint().is_some(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_left_behind_is_noticed() {
        let clean = Cleaned { control: Some(0), places_used: 3, places_free: true };
        assert_eq!(clean.complaint(), None);
        for dirty in [
            Cleaned { control: Some(0x302), ..clean },
            Cleaned { control: None, ..clean },
            Cleaned { places_free: false, ..clean },
            Cleaned { places_used: 0, ..clean },
        ] {
            assert!(dirty.complaint().is_some(), "{dirty:?}");
        }
    }
}
