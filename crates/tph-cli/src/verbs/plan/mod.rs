//! `tph plan DEV`

mod args;
mod queues;

use tph::{StMode, StTable, TphCapability};
use vfio_tph::{Error, Facts, Plan};

pub(crate) use args::{PlaceArgs, PlanArgs};
pub(super) use queues::tie;

use crate::cli::ModeArg;
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::report::{
    PlanReport, PlannedEntryReport, PlannedQueueReport, WarningReport, plan_summary,
};
use crate::safe::clean;
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};
use crate::{file, output, words};

pub(crate) fn plan(args: &PlanArgs, json: bool) -> Result<(), Failure> {
    let from = args.queues.from.as_deref().map(PlanFile::read).transpose()?;
    let place = args.place.open()?;
    let facts = place.facts(&args.device)?;
    let device = facts.function.address.to_string();
    let (capability, table) = table(&facts)?;
    let mode = args.mode.or(from.as_ref().map(|file| file.mode));
    let mode = mode.map_or_else(|| usual_mode(&device, capability), Ok)?;

    let mut queues = queues::queues(args, from.as_ref())?;
    if args.tied || mode == ModeArg::InterruptVector {
        tie(&mut queues)?;
    }
    let entries = table.entries();
    let plan = Plan::new(entries, &facts.topology, &queues)
        .map_err(|error| Failure::NoPlan { device: device.clone(), error })?;
    // What would be refused is better said now.
    place.rehearse(&device, mode.into(), &plan.batch())?;

    if let Some(path) = &args.output {
        let text = PlanFile::new(device.clone(), mode, &plan).text();
        let fail =
            |error| Failure::File { path: path.clone(), error: std::io::Error::other(error) };
        file::write(path, &text.map_err(fail)?)?;
    }
    let report = PlanReport {
        device,
        mode,
        table: words::table(table),
        table_entries: entries,
        summary: plan_summary(&plan, entries),
        queues: plan.queues.iter().map(PlannedQueueReport::from).collect(),
        entries: PlannedEntryReport::all(&plan),
        file: args.output.as_ref().map(|path| path.display().to_string()),
        warnings: WarningReport::all(&facts.function),
    };
    let said = if json {
        output::json(report)
    } else {
        output::print(&text(&report, &args.place.option()))
    };
    Ok(said?)
}

/// The table of the device, if there is one to plan for.
pub(super) fn table(facts: &Facts) -> Result<(TphCapability, StTable), Failure> {
    let address = facts.function.address;
    let refused = |error| Error::Rehearsal { device: address.to_string(), error };
    let tph = match &facts.function.tph {
        Err(why) => return Err(Error::Unreadable { address, why: *why }.into()),
        Ok(None) => return Err(refused(tph::Error::NoCapability).into()),
        Ok(Some(tph)) => tph,
    };
    match tph.capability.table {
        Err(malformed) => Err(refused(tph::Error::Malformed(malformed)).into()),
        Ok(StTable::None) => Err(refused(tph::Error::NoTable).into()),
        Ok(table) => Ok((tph.capability, table)),
    }
}

/// A driver chooses freely in device-specific mode only.
pub(super) fn usual_mode(device: &str, capability: TphCapability) -> Result<ModeArg, Failure> {
    let modes = capability.register.modes();
    let can = |mode: &ModeArg| modes.contains(StMode::from(*mode));
    let found = [ModeArg::DeviceSpecific, ModeArg::InterruptVector].into_iter().find(can);
    found.ok_or_else(|| {
        let error = tph::Error::ModeNotSupported(StMode::DeviceSpecific);
        Error::Rehearsal { device: device.to_owned(), error }.into()
    })
}

fn text(report: &PlanReport, place: &str) -> String {
    let mode = words::mode(report.mode.into());
    let heading = format!("{}  {mode} mode, table: {}", title(&report.device), report.table);
    let mut lines = vec![heading, report.summary.clone(), String::new()];
    let mut table = Table::new(&[">QUEUE", ">CPU", ">ENTRY", ">TAG OF CPU", "WHY"]);
    let dash = || Cell::new("-", Tone::Faint);
    for queue in &report.queues {
        let tone = match queue.landing {
            "own" | "shared" => Tone::Plain,
            _ => Tone::Bad,
        };
        table.push(row![
            queue.queue,
            queue.cpu,
            queue.entry.map_or_else(dash, Cell::from),
            queue.tag_of.map_or_else(dash, Cell::from),
            Cell::new(queue.why.clone(), tone),
        ]);
    }
    lines.extend(table.lines(2));
    lines.push(String::new());
    lines.extend(WarningReport::lines(&report.warnings));
    lines.push(match &report.file {
        Some(file) => {
            let (file, place) = (clean(file), clean(place));
            let word = words::shell(&file);
            format!("Written to {file}. See what it would write: tph apply {word} --dry-run{place}")
        }
        None => "Nothing was changed. Keep it with -o FILE, then: tph apply FILE.".into(),
    });
    lines.join("\n") + "\n"
}
