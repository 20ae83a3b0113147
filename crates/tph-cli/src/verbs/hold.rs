//! `tph hold DEV`

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use serde::Serialize;
use tph::{MemoryType, StIndex, StMode, TagSource};
use tph_abi::Transport;
use vfio_tph::{CpuStanding, Programmed, TphDevice};

use super::opened::{Opened, interrupted};
use crate::cli::{HoldArgs, Steering};
use crate::failure::Failure;
use crate::report::{FunctionReport, WarningReport};
use crate::style::title;
use crate::table::{Table, row};
use crate::{output, words};

/// How often the CPUs are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What happens to the device; one line of JSON each.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "HoldEvent"))]
pub(crate) enum Event<'a> {
    /// TPH is on.
    Held {
        device: &'a str,
        mode: &'static str,
        map: Vec<MapReport>,
        /// The function as it is now; its control register and, where they can be seen, its entries.
        function: Option<Box<FunctionReport>>,
    },
    /// Other CPUs than before are offline: those of these entries.
    OfflineCpus { device: &'a str, entries: Vec<MapReport> },
    /// TPH is off again and the entries are 0.
    Released { device: &'a str },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MapReport {
    /// The ST entry of the queue.
    queue: u16,
    cpu: u32,
}

pub(crate) fn hold(args: &HoldArgs, json: bool) -> Result<(), Failure> {
    let interrupted = interrupted()?;
    let indices: Vec<_> = args.map.iter().map(|steering| steering.index).collect();
    let opened = Opened::open(&args.device, args.emulated.as_ref(), &indices)?;
    hold_device(opened.tph(), args, json, || opened.look(), &interrupted)
}

/// Turns TPH on, says so, waits, turns it off.
fn hold_device<T: Transport>(
    mut device: TphDevice<T>,
    args: &HoldArgs,
    json: bool,
    look: impl FnOnce() -> Option<FunctionReport>,
    interrupted: &Receiver<()>,
) -> Result<(), Failure> {
    let name = device.name().to_owned();
    device.capability()?;
    let mode = StMode::from(args.mode);
    let mut tph = device.enable(mode)?;
    tph.program(&entries(&args.map, args.memory.into()))?;
    let event = Event::Held {
        device: &name,
        mode: words::mode(mode),
        map: args.map.iter().map(MapReport::from).collect(),
        function: look().map(Box::new),
    };
    output::say(json, &event, text)?;
    let indices: Vec<StIndex> = args.map.iter().map(|steering| steering.index).collect();
    let mut known = Vec::new();
    while interrupted.recv_timeout(LOOK_AGAIN) == Err(RecvTimeoutError::Timeout) {
        // A driver that serves the kernel series and no more has no answer.
        let Ok(found) = tph.entries(&indices) else { continue };
        let offline = offline(&indices, &found);
        if offline != known {
            known = offline;
            let entries = known.clone();
            output::say(json, &Event::OfflineCpus { device: &name, entries }, text)?;
        }
    }
    tph.disable()?;
    Ok(output::say(json, &Event::Released { device: &name }, text)?)
}

/// The entries whose CPU is offline.
fn offline(indices: &[StIndex], found: &[Option<Programmed>]) -> Vec<MapReport> {
    let pairs = indices.iter().zip(found).filter_map(|(index, entry)| Some((index, (*entry)?)));
    pairs
        .filter(|(_, entry)| entry.standing == CpuStanding::Offline)
        .map(|(index, entry)| MapReport { queue: index.0, cpu: entry.cpu.0 })
        .collect()
}

fn entries(map: &[Steering], memory: MemoryType) -> Vec<(StIndex, TagSource)> {
    map.iter().map(|s| (s.index, TagSource::Cpu { cpu: s.cpu, memory })).collect()
}

impl From<&Steering> for MapReport {
    fn from(steering: &Steering) -> Self {
        Self { queue: steering.index.0, cpu: steering.cpu.0 }
    }
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Held { device, mode, map, function } => {
            let tph = function.as_ref().and_then(|function| function.tph.as_ref());
            let warnings = function.as_ref().map_or(&[][..], |function| &function.warnings);
            let control = tph.and_then(|tph| tph.control.as_ref());
            let control = control.map(|control| format!(" (control {:#010x})", control.raw));
            let mut table = Table::new(&[">QUEUE", ">CPU", "ST ENTRY"]);
            for steering in map {
                let entry = tph.and_then(|tph| tph.entries.get(usize::from(steering.queue)));
                let entry = entry.map_or("not shown".into(), |entry| entry.tag.clone());
                table.push(row![steering.queue, steering.cpu, entry]);
            }
            format!(
                "{}  TPH is on in {mode} mode{}\n\n{}\n\n{}Held until interrupted (Ctrl-C).\n",
                title(device),
                control.unwrap_or_default(),
                table.lines(2).join("\n"),
                WarningReport::paragraph(warnings)
            )
        }
        Event::OfflineCpus { device, entries } if entries.is_empty() => {
            format!("{}  Every CPU is online again.\n", title(device))
        }
        Event::OfflineCpus { device, entries } => {
            let line = |MapReport { queue, cpu }: &MapReport| {
                format!(
                    "{}  CPU {cpu}, which queue {queue} is for, is offline: the ST entry keeps its \
                     tag, and the writes go where nobody reads them.\n",
                    title(device)
                )
            };
            entries.iter().map(line).collect()
        }
        Event::Released { device } => {
            format!("{}  TPH is off, the entries are 0.\n", title(device))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::only_the_port_without_prefixes_is_warned_of;
    use tph::CpuId;

    #[test]
    fn a_cpu_that_went_offline_is_named_with_its_queue() {
        let of = |cpu, standing| {
            Some(Programmed { cpu: CpuId(cpu), memory: MemoryType::Volatile, standing })
        };
        let found = [
            of(3, CpuStanding::Offline),
            of(4, CpuStanding::Reachable),
            None,
            of(5, CpuStanding::NotPermitted),
        ];
        let entries = offline(&[7, 1, 2, 3].map(StIndex), &found);
        let said = text(&Event::OfflineCpus { device: "nic", entries });
        let line = "  CPU 3, which queue 7 is for, is offline: the ST entry keeps its tag, and the \
                    writes go where nobody reads them.\n";
        assert!(
            said.contains("nic") && said.ends_with(line) && said.lines().count() == 1,
            "{said}"
        );
        let said = text(&Event::OfflineCpus { device: "nic", entries: Vec::new() });
        assert!(said.ends_with("  Every CPU is online again.\n"), "{said}");
    }

    #[test]
    fn a_port_that_keeps_16_bit_tags_back_is_warned_of() {
        let last = "Held until interrupted (Ctrl-C).";
        only_the_port_without_prefixes_is_warned_of(last, |function| {
            text(&Event::Held { device: "nic", mode: "device-specific", map: Vec::new(), function })
        });
    }
}
