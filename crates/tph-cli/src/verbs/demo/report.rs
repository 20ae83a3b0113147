//! The demonstration as data.

use serde::Serialize;
use tph::StMode;
use tph_emu::Profile;
use vfio_tph::DeviceCapability;

use super::packets::QueueRow;
use crate::report::FunctionReport;
use crate::words;

/// Everything that the demonstration did and saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DemoReport {
    pub(super) host: HostReport,
    /// The NIC before anything was done to it.
    pub(super) function: FunctionReport,
    /// What it answers when asked.
    pub(super) capability: CapabilityReport,
    /// Its control register while TPH was on.
    pub(super) control: Option<u32>,
    /// What each queue sent while TPH was on.
    pub(super) steered: Vec<QueueRow>,
    /// What each queue sent after it was turned off.
    pub(super) unsteered: Vec<QueueRow>,
    pub(super) cleaned: Cleaned,
    /// Whether everything was as it should be.
    pub(super) passed: bool,
}

/// The emulated host.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HostReport {
    pub(super) profile: String,
    pub(super) cpus: usize,
    pub(super) sockets: usize,
}

/// The answer to the first request of every driver.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DeviceCapability"))]
pub(super) struct CapabilityReport {
    pub(super) modes: Vec<&'static str>,
    pub(super) table_entries: u16,
}

/// The registers at the end.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Cleaned {
    pub(super) control: Option<u32>,
    pub(super) entries: usize,
    pub(super) entries_not_zero: usize,
}

impl Cleaned {
    pub(super) fn of(function: &FunctionReport) -> Self {
        let tph = function.tph.as_ref();
        let entries = tph.map(|tph| tph.entries.as_slice()).unwrap_or_default();
        Self {
            control: tph.and_then(|tph| tph.control.as_ref()).map(|control| control.raw),
            entries: entries.len(),
            entries_not_zero: entries.iter().filter(|entry| entry.raw != 0).count(),
        }
    }
}

/// What was seen, step by step.
pub(super) struct Steps {
    pub(super) before: FunctionReport,
    pub(super) capability: DeviceCapability,
    pub(super) enabled: FunctionReport,
    pub(super) steered: Vec<QueueRow>,
    pub(super) unsteered: Vec<QueueRow>,
    pub(super) cleaned: Cleaned,
}

impl DemoReport {
    pub(super) fn new(profile: &Profile, steps: Steps) -> Self {
        let mut sockets: Vec<_> = profile.cpus.iter().map(|cpu| cpu.socket).collect();
        sockets.sort_unstable();
        sockets.dedup();
        let host = HostReport {
            profile: profile.name.clone(),
            cpus: profile.cpus.len(),
            sockets: sockets.len(),
        };
        let modes = steps.capability.modes.iter().filter(|mode| *mode != StMode::NoSt);
        let capability = CapabilityReport {
            modes: modes.map(words::mode).collect(),
            table_entries: steps.capability.table_entries,
        };
        let control = steps.enabled.tph.and_then(|tph| tph.control).map(|control| control.raw);
        let mut report = Self {
            host,
            function: steps.before,
            capability,
            control,
            steered: steps.steered,
            unsteered: steps.unsteered,
            cleaned: steps.cleaned,
            passed: false,
        };
        report.passed = report.complaint().is_none();
        report
    }

    /// How many packets were looked at.
    pub(super) fn packets(&self) -> u64 {
        self.steered.iter().chain(&self.unsteered).map(|row| row.writes).sum()
    }

    /// The first thing that was not as it should be.
    pub(super) fn complaint(&self) -> Option<String> {
        let wrong = |rows: &[QueueRow], when: &str| {
            let row = rows.iter().find(|row| !row.correct)?;
            let expected =
                row.expected_tag.map_or("no hint".to_owned(), |tag| format!("tag {tag}"));
            Some(format!(
                "queue {} {when}: every packet should carry {expected}, for CPU {}; on the wire was {}",
                row.queue,
                row.cpu,
                on_the_wire(row)
            ))
        };
        if self.steered.is_empty() || self.unsteered.is_empty() {
            return Some("no queue sent anything".into());
        }
        wrong(&self.steered, "with TPH on")
            .or_else(|| wrong(&self.unsteered, "with TPH off"))
            .or_else(|| self.cleaned.complaint())
    }
}

impl Cleaned {
    fn complaint(&self) -> Option<String> {
        match self {
            Self { control: Some(0), entries: 1.., entries_not_zero: 0 } => None,
            Self { control: Some(0), entries_not_zero, .. } => {
                Some(format!("{entries_not_zero} ST entries are not 0 after TPH was turned off"))
            }
            Self { control, .. } => {
                Some(format!("the control register is {control:x?} after TPH was turned off"))
            }
        }
    }
}

/// The tags that a queue's packets carried, in words.
pub(super) fn on_the_wire(row: &QueueRow) -> String {
    let tags = row.tags.iter().map(|tag| tag.map_or("no hint".to_owned(), |tag| tag.to_string()));
    let tags: Vec<_> = tags.collect();
    if tags.is_empty() { "nothing".into() } else { tags.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_that_was_left_behind_is_noticed() {
        let clean = Cleaned { control: Some(0), entries: 64, entries_not_zero: 0 };
        assert_eq!(clean.complaint(), None);
        for dirty in [
            Cleaned { control: Some(0x302), ..clean },
            Cleaned { control: None, ..clean },
            Cleaned { entries_not_zero: 1, ..clean },
            Cleaned { entries: 0, ..clean },
        ] {
            assert!(dirty.complaint().is_some(), "{dirty:?}");
        }
    }
}
