//! `tph map [DEV]`

mod args;
mod bus;
mod picture;
mod queues;
mod report;
mod sockets;
mod svg;
mod text;

use std::path::Path;

use vfio_tph::{Plan, Queue};

use crate::failure::Failure;
use crate::output;
use crate::source::{Mapped, Source};

pub(crate) use args::MapArgs;
use picture::Picture;
pub(crate) use report::MapReport;

pub(crate) fn map(args: &MapArgs, json: bool) -> Result<(), Failure> {
    let source = Source::open(&args.source)?;
    let device = args.device.as_deref().map(|device| source.address(device)).transpose()?;
    let Mapped { topology, functions, numa_nodes } = source.map()?;
    let plan = match device {
        Some(device) if !args.queues.is_empty() => {
            let queue = |it: &crate::cli::Steering| Queue::new(it.index.0.into(), it.cpu);
            let queues: Vec<_> = args.queues.iter().map(queue).collect();
            let found = functions.iter().find(|function| function.address == device);
            let tph = found.and_then(vfio_tph::FunctionView::tph);
            let table = tph.and_then(|tph| tph.capability.table.ok());
            let entries = table.map_or(0, tph::StTable::entries);
            Some((device, entries, Plan::new(entries, &topology, &queues)?))
        }
        _ => None,
    };
    let layout =
        vfio_tph::Layout::new(&topology, &functions, |address| numa_nodes.get(&address).copied());
    let picture = Picture::new(layout, device, plan, args.all)?;
    if let Some(path) = &args.svg {
        write(path, &svg::draw(&picture))?;
    }
    let report = MapReport::new(&picture, args.svg.as_deref());
    let said = match &args.svg {
        _ if json => output::json(report),
        Some(path) => output::print(&format!("Drawn in {}.\n", path.display())),
        None => output::print(&text::draw(&picture, width())),
    };
    Ok(said?)
}

fn write(path: &Path, drawing: &str) -> Result<(), Failure> {
    let fail =
        |error: std::io::Error| Failure::File { path: path.to_owned(), reason: error.to_string() };
    std::fs::write(path, drawing).map_err(fail)
}

/// How many columns there are: those of the terminal, 80 where there is none.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(80, |(width, _)| usize::from(width.0).max(40))
}
