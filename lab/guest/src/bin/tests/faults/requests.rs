//! Faults in requests.

use tph_abi::Errno;
use tph_lab_guest::{Control, Faults, raw};

use super::cases::{Case, Stage, held};
use super::{CLEAN, Outcome, Round, sweep as rounds};
use crate::check::same;

/// As far apart are the faults in what is not the module's.
const STRIDE: usize = 97;

/// With each fault a request fails and changes nothing, or is done all the same; without one it is done.
pub(super) fn sweep(case: &Case, faults: &Faults, control: &mut Control) -> Outcome {
    let mut stage = Stage::set(case)?;
    // ACPI's interpreter has many of its own, which count unless the faults are aimed.
    let stride = if case.also.is_some() && !faults.are_aimed() { STRIDE } else { 1 };
    rounds(case.name, stride, |nth| {
        stage.prepare(case)?;
        let before = held(case, &stage, control)?;
        let mut request = stage.request.clone();
        let ((outcome, wrote_behind), injected) =
            faults.around(nth, || raw::call(&stage.function, case.ioctl, &mut request));
        same("whether it wrote behind the request", wrote_behind, false)?;
        if let Err(errno) = outcome {
            let errno = Errno(errno);
            if !(CLEAN.contains(&errno) || case.also == Some(errno)) {
                return Err(format!("it ended with {errno}").into());
            }
            same("what it holds after a failure", held(case, &stage, control)?, before)?;
            same("the request after a failure", &request, &stage.request)?;
        }
        Ok(Round { injected, failed: outcome.is_err() })
    })
}
