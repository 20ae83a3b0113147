//! `tph apply PLAN --dry-run`

use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use crate::plan_file::PlanFile;
use crate::report::{ChangeReport, WarningReport};
use crate::style::title;
use crate::table::{Table, row};
use crate::verbs::plan::PlaceArgs;
use crate::words;

/// What would be written, in its order.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DryRunReport {
    device: String,
    changes: Vec<ChangeReport>,
    /// What keeps the device from using it.
    warnings: Vec<WarningReport>,
}

pub(super) fn dry_run(file: &PlanFile, place: &PlaceArgs, json: bool) -> Result<(), Failure> {
    let place = place.open()?;
    let changes = place.rehearse(&file.device, file.mode.into(), &file.batch())?;
    let changes = changes.iter().map(ChangeReport::from).collect();
    let function = place.function(&file.device)?;
    let report = DryRunReport { device: function.address, changes, warnings: function.warnings };
    let said = if json { output::json(report) } else { output::print(&text(&report)) };
    Ok(said?)
}

fn text(report: &DryRunReport) -> String {
    let count = words::count(report.changes.len() as u64, "write");
    let mut lines = vec![format!("{}  would get {count}, in this order", title(&report.device))];
    lines.push(String::new());
    let mut table = Table::new(&["FOR", "OFFSET", "REGISTER", "OLD", "NEW", "TAGS"]);
    let stays = |change: &&ChangeReport| change.new == Some(change.old);
    for change in report.changes.iter().filter(|change| !stays(change)) {
        let width = if change.register == "vector" { 6 } else { 10 };
        let tags = change.tags.iter().map(|tag| format!("entry {} CPU {}", tag.index, tag.cpu));
        table.push(row![
            change.step,
            change.offset.map_or("-".into(), |offset| format!("{offset:#05x}")),
            register(change),
            format!("{:#0width$x}", change.old),
            new(change, width),
            tags.collect::<Vec<_>>().join(", "),
        ]);
    }
    lines.extend(table.lines(2));
    lines.push(String::new());
    let stay = report.changes.iter().filter(stays).count();
    if stay > 0 {
        let change = if stay == 1 { "changes" } else { "change" };
        let writes = words::count(stay as u64, "write");
        lines.push(format!("Not shown: {writes} that {change} nothing."));
    }
    lines.extend(WarningReport::lines(&report.warnings));
    lines.push("Nothing was written.".into());
    lines.join("\n") + "\n"
}

fn register(change: &ChangeReport) -> String {
    match (change.register, change.index) {
        ("entries", Some(first)) => format!("ST entries {first} and {}", first.saturating_add(1)),
        ("vector", Some(vector)) => format!("tag of MSI-X vector {vector}"),
        (name, _) => name.to_owned(),
    }
}

/// The value, or whose tags it has: the upper half first, as in a number.
fn new(change: &ChangeReport, width: usize) -> String {
    if let Some(new) = change.new {
        return format!("{new:#0width$x}");
    }
    let Some(first) = change.index else { return "known to the firmware".into() };
    let half = |index: u16| {
        let tag = change.tags.iter().find(|tag| tag.index == index);
        tag.map_or("0x0000".into(), |tag| format!("tag of CPU {}", tag.cpu))
    };
    match change.register {
        "vector" => half(first),
        _ => format!("{} : {}", half(first.saturating_add(1)), half(first)),
    }
}
