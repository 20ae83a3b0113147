//! `tph apply PLAN`

mod dry_run;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tph::StMode;

use super::opened::{Opened, interrupted};
use super::plan::PlaceArgs;
use crate::failure::Failure;
use crate::output;
use crate::plan_file::{PlanFile, PlanFileError};
use crate::report::{FunctionReport, PlannedEntryReport, WarningReport};
use crate::safe::clean;
use crate::style::title;
use crate::table::{Table, row};
use crate::words;

#[cfg(test)]
pub(crate) use dry_run::DryRunReport;

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Say which registers would be written, and write none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// What happens to the device; one line of JSON each.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// The plan is on the device.
    Applied {
        device: &'a str,
        plan: String,
        mode: &'static str,
        entries: Vec<PlannedEntryReport>,
        /// The function as it is now; its control register and, where they can be seen, its entries.
        function: Option<Box<FunctionReport>>,
    },
    /// TPH is off again and the entries are 0.
    Released { device: &'a str },
}

pub(crate) fn apply(args: &ApplyArgs, json: bool) -> Result<(), Failure> {
    let file = read(&args.plan)?;
    if args.dry_run {
        return dry_run::dry_run(&file, &args.place, json);
    }
    if args.place.sysroot.is_some() {
        let reason = "a saved host has no devices to open: add --dry-run".to_owned();
        return Err(Failure::Usage(reason));
    }
    let interrupted = interrupted()?;
    let (mode, batch) = (StMode::from(file.mode), file.batch());
    let indices: Vec<_> = batch.iter().map(|(index, _)| *index).collect();
    let opened = Opened::open(&file.device, args.place.emulated.as_ref(), &indices)?;
    let mut device = opened.tph();
    let name = device.name().to_owned();
    device.capability()?;
    let mut tph = device.enable(mode)?;
    tph.program(&batch)?;
    output::say(
        json,
        &Event::Applied {
            device: &name,
            plan: args.plan.display().to_string(),
            mode: words::mode(mode),
            entries: PlannedEntryReport::all(&file.plan(&vfio_tph::Topology::default())),
            function: opened.look().map(Box::new),
        },
        text,
    )?;
    // Whoever could interrupt is gone only when this process is.
    let _ = interrupted.recv();
    tph.disable()?;
    Ok(output::say(json, &Event::Released { device: &name }, text)?)
}

/// Reads a plan that has something to program.
pub(super) fn read(path: &std::path::Path) -> Result<PlanFile, Failure> {
    let file = PlanFile::read(path)?;
    if file.entries.is_empty() {
        let origin = path.display().to_string();
        return Err(PlanFileError::NoEntries { origin }.into());
    }
    Ok(file)
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Applied { device, plan, mode, entries, function } => {
            let tph = function.as_ref().and_then(|function| function.tph.as_ref());
            let warnings = function.as_ref().map_or(&[][..], |function| &function.warnings);
            let control = tph.and_then(|tph| tph.control.as_ref());
            let control = control.map(|control| format!(" (control {:#010x})", control.raw));
            let mut table = Table::new(&[">ENTRY", ">TAG OF CPU", "HOLDS", "QUEUES"]);
            for entry in entries {
                let seen = tph.and_then(|tph| tph.entries.get(usize::from(entry.index)));
                let seen = seen.map_or("not shown".into(), |entry| entry.tag.clone());
                let queues = words::numbers(entry.queues.iter().copied());
                table.push(row![entry.index, entry.cpu, seen, queues]);
            }
            format!(
                "{}  {}: TPH is on in {mode} mode{}\n\n{}\n\n{}Held until interrupted (Ctrl-C).\n",
                title(device),
                clean(plan),
                control.unwrap_or_default(),
                table.lines(2).join("\n"),
                WarningReport::paragraph(warnings)
            )
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

    #[test]
    fn a_port_that_keeps_16_bit_tags_back_is_warned_of() {
        let last = "Held until interrupted (Ctrl-C).";
        only_the_port_without_prefixes_is_warned_of(last, |function| {
            text(&Event::Applied {
                device: "nic",
                plan: "plan".into(),
                mode: "device-specific",
                entries: Vec::new(),
                function,
            })
        });
    }
}
