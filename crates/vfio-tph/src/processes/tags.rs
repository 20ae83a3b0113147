//! The tags of a dma-buf of another process: asked of the driver, through copies of its descriptors.

use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use tph::{ProcessingHint, RequesterType, SteeringTag};
use tph_abi::Errno;

use super::{BufferView, DeviceView, ProcessView};
use crate::{Error, TphDevice};

/// What travels with a dma-buf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// takes), `asked` has no VFIO device open or one whose driver does not answer (`ENOTTY`), or the
    /// buffer is out of reach (`ENODEV`).
    pub fn tags(&self, buffer: &BufferView, asked: &Self) -> Result<SeenTags, Error> {
        let step = crate::Step::DmaBuf(crate::DmaBufStep::Look);
        let name = format!("descriptor {} of process {}", buffer.descriptor, self.pid);
        let fail = |errno: Errno| Error::Request { device: name.clone(), step, errno, cause: None };
        let unix = |errno: rustix::io::Errno| fail(Errno(errno.raw_os_error()));
        let DeviceView { descriptor, .. } =
            asked.devices.first().ok_or_else(|| fail(Errno::ENOTTY))?;
        let copy = |process: &Self, number| copy(process.pid, number).map_err(unix);
        let (device, file) = (copy(asked, *descriptor)?, copy(self, buffer.descriptor)?);
        let mut device = TphDevice::adopt(device, name.clone());
        let mut seen = SeenTags::default();
        for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
            match device.dma_buf_tag(&file, requester) {
                Ok((tag, hint)) => {
                    seen.tags.push(tag);
                    seen.hint = Some(hint);
                }
                // No tag of this width, or one number that has more bits.
                Err(Error::Request { errno: Errno::EOPNOTSUPP | Errno::EINVAL, .. }) => {}
                Err(Error::Request { errno, .. }) => return Err(fail(errno)),
                Err(error) => return Err(error),
            }
        }
        Ok(seen)
    }
}

/// A copy of a descriptor of another process.
fn copy(pid: u32, descriptor: i32) -> rustix::io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(rustix::io::Errno::SRCH)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty())
}
