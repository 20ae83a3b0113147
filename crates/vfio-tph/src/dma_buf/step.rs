//! What was being done to a dma-buf's tags, and what an answer means then.

use std::fmt;

use tph::RequesterType;
use tph_abi::Errno;

use crate::Advice;

/// A request about the tags of a dma-buf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DmaBufStep {
    /// Exporting memory.
    Export {
        /// Of which BAR.
        bar: u32,
    },
    /// Asking whether they can be set.
    Probe,
    /// Setting them.
    Set,
    /// Asking for the one of this width.
    Ask(RequesterType),
    /// Looking at those of another process.
    Look,
}

impl fmt::Display for DmaBufStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Export { bar } => write!(f, "exporting memory of BAR {bar}"),
            Self::Probe => f.write_str("asking whether its dma-bufs can have tags"),
            Self::Set => f.write_str("setting the tags of a dma-buf"),
            Self::Look => f.write_str("looking at the tags of a dma-buf"),
            Self::Ask(requester) => {
                write!(f, "asking for the {}-bit tag of a dma-buf", requester.tag_bits())
            }
        }
    }
}

impl DmaBufStep {
    /// What `errno` means as the answer.
    pub(crate) const fn meaning(self, errno: Errno) -> &'static str {
        match (errno, self) {
            (Errno::ENOTTY, Self::Look) => {
                "no VFIO device is open there whose driver knows tags of dma-bufs"
            }
            (Errno::EINVAL, Self::Look) => {
                "the driver that was asked does not know the question, or the descriptor is no \
                 dma-buf any more"
            }
            (Errno::EPERM, Self::Look) => {
                "its process's descriptors are not to be had: that takes what ptrace takes"
            }
            (Errno::ENOTTY, Self::Export { .. }) => "VFIO of this kernel exports no dma-bufs",
            (Errno::EINVAL, Self::Export { .. }) => {
                "each range must be whole pages inside of the BAR, and there must be one"
            }
            (Errno::ENODEV, Self::Export { .. }) => "there is no such BAR, or the device is gone",
            (Errno::ENOTTY, _) => {
                "the driver that has the device does not serve tags of dma-bufs, or VFIO of this \
                 kernel exports no dma-bufs"
            }
            (Errno::EOPNOTSUPP, Self::Export { .. }) => {
                "the device cannot be reached by peers on this host"
            }
            (Errno::EOPNOTSUPP, Self::Probe) => "the device takes no hints on what it receives",
            (Errno::EOPNOTSUPP, Self::Set) => {
                "the device takes no hints on what it receives, or no tags of 16 bits"
            }
            (Errno::EOPNOTSUPP, Self::Ask(_)) => "nobody set a tag of this width for it",
            (Errno::EBADF, _) => "the descriptor is not open",
            (Errno::EINVAL, Self::Set) => {
                "the descriptor is no dma-buf that this device exported since it was opened"
            }
            (Errno::EINVAL, Self::Ask(_)) => {
                "the descriptor is no dma-buf, or its one tag has more bits than were asked for"
            }
            (Errno::ENODEV, Self::Ask(_) | Self::Look) => {
                "its memory is out of reach: the device that exported it is closed, in reset, in \
                 low power or has its memory space off"
            }
            (Errno::EINTR, _) => "a signal came while somebody else used the dma-buf",
            (Errno::ENOMEM, _) => "the kernel has no memory to keep them",
            _ => "the kernel gives no further reason",
        }
    }

    /// What to do about it.
    pub(crate) fn advice(self, device: String, errno: Errno) -> Option<Advice> {
        match (errno, self) {
            (_, Self::Look) => None,
            (Errno::ENOTTY, _) => Some(Advice::ServeDmaBufs { device }),
            (Errno::EOPNOTSUPP, Self::Probe | Self::Set) => Some(Advice::ShareWithoutTags),
            (Errno::EOPNOTSUPP, Self::Ask(_)) => Some(Advice::SetTagsFirst),
            (Errno::EINVAL, Self::Set) => Some(Advice::ExportThere),
            (Errno::ENODEV, Self::Ask(_)) => Some(Advice::MapAnew),
            _ => None,
        }
    }
}
