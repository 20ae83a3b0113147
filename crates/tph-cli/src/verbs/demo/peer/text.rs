//! The demonstration with two functions in words.

use super::report::{PeerReport, hints};
use super::rows::PeerRow;
use crate::report::FunctionReport;
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};
use crate::verbs::demo::text::document;
use crate::words;

pub(super) fn text(report: &PeerReport) -> String {
    let mut rows = table(&report.rows);
    rows.push(String::new());
    rows.extend(packet(report));
    let sections = [
        (
            "1. The NIC writes into the accelerator's pages, each with the tag that came with its dma-buf",
            rows,
        ),
        ("2. The accelerator's memory is turned off, and on again", revocation(report)),
        ("3. What is left behind", vec![cleaned(report)]),
    ];
    document(introduction(report), sections, conclusion(report))
}

fn introduction(report: &PeerReport) -> Vec<String> {
    let name = |function: &FunctionReport| {
        format!("{}, {}", function.address, function.kind.unwrap_or("device"))
    };
    let places = words::count(report.places.into(), "place");
    vec![
        format!(
            "{}  A NIC and an accelerator, each below a root port. Nothing real is touched.",
            title("An emulated host")
        ),
        String::new(),
        format!("  NIC          {}, {places} for tags of peers", name(&report.nic)),
        format!("  accelerator  {}, memory in BAR 4", name(&report.accelerator)),
    ]
}

fn table(rows: &[PeerRow]) -> Vec<String> {
    let mut table = Table::new(&[
        ">QUEUE",
        ">PAGE",
        "TAGS SET",
        ">PLACE",
        "THE NIC SENT",
        "THE ACCELERATOR RECEIVED",
        ">BYTES",
        "VERDICT",
    ]);
    for queue in rows {
        let set: Vec<_> = queue.set.iter().map(ToString::to_string).collect();
        let or_dash = |text: String| if text.is_empty() { "-".into() } else { text };
        let mut cells = row![
            queue.queue,
            format!("{:#x}", queue.page),
            or_dash(set.join(" ")),
            queue.place.map_or("-".into(), |place| place.to_string()),
            hints(&queue.sent.hints),
            hints(&queue.received.hints),
            queue.received.bytes,
        ];
        cells.push(verdict(queue));
        table.push(cells);
    }
    table.lines(2)
}

fn verdict(row: &PeerRow) -> Cell {
    let why = match (row.untagged, row.set.as_slice()) {
        (None, _) => "right",
        (Some("places-full"), _) => "right: no place was left",
        (Some(_), []) => "right: none was set",
        (Some(_), _) => "right: none of 16 bits was set",
    };
    if row.correct { Cell::new(why, Tone::Good) } else { Cell::new("WRONG", Tone::Bad) }
}

fn packet(report: &PeerReport) -> Option<String> {
    let row = report.rows.first()?;
    let header = row.received.first_header.as_ref()?;
    Some(format!("  A packet of queue {} as it arrived: {header}.", row.queue))
}

fn revocation(report: &PeerReport) -> Vec<String> {
    let seen = &report.revocation;
    let mapping = if seen.map_refused { "refused" } else { "done" };
    let tag = if seen.same_tag { "the same tag" } else { "another tag" };
    vec![
        format!("  asking for the tag while off  {}", seen.answer.as_deref().unwrap_or("answered")),
        format!("  mapping while off             {mapping}"),
        format!(
            "  writing while off             {} arrived, {}",
            words::count(seen.packets_while_off, "packet"),
            words::count(seen.faults_while_off, "fault")
        ),
        format!(
            "  on, mapped and asked anew     {} arrived, {tag}",
            words::count(seen.packets_afterwards, "packet")
        ),
    ]
}

fn cleaned(report: &PeerReport) -> String {
    let cleaned = &report.cleaned;
    let control = cleaned.control.map_or("unknown".into(), |control| format!("{control:#010x}"));
    let free = if cleaned.places_free { "all free again" } else { "not all free again" };
    let places = words::count(cleaned.places_used as u64, "place");
    format!("  control register {control}, {places} of the NIC {free}")
}

fn conclusion(report: &PeerReport) -> String {
    match report.complaint() {
        None => format!(
            "All {} packets said at the accelerator what they said at the NIC.",
            report.packets()
        ),
        Some(_) => "Not all packets said what they should.".into(),
    }
}
