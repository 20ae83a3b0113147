//! Faults in requests.

use tph_abi::Errno;
use tph_lab_guest::{Aim, Control, Faults, raw};

use super::cases::{Case, Stage, held};
use super::{CLEAN, Outcome, Round, sweep as rounds};
use crate::check::same;

/// As far apart are the faults in ACPI's interpreter.
const STRIDE: usize = 97;

/// Allocations: with each fault a request fails, or is done all the same.
pub(super) fn allocations(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    faults.aim(Aim::Allocations)?;
    // The interpreter's count too, unless the faults are aimed.
    let stride = if case.asks_firmware() && !faults.are_aimed() { STRIDE } else { 1 };
    sweep(case, faults, control, stride).map(drop)
}

/// Copies: there are some, and one that fails is all that the request fails with.
pub(super) fn copies(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    faults.aim(Aim::Copies)?;
    let errors = sweep(case, faults, control, 1)?;
    if errors.is_empty() || errors.iter().any(|errno| *errno != Errno::EFAULT) {
        return Err(format!("with copies that fail it ended with {errors:?}").into());
    }
    Ok(())
}

/// Anything at all, every so many: ACPI's interpreter too.
pub(super) fn interpreter(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    faults.aim(Aim::All)?;
    sweep(case, faults, control, STRIDE).map(drop)
}

/// With each fault a request fails and changes nothing, or is done all the same; without one it is done.
/// What it failed with.
fn sweep(
    case: &Case,
    faults: &Faults,
    control: &mut Control,
    stride: usize,
) -> Result<Vec<Errno>, tph_lab_guest::Failure> {
    let mut stage = Stage::set(case)?;
    let mut errors = Vec::new();
    rounds(case.name, stride, |nth| {
        stage.prepare(case)?;
        let before = held(case, &stage, control)?;
        let mut request = stage.request.clone();
        let ((outcome, wrote_behind), injected) =
            faults.around(nth, || raw::call(&stage.function, case.ioctl, &mut request));
        same("whether it wrote behind the request", wrote_behind, false)?;
        if let Err(errno) = outcome {
            let errno = Errno(errno);
            if !(CLEAN.contains(&errno) || case.also.contains(&errno)) {
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
            errors.push(errno);
        }
        Ok(Round { injected, failed: outcome.is_err() })
    })?;
    Ok(errors)
}
