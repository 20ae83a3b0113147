//! Tags stay where they are for as long as their vectors are.

use std::fs;

use tph_abi::Errno;
use tph_lab_guest::irq::{Interrupt, give_event};
use tph_lab_guest::msix::control_dword;
use tph_lab_guest::{Control, Endpoint, Failure, InTree, Nic};
use vfio_tph::{StIndex, StMode, TagSource, VfioFunction};

use super::{Outcome, Steering, USED, VECTORS, masks, steered, tags, vector_events};
use crate::check::{errno, same};

pub(super) fn both_modes(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        steered(endpoint, control, mode, |_, table, _, _| {
            same("masks of vectors with an event", masks(table)?, vec![0; USED.into()])
        })?;
    }
    Ok(())
}

/// The kernel has TPH on for the device because our user has, and its vectors are set up.
pub(super) fn in_tree(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, _, steering| {
        let functions = InTree::load()?;
        let ours = (tags(table)?, masks(table)?);
        let clear: Vec<_> = (0..USED).map(|at| (StIndex(at), TagSource::Clear)).collect();
        function.tph().program(&clear)?;
        same("cleared", tags(table)?, vec![0; USED.into()])?;
        for (vector, tag) in steering.bits().iter().enumerate() {
            functions.call(endpoint.address, &format!("entry {vector} {tag:x}"))?;
        }
        same("the table", (tags(table)?, masks(table)?), ours)
    })
}

pub(super) fn allocated(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let steering = Steering::ask(control)?;
    let (_, source) = steering.batch()[0];
    let mut tph = function.tph();
    same("entries", errno(tph.capability())?.table_entries, VECTORS)?;
    let mut tph = tph.enable(StMode::InterruptVector)?;
    let mut program = |index| errno(tph.program(&[(StIndex(index), source)]));
    same("without MSI-X", program(0), Err(Errno::ENXIO))?;
    function.enable_msix(&vector_events()?)?;
    same("the first", program(0), Ok(()))?;
    same("one past the last that is set up", program(USED), Err(Errno::ENXIO))?;
    same("the last of the table", program(VECTORS - 1), Err(Errno::ENXIO))?;
    same("past the table", program(VECTORS), Err(Errno::ENXIO))?;
    function.disable_msix()?;
    same("without MSI-X again", program(0), Err(Errno::ENXIO))
}

pub(super) fn masked(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, events, steering| {
        give_event(function, Interrupt::MsiX, 3, None)?;
        same("mask bit", masks(table)?[3], 1)?;
        same("tags while masked", tags(table)?, steering.bits())?;
        give_event(function, Interrupt::MsiX, 3, Some(&events[3]))?;
        same("mask bit", masks(table)?[3], 0)?;
        same("tags when unmasked", tags(table)?, steering.bits())
    })
}

/// The number of the interrupt that VFIO gave a vector.
fn interrupt_number(endpoint: &Endpoint, vector: u16) -> Result<String, Failure> {
    let name = format!("vfio-msix[{vector}]({})", endpoint.address);
    let table = fs::read_to_string("/proc/interrupts")?;
    let line = table.lines().find(|line| line.ends_with(&name)).ok_or(name)?;
    Ok(line.split(':').next().unwrap_or_default().trim().to_owned())
}

pub(super) fn moved(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, events, steering| {
        let mut nic = Nic::new(function, 1)?;
        nic.interrupt(0, 2)?;
        for cpus in ["2", "4", "8", "1"] {
            let number = interrupt_number(endpoint, 2)?;
            fs::write(format!("/proc/irq/{number}/smp_affinity"), cpus)?;
            nic.ring(0)?;
            events[2].read()?;
            same("tags after the move", tags(table)?, steering.bits())?;
        }
        Ok(())
    })
}

pub(super) fn reset(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, _, steering| {
        // QEMU's table outlives a function reset; a real one does not.
        for vector in 0..USED {
            table.write32(control_dword(vector), 1)?;
        }
        same("tags that the device lost", tags(table)?, vec![0; USED.into()])?;
        function.reset()?;
        same("tags after the reset", tags(table)?, steering.bits())?;
        let mut tph = function.tph();
        same("ENABLE", errno(tph.enable(StMode::DeviceSpecific).map(drop)), Err(Errno::EBUSY))
    })
}
