//! Faults in requests.

use tph_abi::Errno;
use tph_lab_guest::{Aim, Control, Failure, Faults, raw};

use super::cases::{Case, Memory, Stage, held};
use super::sweep::Tally;
use super::{Outcome, Round, sweep as rounds};
use crate::check::same;

/// As far apart are the faults in ACPI's interpreter.
const STRIDE: usize = 97;

/// Allocations: with each fault a request fails, or is done all the same.
pub(super) fn allocations(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    match case.past {
        Some(function) => faults.aim_past(Aim::Allocations, function)?,
        None => faults.aim(Aim::Allocations)?,
    }
    let tally = sweep(case, faults, control, 1)?;
    match case.memory {
        Memory::None => tally.has_no_faults(),
        Memory::Spare => tally.never_failed(),
        Memory::Needed => tally.failed_also_with(Errno::ENOMEM),
    }
}

/// Copies: there are some, and one that fails is all that the request fails with.
pub(super) fn copies(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    faults.aim(Aim::Copies)?;
    sweep(case, faults, control, 1)?.failed_with(Errno::EFAULT)
}

/// Anything at all, every so many: ACPI's interpreter too.
pub(super) fn interpreter(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    faults.aim(Aim::All)?;
    sweep(case, faults, control, STRIDE)?.has_faults()
}

/// With each fault a request fails and changes nothing, or is done all the same; without one it is done.
fn sweep(
    case: &Case,
    faults: &Faults,
    control: &mut Control,
    stride: usize,
) -> Result<Tally, Failure> {
    let mut stage = Stage::set(case)?;
    rounds(case.name, stride, |nth| {
        stage.prepare(case)?;
        let before = held(case, &stage, control)?;
        let mut request = stage.request.clone();
        let ((outcome, wrote_behind), injected) =
            faults.around(nth, || raw::call(&stage.function, case.ioctl, &mut request));
        same("whether it wrote behind the request", wrote_behind, false)?;
        let ended = match outcome {
            Ok(0) => Ok(()),
            // So many vectors could be had, fewer than were asked for.
            Ok(_) => Err(None),
            Err(errno) => Err(Some(Errno(errno))),
        };
        if let Err(errno) = ended {
            if let Some(errno) = errno.filter(|errno| !case.may_end_with(*errno)) {
                return Err(format!("it ended with {errno}").into());
            }
            let after = held(case, &stage, control)?;
            let is_clear = after.iter().skip(1).all(|tag| *tag == 0);
            if case.may_clear && is_clear {
                same("the control register after a failure", after.first(), before.first())?;
            } else {
                same("what it holds after a failure", after, before)?;
            }
            same("the request after a failure", &request, &stage.request)?;
        }
        Ok(Round { injected, ended })
    })
}
