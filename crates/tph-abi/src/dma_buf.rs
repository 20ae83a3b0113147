//! `DMA_BUF_GET`: which tag travels with a dma-buf, for importers in user space. Asked of a device
//! that is open, about any dma-buf.

use core::ops::Range;

use tph::{DmaBufError, DmaBufHint, DmaBufs, ProcessingHint, RequesterType, SteeringTag};

use crate::layout::dma_buf::get;
use crate::layout::{Field, op};
use crate::{Errno, Operation, Request, Transport};

/// What `DMA_BUF_GET` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaBufQuery {
    /// The dma-buf, by the caller's descriptor.
    pub descriptor: i32,
    /// Whose tag is wanted.
    pub requester: RequesterType,
}

impl DmaBufQuery {
    /// How long the request is.
    pub const SIZE: usize = get::LAYOUT.size;
    const ANSWER: Range<usize> = get::STEERING_TAG.offset..Self::SIZE;

    pub(crate) fn parse(request: &[u8]) -> Result<Self, Errno> {
        if !get::RESERVED.is_zero(request, 0) {
            return Err(Errno::EINVAL);
        }
        let bits = get::WIDTH.read(request, 0).and_then(|bits| u8::try_from(bits).ok());
        let requester = bits.and_then(RequesterType::from_tag_bits).ok_or(Errno::EINVAL)?;
        let descriptor = get::DMABUF_FD.read(request, 0).ok_or(Errno::EINVAL)?;
        Ok(Self { descriptor: i32::from_le_bytes(descriptor.to_le_bytes()), requester })
    }

    /// The request's bytes.
    pub fn bytes(self) -> [u8; Self::SIZE] {
        let mut request = [0; Self::SIZE];
        op::ARGSZ.write(&mut request, 0, u32::try_from(Self::SIZE).unwrap_or(u32::MAX));
        op::OP.write(&mut request, 0, Operation::DmaBufGet.number());
        get::DMABUF_FD.write(&mut request, 0, u32::from_le_bytes(self.descriptor.to_le_bytes()));
        get::WIDTH.write(&mut request, 0, self.requester.tag_bits().into());
        request
    }

    /// Asks.
    ///
    /// # Errors
    /// As [`answer_dma_buf`], and `ENOTTY` where the interface is not served.
    pub fn ask(
        self,
        transport: &mut (impl Transport + ?Sized),
    ) -> Result<(SteeringTag, ProcessingHint), Errno> {
        let mut request = self.bytes();
        transport.call(&mut request)?;
        let field = |field: Field| field.read(&request, 0);
        let bits = field(get::STEERING_TAG).and_then(|bits| u16::try_from(bits).ok());
        let hint = field(get::PH).and_then(|bits| u8::try_from(bits).ok());
        let tag = SteeringTag::from_entry_bits(bits.ok_or(Errno::EIO)?, self.requester);
        Ok((tag, hint.and_then(ProcessingHint::from_bits).ok_or(Errno::EIO)?))
    }
}

/// Answers `request` if it is a `DMA_BUF_GET`, and returns which of its bytes the caller is to get
/// back. `None` is another operation: [`dispatch`](crate::dispatch) answers that. The device that
/// is asked plays no part.
///
/// # Errors
/// `EINVAL` for bytes that are not in order; then, as [`DmaBufs::hint`], `EBADF`, `EINVAL`, `EINTR`,
/// `ENODEV`; `EOPNOTSUPP` if no tag of this width was set; `EINVAL` if the single one that was does
/// not fit.
pub fn answer_dma_buf(
    request: &mut [u8],
    dma_bufs: &mut (impl DmaBufs + ?Sized),
) -> Option<Result<Range<usize>, Errno>> {
    // Other operations, and what is wrong with other bytes, are for the dispatcher.
    if op::OP.read(request, 0) != Some(Operation::DmaBufGet.number()) {
        return None;
    }
    let Ok(Request::DmaBufGet(query)) = Request::parse(request) else { return None };
    let answer = dma_bufs
        .hint(query.descriptor)
        .and_then(|set| DmaBufHint::answer(set, query.requester))
        .map_err(Errno::from);
    Some(answer.map(|(tag, hint)| {
        get::STEERING_TAG.write(request, 0, tag.entry_bits().into());
        get::PH.write(request, 0, hint.bits().into());
        get::RESERVED1.write(request, 0, 0);
        DmaBufQuery::ANSWER
    }))
}

impl From<DmaBufError> for Errno {
    fn from(error: DmaBufError) -> Self {
        match error {
            DmaBufError::NoCompleter | DmaBufError::NoExtendedCompleter | DmaBufError::NoTag(_) => {
                Self::EOPNOTSUPP
            }
            DmaBufError::TooWide(_) | DmaBufError::NotADmaBuf | DmaBufError::NotExportedHere => {
                Self::EINVAL
            }
            DmaBufError::Revoked => Self::ENODEV,
            DmaBufError::NotOpen => Self::EBADF,
            DmaBufError::Interrupted => Self::EINTR,
            DmaBufError::NoMemory => Self::ENOMEM,
            DmaBufError::NoExport => Self::ENOTTY,
        }
    }
}
