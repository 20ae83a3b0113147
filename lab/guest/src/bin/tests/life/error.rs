//! The root port above the device reports an error: the kernel stops the device, resets the bus if the
//! error is fatal, and tells the driver when all is over.

use std::time::Duration;

use tph::StMode;
use tph_lab_guest::irq::{Interrupt, give_event};
use tph_lab_guest::{Failure, KernelLog, wait};
use tph_lab_wire::Severity;
use vfio_tph::{EventFd, StIndex, VfioFunction};

use super::memory::set_memory;
use super::watch::{Watch, cpu};
use super::{Outcome, Test};
use crate::check::{errno, same};
use crate::msix;

pub(super) const TESTS: &[(&str, Test)] = &[
    ("a_non_fatal_error_keeps_what_was_set", |watch| reported(watch, Severity::NonFatal)),
    ("a_fatal_error_resets_the_bus_and_keeps_what_was_set", |watch| {
        reported(watch, Severity::Fatal)
    }),
];

/// For a device whose table is in the MSI-X table.
pub(super) const MSIX_TESTS: &[(&str, Test)] =
    &[("a_fatal_error_that_takes_the_msix_table_leaves_tph_off", vectors_lost)];

/// What the kernel says of the root port at the end of `pcie_do_recovery()`.
const RECOVERED: &str = "device recovery successful";
/// The register with Memory Space Enable, which VFIO keeps on while it has the device.
const COMMAND: u16 = 4;
const MEMORY: u32 = 1 << 1;

/// How long a slow guest may take for each step.
const LIMIT: Duration = Duration::from_secs(60);

fn reported(watch: &mut Watch<'_>, severity: Severity) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    recovered(watch, &function, severity)?;
    // Nobody else restores a device after the bus was reset, so this shows whether it was.
    let was_reset = watch.register(COMMAND)? & MEMORY == 0;
    if was_reset != (severity == Severity::Fatal) {
        return Err(format!("{severity:?}: the bus was reset: {was_reset}").into());
    }
    // A worker restores it.
    wait::until("table", LIMIT, || Ok(watch.held()? == before))?;
    function.tph().program(&[(StIndex(0), cpu(0))])?;
    watch.expect("programmed after recovery", &before)?;
    drop(function);
    watch.expect_clean()?;
    drop(watch.programmed()?);
    Ok(())
}

/// Nobody restores the vectors after the bus was reset, so their tags are gone for good.
fn vectors_lost(watch: &mut Watch<'_>) -> Outcome {
    let function = VfioFunction::open(watch.address())?;
    let events = msix::vector_events()?;
    let indices: Vec<_> = (0..).map(StIndex).take(events.len()).collect();
    let (_, tags): (Vec<_>, Vec<_>) = watch.tags()?.into_iter().cycle().take(events.len()).unzip();
    let in_use = || -> Result<usize, Failure> {
        Ok(errno(function.tph().entries(&indices))?.iter().flatten().count())
    };
    let program = || -> Outcome {
        let mut tph = function.tph();
        let mut on = tph.enable(StMode::InterruptVector)?;
        let cpus = (0..4).cycle().map(cpu);
        on.program(&indices.iter().copied().zip(cpus).collect::<Vec<_>>())?;
        std::mem::forget(on);
        Ok(())
    };
    function.enable_msix(&events)?;
    program()?;
    same("entries in use", in_use()?, events.len())?;
    recovered(watch, &function, Severity::Fatal)?;
    // A worker sees to it; the register is 0 since the reset.
    wait::until("table without entries in use", LIMIT, || Ok(in_use()? == 0))?;
    watch.expect_off("after recovery")?;
    // VFIO puts the BARs back when the user turns memory on.
    set_memory(&function, true)?;
    function.disable_msix()?;
    function.enable_msix(&events)?;
    let table = function.map_bar(tph_lab_guest::msix::TABLE_BAR)?;
    same("tags of new vectors", msix::tags(&table)?, vec![0; events.len()])?;
    same("DISABLE", errno(function.tph().disable()), Ok(()))?;
    watch.expect_off("with new vectors")?;
    program()?;
    watch.expect_programmed()?;
    same("tags programmed anew", msix::tags(&table)?, tags)?;
    same("entries in use", in_use()?, events.len())?;
    drop(table);
    drop(function);
    watch.expect_clean()
}

/// Has an error reported, and waits until the user was told and the kernel has recovered.
fn recovered(watch: &mut Watch<'_>, function: &VfioFunction, severity: Severity) -> Outcome {
    let told = EventFd::new(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())?;
    give_event(function, Interrupt::Error, 0, Some(&told))?;
    let mut log = KernelLog::from_now()?;
    watch.link_error(severity)?;
    wait::until("word to the user", LIMIT, || Ok(told.read().is_ok()))?;
    wait::until(RECOVERED, LIMIT, || Ok(log.said(RECOVERED)?))
}
