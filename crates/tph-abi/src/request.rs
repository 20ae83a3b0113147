//! From bytes to a typed request. Everything that a request says is looked at here, before the
//! device is.

use tph::{BatchLen, StMode};

use crate::layout::{self, ctrl, op, st};
use crate::{DmaBufQuery, EntriesRequest, Errno, StRequest};

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
    /// Say what entries of the ST table were programmed for.
    GetEntries = Operation::OWN,
    /// Say which tag travels with a dma-buf.
    DmaBufGet = Operation::DMA_BUF_GET,
}

impl Operation {
    /// The bit of the operations that vfio-tph has beyond the kernel series.
    pub const OWN: u32 = 1 << 31;
    const DMA_BUF_GET: u32 = Self::OWN + 1;

    /// The operation with this number.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::GetCap),
            1 => Some(Self::Enable),
            2 => Some(Self::Disable),
            3 => Some(Self::GetSt),
            4 => Some(Self::SetSt),
            Self::OWN => Some(Self::GetEntries),
            Self::DMA_BUF_GET => Some(Self::DmaBufGet),
            _ => None,
        }
    }

    /// Its number on the wire.
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// Interrupt-vector mode: its bit in `supported_modes` and `mode`.
pub const MODE_IV: u32 = 1;
/// Device-specific mode: its bit in `supported_modes` and `mode`.
pub const MODE_DS: u32 = 2;

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
    /// `GET_ENTRIES`.
    GetEntries(EntriesRequest<'a>),
    /// `DMA_BUF_GET`.
    DmaBufGet(DmaBufQuery),
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
        Operation::DmaBufGet => DmaBufQuery::SIZE,
        Operation::GetSt | Operation::SetSt | Operation::GetEntries => {
            match st::COUNT.read(request, layout::BODY) {
                None => layout::FIXED_SIZE,
                Some(count) => layout::st_size(BatchLen::new(count).ok_or(Errno::EINVAL)?.get()),
            }
        }
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
    /// 0, if the mode is not exactly one that exists, if the memory type does not exist, if tags
    /// are not 8 or 16 bits wide.
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
            Operation::GetEntries => EntriesRequest::parse(request).map(Self::GetEntries),
            Operation::DmaBufGet => DmaBufQuery::parse(request).map(Self::DmaBufGet),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn head(argsz: u32, number: u32) -> Vec<u8> {
        [argsz.to_le_bytes(), number.to_le_bytes()].concat()
    }

    /// Brings as many bytes of `whole` as are asked for; the sizes that were asked for, and how it
    /// ended.
    fn bring(whole: &[u8]) -> (Vec<usize>, Result<usize, Errno>) {
        let (mut steps, mut have) = (vec![], 0);
        loop {
            match needed(&whole[..have]) {
                Ok(size) if size > have => {
                    steps.push(size);
                    have = size;
                }
                end => return (steps, end),
            }
        }
    }

    #[test]
    fn a_request_is_brought_in_as_few_steps_as_it_has_parts() {
        let fixed = [head(16, 0), vec![0; 8]].concat();
        assert_eq!(bring(&fixed), (vec![8, 16], Ok(16)));
        assert_eq!(bring(&head(8, 2)), (vec![8], Ok(8)));
        let batch = [head(16 + 36, 4), vec![3, 0, 0, 0, 0, 0, 0, 0], vec![0; 36]].concat();
        assert_eq!(bring(&batch), (vec![8, 16, 52], Ok(52)));
    }

    #[test]
    fn nothing_is_asked_for_past_argsz() {
        for argsz in 0..80 {
            for number in (0..8).chain(Operation::OWN..Operation::OWN + 3) {
                for count in [0, 1, 4, 2048, 2049, u32::MAX] {
                    let mut whole = [head(argsz, number), vec![0; 16 + 12 * 2048]].concat();
                    whole[8..12].copy_from_slice(&count.to_le_bytes());
                    let (steps, end) = bring(&whole);
                    // The head itself has to be read to know argsz.
                    let past = steps.iter().skip(1).any(|size| *size > argsz as usize);
                    assert!(!past, "argsz {argsz}, op {number}, count {count}: {steps:?}");
                    assert!(end == Err(Errno::EINVAL) || end.is_ok_and(|n| n <= argsz as usize));
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_cut_short_are_no_request() {
        let mut whole = [head(16 + 12, 4), vec![1, 0, 0, 0, 0, 0, 0, 0], vec![0; 12]].concat();
        for length in 0..whole.len() {
            assert_eq!(Request::parse(&mut whole[..length]).err(), Some(Errno::EINVAL), "{length}");
        }
        assert!(matches!(Request::parse(&mut whole), Ok(Request::SetSt(_))));
    }
}
