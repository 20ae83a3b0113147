//! `tph list`

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{FunctionReport, TphReport};
use crate::safe::clean;
use crate::source::Source;
use crate::table::{Cell, Table, Tone, row};
use crate::{output, words};

/// The functions of a host.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ListReport {
    functions: Vec<FunctionReport>,
    /// How many functions were looked at.
    looked_at: usize,
    /// How many of them could not be read far enough to know whether they have TPH.
    unreadable: usize,
    /// Functions in domains past 0xffff, which were not looked at.
    skipped: Vec<String>,
}

pub(crate) fn list(args: &ListArgs, json: bool) -> Result<ExitCode, Failure> {
    let listing = Source::open(&args.source)?.functions()?;
    let looked_at = listing.functions.len();
    let unknown = |function: &&FunctionReport| function.tph_unreadable.is_some();
    let unreadable = listing.functions.iter().filter(unknown).count();
    let wanted = |f: &FunctionReport| args.all || f.tph.is_some() || f.tph_unreadable.is_some();
    let functions = listing.functions.into_iter().filter(wanted).collect();
    let none_skipped = listing.skipped.is_empty();
    let report = ListReport { functions, looked_at, unreadable, skipped: listing.skipped };
    let said = if json { output::json(report) } else { output::print(&text(&report)) };
    let all = unreadable == 0 && none_skipped;
    output::heard(said)?;
    Ok(if all { Exit::Done } else { Exit::Partly }.into())
}

fn text(report: &ListReport) -> String {
    let mut lines = Vec::new();
    if !report.functions.is_empty() {
        let headings = [
            "ADDRESS",
            "ID",
            "KIND",
            "MODES",
            ">TAGS",
            ">ENTRIES",
            "TPH",
            "ROOT PORT TAKES",
            "DRIVER",
        ];
        let mut table = Table::new(&headings);
        for function in &report.functions {
            table.push(function_row(function));
        }
        lines.extend(table.lines(0));
        lines.push(String::new());
    }
    let with = report.functions.iter().filter(|function| function.tph.is_some()).count();
    let looked_at = words::count(report.looked_at as u64, "function");
    lines.push(format!("{with} of {looked_at} known to have TPH."));
    let why: BTreeSet<_> =
        report.functions.iter().filter_map(|f| f.tph_unreadable.as_deref()).collect();
    if !why.is_empty() {
        let count = words::count(report.unreadable as u64, "function");
        let why = Vec::from_iter(why).join("; ");
        lines.push(format!("Of {count} it is not known: {why}."));
    }
    if !report.skipped.is_empty() {
        lines.push(format!(
            "Not looked at, for their domain: {}.",
            clean(&report.skipped.join(", "))
        ));
    }
    lines.join("\n") + "\n"
}

fn function_row(function: &FunctionReport) -> Vec<Cell> {
    let faint = |text: &str| Cell::new(text, Tone::Faint);
    let or_dash = |text: &Option<String>| text.as_deref().map_or(faint("-"), Cell::from);
    let mut row = row![
        &function.address,
        function.id.as_deref().unwrap_or(function.no_identity),
        function.kind.unwrap_or("-"),
    ];
    row.extend(match (&function.tph, &function.tph_unreadable) {
        (Some(tph), _) => tph_cells(tph),
        (None, Some(_)) => [faint("-"), faint("-"), faint("-"), "unknown".into()],
        (None, None) => [faint("-"), faint("-"), faint("-"), faint("none")],
    });
    row.push(match &function.root_port {
        Some(port) => port.takes.as_deref().unwrap_or("unknown").into(),
        None if function.integrated => faint("(inside the root complex)"),
        None => faint("-"),
    });
    row.push(or_dash(&function.driver));
    row
}

fn tph_cells(tph: &TphReport) -> [Cell; 4] {
    let capability = &tph.capability;
    let modes = capability.modes.iter().map(|mode| match *mode {
        "no-st" => "NS",
        "interrupt-vector" => "IV",
        _ => "DS",
    });
    let modes = modes.collect::<Vec<_>>().join(" ");
    let entries = match &capability.malformed {
        Some(_) => Cell::new("malformed", Tone::Bad),
        None => capability.table_entries.into(),
    };
    let state = match &tph.control {
        Some(control) if control.requester == "off" => "off".into(),
        Some(control) => {
            Cell::new(format!("on, {}", control.mode.unwrap_or("reserved mode")), Tone::Good)
        }
        None => Cell::new("malformed", Tone::Bad),
    };
    let modes = if modes.is_empty() { Cell::new("none", Tone::Bad) } else { modes.into() };
    [modes, format!("{}-bit", capability.tag_bits).into(), entries, state]
}
