//! What to do when something did not work.

use std::fmt;

use tph::{Bdf, StMode};
use tph_abi::Errno;

use crate::{Error, OpenStep, Step, VfioCall};

/// What the operator can do next. It reads as one or more sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Give the device to the driver that serves the interface.
    BindModule {
        /// The device.
        device: String,
    },
    /// Allow drivers to handle tags themselves.
    AllowDirectTags,
    /// Look at what the device has.
    Show {
        /// The device.
        device: String,
    },
    /// Somebody else has TPH on.
    OnAlready,
    /// Choose other CPUs.
    ChooseCpus,
    /// Choose other entries, or set up vectors.
    ChooseEntries,
    /// The firmware has no tags.
    NoFirmwareTags,
    /// Get access to a file.
    NeedAccess {
        /// The file.
        file: String,
    },
    /// Bind the device to a VFIO driver first.
    BindVfio {
        /// The device.
        address: Bdf,
    },
    /// The host has no IOMMU on.
    EnableIommu,
    /// Other devices of the group are not bound to VFIO.
    FreeGroup,
    /// Somebody else has the group or the device open.
    CloseOther {
        /// What is open.
        file: String,
    },
    /// Load the module.
    LoadModule,
    /// Take a network interface down.
    TakeDown {
        /// Which.
        interface: String,
    },
    /// Unmount a disk.
    Unmount {
        /// Where it is mounted.
        folder: String,
    },
    /// See what the kernel says.
    ReadLog,
    /// See what is there.
    List,
    /// Take a better dump.
    TakeDump,
    /// Have dma-bufs and their tags served.
    ServeDmaBufs {
        /// The device.
        device: String,
    },
    /// Go on without tags: the memory's device has no use for them.
    ShareWithoutTags,
    /// The exporter has to set the tags.
    SetTagsFirst,
    /// Only the device that exported a dma-buf sets its tags.
    ExportThere,
    /// Map the dma-buf again.
    MapAnew,
}

impl Advice {
    pub(crate) fn for_error(error: &Error) -> Option<Self> {
        match error {
            Error::Request { device, step, errno, .. } => Self::for_request(device, *step, *errno),
            Error::Open { address, step, errno, .. } => Self::for_open(*address, *step, *errno),
            Error::Refused { refusal, .. } => Some(refusal.advice()),
            Error::NoSuchFunction { .. } => Some(Self::List),
            Error::Call { address, call: VfioCall::ExportDmaBuf { .. }, errno, .. } => {
                let device = address.to_string();
                (*errno == Some(Errno::ENOTTY)).then_some(Self::ServeDmaBufs { device })
            }
            Error::Dump { .. } => Some(Self::TakeDump),
            _ => None,
        }
    }

    fn for_request(device: &str, step: Step, errno: Errno) -> Option<Self> {
        let device = device.to_owned();
        match (errno, step) {
            (_, Step::DmaBuf(step)) => step.advice(device, errno),
            (Errno::ENOTTY, _) => Some(Self::BindModule { device }),
            (Errno::EOPNOTSUPP, Step::Enable(StMode::DeviceSpecific) | Step::Tags { .. }) => {
                Some(Self::AllowDirectTags)
            }
            (Errno::EOPNOTSUPP, _) | (Errno::EINVAL, Step::Enable(_)) => {
                Some(Self::Show { device })
            }
            (Errno::EBUSY, Step::Enable(_)) => Some(Self::OnAlready),
            (Errno::EINVAL, Step::Program { .. } | Step::Tags { .. }) => Some(Self::ChooseCpus),
            (Errno::ENXIO, _) => Some(Self::ChooseEntries),
            (Errno::ENODATA | Errno::ENODEV, Step::Program { .. } | Step::Tags { .. }) => {
                Some(Self::NoFirmwareTags)
            }
            _ => None,
        }
    }

