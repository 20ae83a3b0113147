//! The demonstration in words.

use super::packets::QueueRow;
use super::report::{DemoReport, on_the_wire};
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};
use crate::words;

pub(super) fn text(report: &DemoReport) -> String {
    let mut steered = table(&report.steered);
    steered.push(String::new());
    steered.extend(packet(report));
    let sections = [
        (
            "1. TPH on, device-specific mode: ST entry n has the tag of the CPU that queue n is for",
            steered,
        ),
        ("2. TPH off: the same writes, and no cache is named", table(&report.unsteered)),
        ("3. What is left behind", vec![cleaned(report)]),
    ];
    document(introduction(report), sections, conclusion(report))
}

/// An introduction, titled sections and a conclusion, an empty line between all of them.
pub(super) fn document(
    introduction: Vec<String>,
    sections: [(&str, Vec<String>); 3],
    conclusion: String,
) -> String {
    let mut lines = introduction;
    for (heading, section) in sections {
        lines.extend([String::new(), title(heading), String::new()]);
        lines.extend(section);
    }
    lines.extend([String::new(), conclusion]);
    lines.join("\n") + "\n"
}

fn introduction(report: &DemoReport) -> Vec<String> {
    let (host, function) = (&report.host, &report.function);
    let port = function.root_port.as_ref();
    let takes = port.and_then(|port| port.takes.as_deref()).unwrap_or("no hints");
    let modes: Vec<_> = report.capability.modes.iter().map(|mode| format!("{mode} mode")).collect();
    vec![
        format!(
            "{}  {} CPUs on {} sockets, a NIC with {} queues. Nothing real is touched.",
            title("An emulated host"),
            host.cpus,
            host.sockets,
            report.steered.len()
        ),
        String::new(),
        format!("  NIC        {}, {}", function.address, function.kind.unwrap_or("device")),
        format!("  can do     {}", modes.join(", ")),
        format!("  ST table   {}", words::count(report.capability.table_entries.into(), "entry")),
        format!(
            "  root port  {}, takes {takes}",
            port.map_or("none", |port| port.address.as_str())
        ),
    ]
}

fn table(rows: &[QueueRow]) -> Vec<String> {
    let mut table = Table::new(&[
        ">QUEUE",
        ">CPU",
        ">SOCKET",
        "CACHE",
        "SHOULD CARRY",
        "ON THE WIRE",
        ">WRITES",
        ">BYTES",
        "VERDICT",
    ]);
    for queue in rows {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let expected = queue.expected_tag.map(|tag| tag.to_string());
        let mut cells = row![
            queue.queue,
            queue.cpu,
            or_dash(queue.socket.map(|socket| socket.to_string())),
            or_dash(queue.cache.clone()),
            expected.unwrap_or_else(|| "no hint".into()),
            on_the_wire(queue),
            queue.writes,
            queue.bytes,
        ];
        cells.push(verdict(queue));
        table.push(cells);
    }
    table.lines(2)
}

fn verdict(row: &QueueRow) -> Cell {
    match (row.correct, row.expected_tag, row.named_cpus.as_slice()) {
        (true, Some(_), _) => Cell::new(format!("right: for CPU {}", row.cpu), Tone::Good),
        (true, None, _) => Cell::new("right: for no CPU", Tone::Good),
        (false, _, []) => Cell::new("WRONG: for no CPU", Tone::Bad),
        (false, _, cpus) => {
            let cpus: Vec<_> = cpus.iter().map(ToString::to_string).collect();
            Cell::new(format!("WRONG: for CPU {}", cpus.join(", ")), Tone::Bad)
        }
    }
}

fn packet(report: &DemoReport) -> Option<String> {
    let last = report.steered.last()?;
    let (header, tag) = (last.first_header.as_ref()?, last.tags.first().copied().flatten()?);
    Some(format!("  A packet of queue {}: {header}, which carries tag {tag}.", last.queue))
}

fn cleaned(report: &DemoReport) -> String {
    let cleaned = &report.cleaned;
    let control = cleaned.control.map_or("unknown".into(), |control| format!("{control:#010x}"));
    let zero = cleaned.entries - cleaned.entries_not_zero;
    format!("  control register {control}, {zero} of {} ST entries 0", cleaned.entries)
}

fn conclusion(report: &DemoReport) -> String {
    match report.complaint() {
        None => format!("All {} packets carried what they should.", report.packets()),
        Some(_) => "Not all packets carried what they should.".into(),
    }
}
