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

use super::apply::read;
use super::plan::{table, tie, usual_mode};
use crate::cli::{ModeArg, Steering};
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::safe::clean;
use crate::source::{Mapped, Source};
use crate::{file, output};

pub(crate) use args::MapArgs;
use picture::Picture;
pub(crate) use report::MapReport;

pub(crate) fn map(args: &MapArgs, json: bool) -> Result<(), Failure> {
    let source = Source::open(&args.source)?;
    let planned_in = args.plan.as_deref().map(read).transpose()?;
    let device = device(args, planned_in.as_ref(), &source)?;
    let Mapped { topology, functions, numa_nodes } = source.map()?;
    let facts = || device.map(|device| source.facts(&device.to_string())).transpose();
    let plan = match (&planned_in, args.queues.as_slice()) {
        (None, []) => None,
        (Some(file), _) => facts()?.map(|facts| planned(&facts, file)).transpose()?,
        (None, queues) => facts()?.map(|facts| plan_for(&facts, queues)).transpose()?,
    };
    let layout =
        vfio_tph::Layout::new(&topology, &functions, |address| numa_nodes.get(&address).copied());
    let picture = Picture::new(layout, device, plan, args.all)?;
    if let Some(path) = &args.svg {
        file::write(path, &svg::draw(&picture))?;
    }
    let report = MapReport::new(&picture, args.svg.as_deref());
    let said = match &args.svg {
        _ if json => output::json(report),
        Some(path) => output::print(&format!("Drawn in {}.\n", clean(&path.display().to_string()))),
        None => output::print(&text::draw(&picture, width())),
    };
    Ok(said?)
}

/// The function that is asked for, by its name or by a plan.
fn device(
    args: &MapArgs,
    file: Option<&PlanFile>,
    source: &Source,
) -> Result<Option<Bdf>, Failure> {
    let named = args.device.as_deref().map(|device| source.address(device)).transpose()?;
    let Some(file) = file else { return Ok(named) };
    let of_plan = source.address(&file.device)?;
    let plan = args.plan.as_deref().unwrap_or_else(|| Path::new(""));
    named.map_or(Ok(()), |named| Failure::unless_same(named, plan, of_plan))?;
    Ok(Some(of_plan))
}

/// The plan of a file, and how many entries the function has for it.
fn planned(facts: &Facts, file: &PlanFile) -> Result<(Bdf, u16, Plan), Failure> {
    let address = facts.function.address;
    let (_, table) = table(facts)?;
    let entries = table.entries();
    for (position, entry) in file.entries.iter().enumerate() {
        let refused = |error| Error::Rehearsal {
            device: address.to_string(),
            error: tph::Error::Entry { position, error },
        };
        table.require(entry.index).map_err(refused)?;
    }
    Ok((address, entries, file.plan(&facts.topology)))
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

/// How many columns there are: those of the terminal, 80 where there is none.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(80, |(width, _)| usize::from(width.0).max(40))
}
