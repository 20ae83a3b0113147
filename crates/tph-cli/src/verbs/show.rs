//! `tph show DEV`

mod entries;
mod registers;

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::ShowArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::{FunctionReport, PortReport, WarningReport};
use crate::safe::clean;
use crate::source::Source;
use crate::style::title;

/// One function.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShowReport {
    function: FunctionReport,
}

pub(crate) fn show(args: &ShowArgs, json: bool) -> Result<ExitCode, Failure> {
    let function = Source::open(&args.source)?.function(&args.device)?;
    let exit = if function.tph_unreadable.is_none() { Exit::Done } else { Exit::Partly };
    let said =
        if json { output::json(ShowReport { function }) } else { output::print(&text(&function)) };
    output::heard(said)?;
    Ok(exit.into())
}

/// All that is known of a function.
pub(crate) fn text(function: &FunctionReport) -> String {
    let mut lines = heading(function);
    lines.push(String::new());
    lines.extend(WarningReport::lines(&function.warnings));
    match (&function.tph, &function.tph_unreadable) {
        (Some(tph), _) => {
            lines.push(title(&format!("TPH Requester capability at {:#05x}", tph.offset)));
            lines.extend(registers::lines(tph));
            lines.push(String::new());
            lines.extend(entries::lines(tph));
        }
        (None, Some(why)) => lines.push(format!("Whether it has TPH is not known: {why}.")),
        (None, None) => lines.push("It has no TPH Requester capability.".into()),
    }
    lines.join("\n") + "\n"
}

fn heading(function: &FunctionReport) -> Vec<String> {
    let name = function.name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
    let what = match (&function.id, function.kind) {
        (Some(id), Some(kind)) => format!("{name}{kind} {id}"),
        _ => format!("{name}{}", function.no_identity),
    };
    let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
    let group = function.iommu_group.map(|group| group.to_string());
    let port = match &function.root_port {
        Some(port) => port_text(port),
        None if function.integrated => "none needed: it sits inside the root complex".into(),
        None => "none known".into(),
    };
    vec![
        format!("{}  {}", title(&function.address), clean(&what)),
        format!("  bus          {}", or(&function.bus, "not known")),
        format!("  root port    {port}"),
        format!("  driver       {}", clean(&or(&function.driver, "none"))),
        format!("  IOMMU group  {}", or(&group, "none")),
    ]
}

fn port_text(port: &PortReport) -> String {
    let address = &port.address;
    match (&port.takes, port.device_capabilities_2) {
        (Some(takes), Some(register)) => format!(
            "{address}, takes {takes} (TPH Completer, bits 13:12 of Device Capabilities 2 = \
             {register:#010x})"
        ),
        (Some(takes), None) => {
            format!("{address}, takes {takes} (it has no Device Capabilities 2)")
        }
        (None, _) => {
            let why = port.unreadable.as_deref().unwrap_or("it could not be read");
            format!("{address}, what it takes is not known: {why}")
        }
    }
}
