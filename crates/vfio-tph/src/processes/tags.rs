//! The tags of a dma-buf of another process: asked of the driver, through copies of its descriptors.

use tph::{ProcessingHint, RequesterType, SteeringTag};
use tph_abi::{Errno, Transport};

use super::device::copy;
use super::{BufferView, DeviceView, ProcessView};
use crate::{Descriptor, Error, TphDevice};

/// What travels with a dma-buf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenTags {
    /// The tags that were set, the narrower first.
    pub tags: Vec<SteeringTag>,
    /// The hint that goes with them.
    pub hint: Option<ProcessingHint>,
}

impl ProcessView {
    /// The tags of one of its dma-bufs, asked of the first VFIO device that `asked` has open, this
    /// process or another. For the moment of the question the caller holds both, too.
    ///
    /// # Errors
    /// [`Error::Request`]: the caller may not have their descriptors (`EPERM`; it takes what `ptrace`
    /// takes), `asked` has no VFIO device open or one whose driver does not answer (`ENOTTY`), or one
    /// that knows TPH but not this question (`EINVAL`), or the buffer is out of reach (`ENODEV`).
    pub fn tags(&self, buffer: &BufferView, asked: &Self) -> Result<SeenTags, Error> {
        let step = crate::Step::DmaBuf(crate::DmaBufStep::Look);
        let name = format!("descriptor {} of process {}", buffer.descriptor, self.pid);
        let fail = |errno: Errno| Error::Request { device: name.clone(), step, errno, cause: None };
        let unix = |errno: rustix::io::Errno| fail(Errno(errno.raw_os_error()));
        let DeviceView { descriptor, .. } =
            asked.devices.first().ok_or_else(|| fail(Errno::ENOTTY))?;
        let copy = |process: &Self, number| copy(process.pid, number).map_err(unix);
        let (device, file) = (copy(asked, *descriptor)?, copy(self, buffer.descriptor)?);
        seen(&mut TphDevice::adopt(device, name.clone()), &file).map_err(|error| match error {
            Error::Request { errno, .. } => fail(errno),
            error => error,
        })
    }
}

/// What a device answers about a dma-buf, asked for both widths.
pub(super) fn seen<T: Transport>(
    device: &mut TphDevice<T>,
    buffer: impl Into<Descriptor>,
) -> Result<SeenTags, Error> {
    let buffer = buffer.into();
    let mut seen = SeenTags::default();
    for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
        match device.dma_buf_tag(buffer, requester) {
            Ok((tag, hint)) => {
                seen.tags.push(tag);
                seen.hint = Some(hint);
            }
            // No tag of this width.
            Err(Error::Request { errno: Errno::EOPNOTSUPP, .. }) => {}
            // One number that has more bits: the other width gets it. Whoever answers so there, too,
            // does not know the question or the dma-buf.
            Err(Error::Request { errno: Errno::EINVAL, .. }) if requester == RequesterType::Tph => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}
