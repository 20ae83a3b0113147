//! Copies fail where the request is not in memory, or cannot be written.

use tph_abi::Errno;
use tph_lab_guest::Control;
use tph_lab_guest::raw::{Place, Room};

use super::Outcome;
use super::cases::{Case, Stage, held};
use crate::check::same;

/// So many bytes at either end of a request are cut one by one.
const EACH: usize = 40;
/// In between, in a long one, only every so many.
const STRIDE: usize = 1009;

/// Cut anywhere, or lying nowhere, or where it cannot be written, a request fails and changes nothing.
pub(super) fn sweep(case: &Case, control: &mut Control) -> Outcome {
    let mut stage = Stage::set(case)?;
    let room = Room::new()?;
    let before = held(case, &stage, control)?;
    let length = stage.request.len();
    let is_cut = |missing: &usize| {
        *missing <= EACH || *missing + EACH > length || missing.is_multiple_of(STRIDE)
    };
    let send = |stage: &Stage, place| {
        let mut request = stage.request.clone();
        room.call(&stage.function, case.ioctl, &mut request, place)
    };
    let fault = Err(Errno::EFAULT.0);
    for missing in (1..=length).filter(is_cut) {
        let what = format!("without the last {missing} of {length} bytes");
        same(&what, send(&stage, Place::Cut(missing)), fault)?;
    }
    same("at address 0", send(&stage, Place::Null), fault)?;
    if case.answers {
        same("where it cannot be answered", send(&stage, Place::ReadOnly), fault)?;
    }
    same("what it holds then", held(case, &stage, control)?, before)?;
    stage.prepare(case)?;
    same("in memory", send(&stage, Place::Whole), Ok(0))
}
