//! What was being done when something failed.

use std::fmt;

use tph::StMode;
use tph_abi::Errno;

use crate::DmaBufStep;

/// A TPH request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Asking what the device can do.
    Capability,
    /// Turning TPH on.
    Enable(StMode),
    /// Turning TPH off.
    Disable,
    /// Programming entries.
    Program {
        /// The position of the first of them in the batch.
        first: usize,
        /// How many in this call.
        count: usize,
    },
    /// Clearing entries.
    Clear {
        /// The position of the first of them in the batch.
        first: usize,
        /// How many in this call.
        count: usize,
    },
    /// Asking for the tags of CPUs.
    Tags {
        /// The position of the first of them in what was asked.
        first: usize,
        /// How many in this call.
        count: usize,
    },
    /// Asking what entries were programmed for.
    Entries {
        /// The position of the first of them in what was asked.
        first: usize,
        /// How many in this call.
        count: usize,
    },
    /// Something about the tags of a dma-buf.
    DmaBuf(DmaBufStep),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability => f.write_str("asking for the TPH capability"),
            Self::Enable(mode) => write!(f, "enabling {mode} mode"),
            Self::Disable => f.write_str("turning TPH off"),
            Self::Program { first, count } => write!(f, "programming {}", part(*first, *count)),
            Self::Clear { first, count } => write!(f, "clearing {}", part(*first, *count)),
            Self::Tags { first, count } => {
                write!(f, "asking for tags {first} to {}", first + count.saturating_sub(1))
            }
            Self::Entries { first, count } => write!(f, "asking about {}", part(*first, *count)),
            Self::DmaBuf(step) => step.fmt(f),
        }
    }
}

/// The part of a batch that one call was for. Where it is in the batch is said of later parts only:
/// hardly any batch has them.
fn part(first: usize, count: usize) -> String {
    match (first, count) {
        (0, 1) => "1 ST entry".to_owned(),
        (0, _) => format!("{count} ST entries"),
        _ => format!("entries {first} to {} of the batch", first + count.saturating_sub(1)),
    }
}

impl Step {
    /// What `errno` means as the answer to this request.
    pub const fn meaning(self, errno: Errno) -> &'static str {
        match (errno, self) {
            (_, Self::DmaBuf(step)) => step.meaning(errno),
            (Errno::ENOTTY, _) => "the driver that has the device does not offer TPH",
            (Errno::EOPNOTSUPP, Self::Enable(StMode::DeviceSpecific)) => {
                "the device has no TPH Requester capability, or it has no ST table and this host \
                 does not allow drivers to handle tags themselves"
            }
            (Errno::EOPNOTSUPP, Self::Program { .. } | Self::Clear { .. }) => {
                "the device has no ST table to program"
            }
            (Errno::EOPNOTSUPP, Self::Tags { .. }) => {
                "the device has an ST table that takes the tags, or this host does not show tags \
                 to drivers"
            }
            (Errno::EOPNOTSUPP, Self::Entries { .. }) => "the device has no ST table",
            (Errno::EINVAL, Self::Entries { .. }) => {
                "the driver that has the device does not know this question, or the device's \
                 capability is malformed"
            }
            (Errno::ENXIO, Self::Entries { .. }) => "an index lies outside of the ST table",
            (Errno::EOPNOTSUPP, _) => "the device has no TPH Requester capability",
            (Errno::EBUSY, Self::Enable(_)) => "TPH is enabled already",
            (Errno::EINVAL, Self::Enable(StMode::NoSt)) => "this mode cannot be enabled",
            (Errno::EINVAL, Self::Enable(_)) => {
                "the device does not have this mode, or the root port above it takes no hints, or \
                 its capability is malformed"
            }
            (Errno::EINVAL, Self::Program { .. }) => {
                "TPH is off, or one of the CPUs does not exist, is offline, has no ACPI UID, or is \
                 not one that this process may run on"
            }
            (Errno::EINVAL, Self::Clear { .. }) => "TPH is off",
            (Errno::EINVAL, Self::Tags { .. }) => {
                "TPH is not on in device-specific mode, or one of the CPUs does not exist, is \
                 offline, has no ACPI UID, or is not one that this process may run on"
            }
            (Errno::ENXIO, _) => {
                "an index lies outside of the ST table, or its MSI-X vector is not set up"
            }
            (Errno::ENODATA, _) => "the firmware names no such tag for one of the CPUs",
            (Errno::ENODEV, Self::Program { .. } | Self::Tags { .. }) => {
                "the firmware of this host names no tags, or the device is gone"
            }
            (Errno::ENODEV, _) => "the device is gone",
            (Errno::EIO, Self::Program { .. }) => {
                "the firmware or a register access failed: either nothing changed, or all entries \
                 of this call are 0 (or TPH is off, if even that failed)"
            }
            (Errno::EIO, Self::Clear { .. }) => {
                "a register access failed: either nothing changed, or all entries of this call are \
                 0 (or TPH is off, if even that failed)"
            }
            (Errno::EIO, _) => "a register access failed",
            _ => "the kernel gives no further reason",
        }
    }
}

