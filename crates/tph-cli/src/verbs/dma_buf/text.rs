//! The dma-bufs of processes in words.

use std::collections::BTreeSet;

use tph::ProcessingHint;

use super::report::{BufferReport, DmaBufReport, ProcessReport};
use crate::style::title;
use crate::table::{Cell, Table, Tone};
use crate::words;

pub(super) fn text(report: &DmaBufReport) -> String {
    let mut lines = Vec::new();
    for process in &report.processes {
        lines.extend(process_lines(process));
        lines.push(String::new());
    }
    let buffers: usize = report.processes.iter().map(|process| process.buffers.len()).sum();
    let processes = report.processes.iter().filter(|process| !process.buffers.is_empty()).count();
    lines.push(match buffers {
        0 => "No dma-buf is held by a descriptor.".into(),
        _ => format!(
            "{} in {}.",
            words::count(buffers as u64, "descriptor"),
            words::count(processes as u64, "process")
        ),
    });
    lines.extend(not_visible(report, buffers));
    lines.join("\n") + "\n"
}

fn process_lines(process: &ProcessReport) -> Vec<String> {
    let devices = match process.vfio_devices.as_slice() {
        [] => "none".into(),
        devices => devices.join(", "),
    };
    let name = title(&format!("Process {} ({})", process.pid, process.name));
    let mut lines = vec![format!("{name}  VFIO devices open: {devices}")];
    if !process.buffers.is_empty() {
        let mut table = Table::new(&[
            ">DESCRIPTOR",
            ">INODE",
            ">SIZE",
            "EXPORTER",
            ">HELD",
            "ATTACHED",
            "TAGS",
            "HINT",
        ]);
        process.buffers.iter().for_each(|buffer| table.push(row(buffer)));
        lines.extend(table.lines(2));
    }
    lines
}

fn row(buffer: &BufferReport) -> Vec<Cell> {
    let faint = |text: &str| Cell::new(text, Tone::Faint);
    let or_unknown = |text: Option<String>| text.map_or_else(|| faint("unknown"), Cell::from);
    let hint = buffer.processing_hint.and_then(ProcessingHint::from_bits);
    vec![
        buffer.descriptor.into(),
        or_unknown(buffer.inode.map(|inode| inode.to_string())),
        or_unknown(buffer.size.map(size)),
        or_unknown(buffer.exporter.clone()),
        or_unknown(buffer.references.map(|count| count.to_string())),
        match &buffer.attached {
            None => faint("unknown"),
            Some(devices) if devices.is_empty() => faint("none"),
            Some(devices) => devices.join(" ").into(),
        },
        match &buffer.tags {
            None => faint("unknown"),
            Some(tags) if tags.is_empty() => faint("none"),
            Some(tags) => {
                let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
                Cell::new(tags.join(" "), Tone::Good)
            }
        },
        hint.map_or_else(|| faint("-"), |hint| hint.to_string().into()),
    ]
}

/// A size in the largest unit that it is a whole number of.
fn size(bytes: u64) -> String {
    [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| bytes != 0 && bytes.is_multiple_of(1 << shift))
        .map_or_else(|| format!("{bytes} B"), |(shift, unit)| format!("{} {unit}", bytes >> shift))
}

/// What the kernel does not say, so that nobody takes it for a no.
fn not_visible(report: &DmaBufReport, buffers: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if report.unreadable > 0 {
        let processes = report.unreadable;
        lines.push(format!("Descriptors of {processes} other processes may not be seen: be root."));
    }
    if buffers > 0 {
        lines.push(
            "Never visible: whose memory a buffer is, and buffers held without descriptor.".into(),
        );
        if let Some(why) = &report.attached_unreadable {
            lines.push(format!("Attached devices are not known: {why}."));
        }
    }
    let buffers = report.processes.iter().flat_map(|process| &process.buffers);
    let why: BTreeSet<_> = buffers.filter_map(|buffer| buffer.tags_unknown.as_deref()).collect();
    lines.extend(why.into_iter().map(|why| format!("Tags are not known: {why}.")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_without_rounding() {
        let sizes = [0, 512, 4096, 6144, 1 << 20, (1 << 30) + (1 << 20), 1 << 30].map(size);
        assert_eq!(sizes, ["0 B", "512 B", "4 KiB", "6 KiB", "1 MiB", "1025 MiB", "1 GiB"]);
    }
}
