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

use tph::Bdf;
use vfio_tph::{Error, Facts, Plan, Queue};

use super::plan::{table, tie, usual_mode};
use crate::cli::{ModeArg, Steering};
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
            Some(plan_for(&source.facts(&device.to_string())?, &args.queues)?)
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

/// The plan that `tph plan` makes of these queues, and how many entries it has to make it with.
fn plan_for(facts: &Facts, given: &[Steering]) -> Result<(Bdf, u16, Plan), Failure> {
    let address = facts.function.address;
    let device = address.to_string();
    let queue = |it: &Steering| Queue::new(it.index.0.into(), it.cpu);
    let mut queues: Vec<_> = given.iter().map(queue).collect();
    let entries = match table(facts) {
        Ok((capability, table)) => {
            if usual_mode(&device, capability)? == ModeArg::InterruptVector {
                tie(&mut queues)?;
            }
            table.entries()
        }
        // Known to have none: all of it goes to memory, which is worth a picture.
        Err(Failure::Library(Error::Rehearsal {
            error: tph::Error::NoTable | tph::Error::NoCapability,
            ..
        })) => 0,
        Err(error) => return Err(error),
    };
    let plan = Plan::new(entries, &facts.topology, &queues)
        .map_err(|error| Failure::NoPlan { device, error })?;
    Ok((address, entries, plan))
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
