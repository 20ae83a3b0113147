//! Bytes in, bytes out: one request, answered by the rules.

use core::ops::Range;

use tph::{Function, Requester, StMode};

use crate::layout::{self, cap};
use crate::request::{MODE_DS, MODE_IV};
use crate::{Errno, Request};

/// Answers the request in `request`, which is as long as [`needed`](crate::needed) says, and
/// returns which of its bytes the caller is to get back; an empty range if none.
///
/// # Errors
/// `EINVAL` for bytes that are not in order (see [`Request::parse`]), before the device is looked
/// at; `ENOTTY` for `DMA_BUF_GET`, as nobody asked
/// [`answer_dma_buf`](crate::answer_dma_buf) before; else what the rules say ([`tph::Error`], each with its number in [`Errno`]). Nothing is to
/// be given back then.
pub fn dispatch(
    request: &mut [u8],
    requester: &mut Requester,
    function: &mut (impl Function + ?Sized),
) -> Result<Range<usize>, Errno> {
    const NOTHING: Range<usize> = 0..0;
    match Request::parse(request)? {
        Request::GetCap => {}
        Request::Enable(mode) => {
            requester.enable(mode, function)?;
            return Ok(NOTHING);
        }
        Request::Disable => {
            requester.disable(function)?;
            return Ok(NOTHING);
        }
        Request::GetSt(mut st) => {
            requester.tags(&mut st, function)?;
            return Ok(st.entries());
        }
        Request::SetSt(mut st) => {
            requester.program(&mut st, function)?;
            return Ok(NOTHING);
        }
        Request::GetEntries(mut query) => {
            requester.entries(&mut query, function)?;
            return Ok(query.entries());
        }
        Request::DmaBufGet(_) => return Err(Errno::ENOTTY),
    }
    write_capability(request, requester)?;
    Ok(layout::BODY..layout::FIXED_SIZE)
}

fn write_capability(request: &mut [u8], requester: &Requester) -> Result<(), Errno> {
    let capability = requester.usable()?;
    let modes = capability.register.modes();
    let bit = |mode, bit| if modes.contains(mode) { bit } else { 0 };
    let supported = bit(StMode::InterruptVector, MODE_IV) | bit(StMode::DeviceSpecific, MODE_DS);
    let entries = u32::from(capability.table_entries());
    cap::SUPPORTED_MODES.write(request, layout::BODY, supported);
    cap::RESERVED0.write(request, layout::BODY, 0);
    cap::ST_TABLE_SZ.write(request, layout::BODY, entries);
    cap::RESERVED.write(request, layout::BODY, 0);
    Ok(())
}
