//! `tph dmabuf`

mod report;
mod text;

use std::collections::BTreeMap;

use vfio_tph::{ProcessView, Processes, SeenTags};

use crate::cli::DmabufArgs;
use crate::failure::Failure;
use crate::output;

pub(crate) use report::DmaBufReport;
use report::{BufferReport, ProcessReport};

pub(crate) fn dma_buf(args: &DmabufArgs, json: bool) -> Result<(), Failure> {
    let processes = args.root.as_ref().map_or_else(Processes::default, Processes::at);
    let report = look(&processes, args)?;
    let said = if json { output::json(&report) } else { output::print(&text::text(&report)) };
    Ok(said?)
}

fn look(processes: &Processes, args: &DmabufArgs) -> Result<DmaBufReport, Failure> {
    let (found, unreadable) = match args.pid {
        Some(pid) => (vec![processes.process(pid)?], 0),
        None => processes.all()?,
    };
    let (attached, attached_unreadable) = match processes.attachments() {
        Ok(attached) => (Some(attached), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let devices = |inode: Option<u64>| {
        let attached: &BTreeMap<_, _> = attached.as_ref()?;
        Some(attached.get(&inode?).cloned().unwrap_or_default())
    };
    // Any device of the driver answers; best one of the same process.
    let asked = |process| {
        let has_device = |process: &&ProcessView| !process.devices.is_empty();
        [process].into_iter().chain(&found).find(has_device).unwrap_or(process)
    };
    let reports = found.iter().map(|process| ProcessReport {
        pid: process.pid,
        name: process.name.clone(),
        vfio_devices: process
            .devices
            .iter()
            .map(|device| device.address.map_or("unknown".into(), |address| address.to_string()))
            .collect(),
        buffers: process
            .buffers
            .iter()
            .map(|buffer| {
                let seen = match args.root {
                    _ if !buffer.is_from_vfio() => Ok(SeenTags::default()),
                    Some(_) => Err("the processes are not of this machine".into()),
                    None => process.tags(buffer, asked(process)).map_err(|error| error.to_string()),
                };
                BufferReport::new(buffer, seen, devices(buffer.inode))
            })
            .collect(),
    });
    let processes = reports.collect();
    Ok(DmaBufReport { processes, unreadable, attached_unreadable })
}
