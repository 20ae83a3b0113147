//! `tph capture DIR`

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::CaptureArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::safe::clean;
use crate::{output, source, words};

/// What was saved.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CaptureReport {
    folder: String,
    functions: usize,
    /// Of how many of them it is not known whether they have TPH.
    unreadable: usize,
    cpus: usize,
    /// Files and links.
    files: usize,
}

pub(crate) fn capture(args: &CaptureArgs, json: bool) -> Result<ExitCode, Failure> {
    let captured = source::host(args.sysroot.as_ref()).capture(&args.folder)?;
    let report = CaptureReport {
        folder: args.folder.display().to_string(),
        functions: captured.functions,
        unreadable: captured.unreadable,
        cpus: captured.cpus,
        files: captured.files,
    };
    let report_is_whole = report.unreadable == 0;
    let said = if json { output::json(report) } else { output::print(&text(&report)) };
    output::heard(said)?;
    Ok(if report_is_whole { Exit::Done } else { Exit::Partly }.into())
}

fn text(report: &CaptureReport) -> String {
    let (functions, cpus) = (report.functions as u64, report.cpus as u64);
    let folder = clean(&report.folder);
    format!(
        "Saved in {folder}: {}, {}, in {}.\n\
         In it are registers that say what a function is and what TPH it has, CPUs and caches, the\n\
         kernel's release, and its options and boot parameters for TPH, VFIO and the IOMMU. There is\n\
         no serial number, MAC address or host name.\n\
         Look at it with: tph list --sysroot {folder}\n{}",
        words::count(functions, "function"),
        words::count(cpus, "CPU"),
        words::count(report.files as u64, "file"),
        match report.unreadable {
            0 => String::new(),
            unreadable => format!(
                "Of {} it stays unknown whether they have TPH: their configuration space could not be \
                 read, which needs CAP_SYS_ADMIN (run as root).\n",
                words::count(unreadable as u64, "function")
            ),
        },
    )
}
