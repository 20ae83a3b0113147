//! From bytes to a typed request. Everything that a request says is looked at here, before the
//! device is.

use tph::{BatchLen, StMode};

use crate::layout::{self, ctrl, op, st};
use crate::{Errno, StRequest};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Operation {
    /// Which modes and which table the device has.
    GetCap = 0,
    /// Turn the requester on.
    Enable = 1,
    /// Turn it off.
    Disable = 2,
    /// Name the tags of CPUs.
    GetSt = 3,
    /// Program entries of the ST table.
    SetSt = 4,
}

impl Operation {
    /// The operation with this number.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::GetCap),
            1 => Some(Self::Enable),
            2 => Some(Self::Disable),
            3 => Some(Self::GetSt),
            4 => Some(Self::SetSt),
            _ => None,
        }
    }

    /// Its number on the wire.
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// Bits of `supported_modes` and `mode`.
pub(crate) const MODE_IV: u32 = 1;
pub(crate) const MODE_DS: u32 = 2;

/// A request whose bytes are in order: sizes fit, the operation exists, reserved fields are 0,
/// values with few meanings have one.
#[derive(Debug)]
pub enum Request<'a> {
    /// `GET_CAP`.
    GetCap,
    /// `ENABLE`.
    Enable(StMode),
    /// `DISABLE`.
    Disable,
    /// `GET_ST`.
    GetSt(StRequest<'a>),
    /// `SET_ST`.
    SetSt(StRequest<'a>),
}

/// How many bytes of a request are needed, as far as those at hand tell: ask with none, bring as
/// many as the answer says, ask again until it says no more than there are. So nothing is read
/// that the operation does not need, and nothing twice.
///
/// # Errors
/// `EINVAL` for an unknown operation, an `argsz` below what the operation needs, and a count that
/// is not 1 to 2048.
pub fn needed(request: &[u8]) -> Result<usize, Errno> {
    let (Some(argsz), Some(number)) = (op::ARGSZ.read(request, 0), op::OP.read(request, 0)) else {
        return Ok(layout::BODY);
    };
    let size = match Operation::from_number(number).ok_or(Errno::EINVAL)? {
        Operation::Disable => layout::BODY,
        Operation::GetCap | Operation::Enable => layout::FIXED_SIZE,
        Operation::GetSt | Operation::SetSt => match st::COUNT.read(request, layout::BODY) {
            None => layout::FIXED_SIZE,
            Some(count) => layout::st_size(BatchLen::new(count).ok_or(Errno::EINVAL)?.get()),
        },
    };
    if (argsz as usize) < size {
        return Err(Errno::EINVAL);
    }
    Ok(size)
}

impl<'a> Request<'a> {
    /// Reads a request that is as long as [`needed`] says.
    ///
    /// # Errors
    /// `EINVAL` as [`needed`], and if `request` is shorter than that, if a reserved field is not
    /// 0, if the mode is not exactly one that exists, if the memory type does not exist.
    pub fn parse(request: &'a mut [u8]) -> Result<Self, Errno> {
        let size = needed(request)?;
        let request = request.get_mut(..size).ok_or(Errno::EINVAL)?;
        let number = op::OP.read(request, 0).ok_or(Errno::EINVAL)?;
        match Operation::from_number(number).ok_or(Errno::EINVAL)? {
            Operation::GetCap => Ok(Self::GetCap),
            Operation::Disable => Ok(Self::Disable),
            Operation::Enable => enable_mode(request).map(Self::Enable),
            Operation::GetSt => StRequest::parse(request).map(Self::GetSt),
            Operation::SetSt => StRequest::parse(request).map(Self::SetSt),
        }
    }
}

fn enable_mode(request: &[u8]) -> Result<StMode, Errno> {
    if !ctrl::RESERVED.is_zero(request, layout::BODY) {
        return Err(Errno::EINVAL);
    }
    match ctrl::MODE.read(request, layout::BODY) {
        Some(MODE_IV) => Ok(StMode::InterruptVector),
        Some(MODE_DS) => Ok(StMode::DeviceSpecific),
        _ => Err(Errno::EINVAL),
    }
}
