//! The registers of the capability, field by field.

use crate::report::TphReport;
use crate::table::{Cell, Table, Tone, row};

/// A field: its bits, its name, what its value means.
type Field = (&'static str, &'static str, Cell);

pub(super) fn lines(tph: &TphReport) -> Vec<String> {
    let mut table = Table::new(&["REGISTER", "RAW", ">BITS", "FIELD", "MEANING"]);
    let mut register = |name: &str, raw: u32, fields: Vec<Field>| {
        for (number, (bits, field, meaning)) in fields.into_iter().enumerate() {
            let mut cells = match number {
                0 => row![name, format!("{raw:#010x}")],
                _ => row!["", ""],
            };
            cells.extend(row![bits, field]);
            cells.push(meaning);
            table.push(cells);
        }
    };
    register("+0x0 header", tph.header.raw, header(tph));
    register("+0x4 capability", tph.capability.raw, capability(tph));
    match &tph.control {
        Some(report) => register("+0x8 control", report.raw, control(tph)),
        None => register("+0x8 control", 0, vec![("", "", bad("past the end of the space"))]),
    }
    table.lines(2)
}

fn header(tph: &TphReport) -> Vec<Field> {
    let next = tph.header.next.map_or("none".into(), |next| format!("{next:#05x}"));
    vec![
        ("15:0", "capability ID", "0x0017, TPH Requester".into()),
        ("19:16", "version", tph.header.version.into()),
        ("31:20", "next capability", next.into()),
    ]
}

fn capability(tph: &TphReport) -> Vec<Field> {
    let capability = &tph.capability;
    let mode = |name: &str| supported(capability.modes.contains(&name));
    let mut no_st = mode("no-st");
    if !capability.modes.contains(&"no-st") {
        no_st = bad("not supported, although the specification asks for it");
    }
    let size = match capability.table_location {
        "none" => Cell::new("-", Tone::Faint),
        _ => format!("{} entries", capability.table_size).into(),
    };
    let mut fields = vec![
        ("0", "no-ST mode", no_st),
        ("1", "interrupt-vector mode", mode("interrupt-vector")),
        ("2", "device-specific mode", mode("device-specific")),
        ("8", "16-bit tags", supported(capability.tag_bits == 16)),
        ("10:9", "ST table location", location(capability.table_location)),
        ("26:16", "ST table size", size),
    ];
    if let Some(malformed) = &capability.malformed {
        fields.push(("", "cannot be", bad(malformed)));
    }
    fields.extend(reserved(capability.reserved));
    fields
}

fn supported(yes: bool) -> Cell {
    if yes { Cell::new("supported", Tone::Good) } else { Cell::new("not supported", Tone::Faint) }
}

fn location(location: &str) -> Cell {
    match location {
        "none" => "no table: the device takes tags in registers of its own".into(),
        "capability" => "in this capability, from +0xc".into(),
        "msix-table" => "in the MSI-X table, bits 31:16 of each vector control".into(),
        _ => bad("reserved value 11b"),
    }
}

fn control(tph: &TphReport) -> Vec<Field> {
    let Some(control) = &tph.control else { return Vec::new() };
    let mode = match control.mode {
        Some("no-st") => "no-ST: every request carries tag 0".into(),
        Some("interrupt-vector") => {
            "interrupt-vector: the tag is the ST entry of the request's vector".into()
        }
        Some(_) => "device-specific: the device chooses the tag".into(),
        None => bad("reserved value"),
    };
    let requester = match control.requester {
        "off" => Cell::new("off: no request carries a hint", Tone::Plain),
        "on-8-bit" => Cell::new("on, 8-bit tags", Tone::Good),
        "on-16-bit" => Cell::new("on, 16-bit tags", Tone::Good),
        _ => bad("reserved value 10b"),
    };
    let mut fields = vec![("2:0", "ST mode", mode), ("9:8", "requester", requester)];
    fields.extend(reserved(control.reserved));
    fields
}

fn reserved(bits: u32) -> Option<Field> {
    (bits != 0).then(|| ("", "reserved bits", bad(&format!("{bits:#010x} set"))))
}

fn bad(text: &str) -> Cell {
    Cell::new(text, Tone::Bad)
}