/// A step of opening a VFIO device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenStep {
    /// Opening `/dev/vfio/vfio`.
    Container,
    /// Opening `/dev/iommu`.
    Iommufd,
    /// Finding the IOMMU group.
    FindGroup,
    /// Opening `/dev/vfio/GROUP`.
    Group {
        /// The group.
        group: u32,
    },
    /// Giving the group, or the device, to the IOMMU.
    Attach,
    /// Getting the device's file.
    Device,
}

impl fmt::Display for OpenStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container => f.write_str("opening /dev/vfio/vfio"),
            Self::Iommufd => f.write_str("opening /dev/iommu"),
            Self::FindGroup => f.write_str("looking for its IOMMU group"),
            Self::Group { group } => write!(f, "opening /dev/vfio/{group}"),
            Self::Attach => f.write_str("attaching it to the IOMMU"),
            Self::Device => f.write_str("opening the VFIO device"),
        }
    }
}

/// A call on an open VFIO device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VfioCall {
    /// Reading a region.
    ReadRegion {
        /// Which.
        region: u32,
    },
    /// Writing a region.
    WriteRegion {
        /// Which.
        region: u32,
    },
    /// Mapping a BAR.
    MapBar {
        /// Which.
        bar: u32,
    },
    /// Accessing a mapped BAR.
    AccessBar {
        /// Which.
        bar: u32,
    },
    /// Allocating memory for DMA.
    AllocateDma,
    /// Mapping memory for DMA.
    MapDma,
    /// Accessing memory for DMA.
    AccessDma,
    /// Setting up interrupts.
    Interrupts,
    /// Resetting.
    Reset,
    /// Duplicating the device's descriptor.
    Duplicate,
}

impl fmt::Display for VfioCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadRegion { region } => write!(f, "reading region {region}"),
            Self::WriteRegion { region } => write!(f, "writing region {region}"),
            Self::MapBar { bar } => write!(f, "mapping BAR {bar}"),
            Self::AccessBar { bar } => write!(f, "accessing BAR {bar}"),
            Self::AllocateDma => f.write_str("allocating memory for DMA"),
            Self::MapDma => f.write_str("mapping memory for DMA"),
            Self::AccessDma => f.write_str("accessing memory for DMA"),
            Self::Interrupts => f.write_str("setting up interrupts"),
            Self::Reset => f.write_str("resetting"),
            Self::Duplicate => f.write_str("duplicating the file descriptor"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `EIO` comes before anything changed (firmware, D3) as well as in mid-batch.
    #[test]
    fn a_batch_that_failed_claims_no_more_than_is_known() {
        for step in [Step::Program { first: 0, count: 2 }, Step::Clear { first: 0, count: 2 }] {
            let meaning = step.meaning(Errno::EIO);
            for outcome in ["either nothing changed", "or all entries of this call are 0", "off"] {
                assert!(meaning.contains(outcome), "{step}: {meaning}");
            }
        }
        // No firmware is asked for an entry that is cleared.
        assert!(!Step::Clear { first: 0, count: 2 }.meaning(Errno::EIO).contains("firmware"));
    }
}
