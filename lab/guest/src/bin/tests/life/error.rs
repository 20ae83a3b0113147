//! The root port above the device reports an error: the kernel stops the device, resets the bus if the
//! error is fatal, and tells the driver when all is over.

use std::time::Duration;

use tph_lab_guest::irq::{Interrupt, give_event};
use tph_lab_guest::{KernelLog, wait};
use tph_lab_wire::Severity;
use vfio_tph::{EventFd, StIndex, VfioFunction};

use super::watch::{Watch, cpu};
use super::{Outcome, Test};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("a_non_fatal_error_keeps_what_was_set", |watch| reported(watch, Severity::NonFatal)),
    ("a_fatal_error_resets_the_bus_and_keeps_what_was_set", |watch| {
        reported(watch, Severity::Fatal)
    }),
];

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

/// Has an error reported, and waits until the user was told and the kernel has recovered.
fn recovered(watch: &mut Watch<'_>, function: &VfioFunction, severity: Severity) -> Outcome {
    let told = EventFd::new(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())?;
    give_event(function, Interrupt::Error, 0, Some(&told))?;
    let mut log = KernelLog::from_now()?;
    watch.link_error(severity)?;
    wait::until("word to the user", LIMIT, || Ok(told.read().is_ok()))?;
    wait::until(RECOVERED, LIMIT, || Ok(log.said(RECOVERED)?))
}
