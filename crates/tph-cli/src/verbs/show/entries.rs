//! The ST entries.

use crate::report::{EntryReport, TphReport};
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};

/// Equal entries in a row, from this many on, take one line.
const RUN: usize = 3;

pub(super) fn lines(tph: &TphReport) -> Vec<String> {
    if tph.entries.is_empty() {
        return vec![absence(tph)];
    }
    let mut table = Table::new(&[">INDEX", ">AT", "RAW", "TAG"]);
    for run in tph.entries.chunk_by(|a, b| a.raw == b.raw) {
        match run {
            [first, .., last] if run.len() >= RUN => {
                table.push(cells(tph, format!("{}-{}", first.index, last.index), first));
            }
            _ => {
                for entry in run {
                    table.push(cells(tph, entry.index.to_string(), entry));
                }
            }
        }
    }
    let mut lines = vec![title("ST entries")];
    lines.extend(table.lines(2));
    lines
}

fn cells(tph: &TphReport, index: String, entry: &EntryReport) -> Vec<Cell> {
    let at = match tph.capability.table_location {
        "capability" => format!("+{:#x}", 0xc + 2 * entry.index),
        _ => format!("vector {}", entry.index),
    };
    let mut cells = row![index, at, format!("{:#06x}", entry.raw)];
    cells.push(match entry.raw {
        0 => Cell::new(format!("{}, no preference", entry.tag), Tone::Faint),
        _ => entry.tag.as_str().into(),
    });
    cells
}

fn absence(tph: &TphReport) -> String {
    match (&tph.capability.malformed, tph.capability.table_location) {
        (Some(malformed), _) => format!("There are no ST entries to show: {malformed}."),
        (None, "msix-table") => format!(
            "The {} ST entries lie in the MSI-X table, which configuration space does not show.",
            tph.capability.table_entries
        ),
        _ => "There is no ST table: the device takes tags in registers of its own.".into(),
    }
}
