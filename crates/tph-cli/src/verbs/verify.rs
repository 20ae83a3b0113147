//! `tph verify PLAN`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use vfio_tph::Comparison;

use super::apply::read;
use super::plan::PlaceArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::plan_file::PlanFile;
use crate::report::VerifyReport;
use crate::safe::clean;
use crate::source::Place;
use crate::style::title;
use crate::table::Tone;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Compare the threads of this process too: each CPU of a queue needs one that is pinned to it
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) fn verify(args: &VerifyArgs, json: bool) -> Result<ExitCode, Failure> {
    let file = read(&args.plan)?;
    let place = args.place.open()?;
    let comparison = compare(&file, &place, args.pid)?;
    let plan = args.plan.display().to_string();
    let device = place.address(&file.device)?.to_string();
    let report = VerifyReport::new(device, plan, &comparison);
    let said = if json { output::json(&report) } else { output::print(&text(&report)) };
    output::heard(said)?;
    Ok(match (report.drifts.as_slice(), report.not_compared.as_slice()) {
        ([], []) => Exit::Done,
        ([], _) => Exit::Partly,
        _ => Exit::Drift,
    }
    .into())
}

/// Compares a plan with what is to be seen now.
pub(super) fn compare(
    file: &PlanFile,
    place: &Place,
    process: Option<u32>,
) -> Result<Comparison, Failure> {
    let seen = place.see(&file.device, process)?;
    Ok(file.plan(&seen.topology).drift(file.mode.into(), &seen))
}

pub(super) fn text(report: &VerifyReport) -> String {
    let found = match (report.drifts.len(), report.not_compared.len()) {
        (0, 0) => "as planned".into(),
        (0, _) => "as planned, as far as could be compared".into(),
        (1, _) => "one thing is not as planned".into(),
        (count, _) => format!("{count} things are not as planned"),
    };
    let mut lines = vec![format!("{}  {}: {found}", title(&report.device), clean(&report.plan))];
    let (bad, faint) = (Tone::Bad.style(), Tone::Faint.style());
    let drifts = report.drifts.iter();
    lines.extend(drifts.map(|drift| format!("  {bad}drift{bad:#}         {}", clean(&drift.text))));
    let unknown = report.not_compared.iter();
    lines.extend(
        unknown.map(|what| format!("  {faint}not compared{faint:#}  {}", clean(&what.text))),
    );
    lines.join("\n") + "\n"
}