    fn for_open(address: Bdf, step: OpenStep, errno: Option<Errno>) -> Option<Self> {
        const ENOENT: Errno = Errno(2);
        let file = match step {
            OpenStep::Container => "/dev/vfio/vfio".into(),
            OpenStep::Iommufd => "/dev/iommu".into(),
            OpenStep::Group { group } => format!("/dev/vfio/{group}"),
            _ => "/dev/vfio".into(),
        };
        match (step, errno) {
            (_, Some(Errno::EACCES | Errno::EPERM)) => Some(Self::NeedAccess { file }),
            (_, Some(Errno::EBUSY)) => Some(Self::CloseOther { file }),
            (OpenStep::FindGroup, _) => Some(Self::EnableIommu),
            (OpenStep::Attach, None) => Some(Self::FreeGroup),
            (_, Some(ENOENT | Errno::ENODEV | Errno::EINVAL)) => Some(Self::BindVfio { address }),
            _ => None,
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BindModule { device } => write!(
                f,
                "Give the device to the module that offers it, as root: {}.",
                bind(device)
            ),
            Self::AllowDirectTags => f.write_str(
                "If the device has no ST table and you trust its driver with tags, load the module \
                 with vfio_pci_tph.enable_unsafe_tph_ds=1.",
            ),
            Self::Show { device } => write!(
                f,
                "See what the device and the root port above it can do: tph show {device}."
            ),
            Self::OnAlready => f.write_str("Turn it off first, or stop the process that turned it on."),
            Self::ChooseCpus => f.write_str(
                "Choose CPUs that are online (/sys/devices/system/cpu/online) and that the process \
                 may run on (taskset -p), or give it CAP_SYS_NICE.",
            ),
            Self::ChooseEntries => f.write_str(
                "Choose indices inside of the table; if it lies in the MSI-X table, set up the \
                 vectors first.",
            ),
            Self::NoFirmwareTags => f.write_str(
                "Tags come from the firmware (_DSM function 0xF of the host bridge): look for a \
                 firmware setting or update for TPH, steering tags or cache injection.",
            ),
            Self::NeedAccess { file } => {
                write!(f, "Run as root, or get read and write access to {file}.")
            }
            Self::BindVfio { address } => write!(
                f,
                "Bind the device to a VFIO driver first, as root: {}.",
                bind(&address.to_string())
            ),
            Self::EnableIommu => f.write_str(
                "Turn the IOMMU on: in the firmware, and with intel_iommu=on on Intel hosts at boot.",
            ),
            Self::FreeGroup => f.write_str(
                "Bind every device of its IOMMU group to a VFIO driver, or to none.",
            ),
            Self::CloseOther { file } => {
                write!(f, "Stop the process that has it open: fuser -v {file}.")
            }
            Self::LoadModule => f.write_str("Load it: modprobe vfio_pci_tph."),
            Self::TakeDown { interface } => {
                write!(f, "Take it down: ip link set {interface} down.")
            }
            Self::Unmount { folder } => write!(f, "Unmount it: umount {folder}."),
            Self::ReadLog => f.write_str("See what the kernel says: dmesg."),
            Self::List => f.write_str("See what there is: tph list."),
            Self::TakeDump => {
                f.write_str("Take the dump anew, as root: lspci -xxxx -D > FILE.")
            }
            Self::ServeDmaBufs { device } => write!(
                f,
                "Give the device to the module: {}. VFIO exports dma-bufs in Linux 7.3 with \
                 CONFIG_PCI_P2PDMA, not in 6.12.",
                bind(device)
            ),
            Self::ShareWithoutTags => f.write_str(
                "Hand the dma-buf on without tags, or with one of 8 bits alone: what the device \
                 takes is TPH Completer in its own Device Capabilities 2.",
            ),
            Self::SetTagsFirst => f.write_str(
                "Use the buffer without a hint; or have its exporter set a tag of this width before \
                 it hands the descriptor on.",
            ),
            Self::ExportThere => f.write_str(
                "Set tags through the open device that exported the dma-buf, before it is closed.",
            ),
            Self::MapAnew => f.write_str(
                "Map the dma-buf again once its device is back, and ask again then.",
            ),
        }
    }
}

fn bind(device: &str) -> String {
    format!("modprobe vfio_pci_tph; tph bind {device}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(step: Step, errno: Errno) -> Option<Advice> {
        Error::Request { device: "d".into(), step, errno, cause: None }.advice()
    }

    #[test]
    fn each_refusal_has_its_advice() {
        let on = Step::Enable(StMode::DeviceSpecific);
        let iv = Step::Enable(StMode::InterruptVector);
        let (set, get) = (Step::Program { entries: 1 }, Step::Tags { first: 0, count: 1 });
        let device = || "d".to_owned();
        let cases = [
            (on, Errno::ENOTTY, Some(Advice::BindModule { device: device() })),
            (on, Errno::EOPNOTSUPP, Some(Advice::AllowDirectTags)),
            (iv, Errno::EOPNOTSUPP, Some(Advice::Show { device: device() })),
            (iv, Errno::EINVAL, Some(Advice::Show { device: device() })),
            (on, Errno::EBUSY, Some(Advice::OnAlready)),
            (set, Errno::EINVAL, Some(Advice::ChooseCpus)),
            (get, Errno::EOPNOTSUPP, Some(Advice::AllowDirectTags)),
            (set, Errno::ENXIO, Some(Advice::ChooseEntries)),
            (set, Errno::ENODATA, Some(Advice::NoFirmwareTags)),
            (Step::Disable, Errno::EIO, None),
        ];
        for (step, errno, advice) in cases {
            assert_eq!(request(step, errno), advice, "{step} {errno}");
        }
    }

    #[test]
    fn binding_is_told_as_a_command() {
        assert_eq!(
            Advice::BindModule { device: "0000:01:00.0".into() }.to_string(),
            "Give the device to the module that offers it, as root: modprobe vfio_pci_tph; tph bind \
             0000:01:00.0."
        );
    }

    #[test]
    fn each_way_of_not_opening_has_its_advice() {
        let address = "1:0.0".parse().unwrap();
        let group = OpenStep::Group { group: 7 };
        let file = || "/dev/vfio/7".to_owned();
        let cases = [
            (group, Some(Errno::EACCES), Some(Advice::NeedAccess { file: file() })),
            (group, Some(Errno::EBUSY), Some(Advice::CloseOther { file: file() })),
            (group, Some(Errno(2)), Some(Advice::BindVfio { address })),
            (OpenStep::FindGroup, None, Some(Advice::EnableIommu)),
            (OpenStep::Attach, None, Some(Advice::FreeGroup)),
            (OpenStep::Device, Some(Errno::EIO), None),
        ];
        for (step, errno, advice) in cases {
            let error = Error::Open { address, step, errno, detail: String::new() };
            assert_eq!(error.advice(), advice, "{step}");
        }
    }
}
