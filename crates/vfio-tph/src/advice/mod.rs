//! What to do when something did not work.

mod words;

use std::io::ErrorKind;

use tph::{Bdf, EntryError, StMode};
use tph_abi::Errno;

use crate::{Error, OpenStep, Step, Unreadable};

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
    /// Look whether the device has TPH, or whether it is switched off.
    HasTph {
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
    /// Take a version of this library that speaks what the kernel serves.
    UpdateLibrary,
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
    /// Name the device by its address.
    UseAddress,
    /// Write the whole address.
    SayDomain,
    /// Take a better dump.
    TakeDump,
    /// The device cannot do it.
    OtherDevice,
    /// The device has to sit elsewhere.
    OtherSlot,
    /// The device has to sit below a root port.
    BelowRootPort,
    /// Boot without a parameter.
    RemoveBootParameter {
        /// The parameter.
        parameter: String,
    },
    /// Take another kernel.
    OtherKernel,
    /// Build and install the module.
    InstallModule,
    /// Save to another place.
    EmptyFolder,
    /// Name a folder that a host was saved in.
    NameHost,
    /// Have more rights.
    RunAsRoot,
    /// See why TPH does not work for a device.
    Explain {
        /// The device.
        device: String,
    },
    /// See which processes there are.
    ListProcesses,
    /// Have the kernel ask the firmware.
    AskFirmware {
        /// The device.
        device: String,
    },
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
            Error::NoSuchFunction { .. } | Error::NotADevice { .. } => Some(Self::List),
            Error::NoSuchName { .. } => Some(Self::UseAddress),
            Error::Ambiguous { .. } => Some(Self::SayDomain),
            Error::Record { source, .. } if is_permission(source) => Some(Self::RunAsRoot),
            Error::Sysfs { path, source }
            | Error::DumpFile { path, source }
            | Error::Capture { path, source }
                if is_permission(source) =>
            {
                Some(Self::NeedAccess { file: path.display().to_string() })
            }
            Error::Dump { .. } | Error::DumpFile { .. } => Some(Self::TakeDump),
            Error::Sysfs { path, source }
                if path.ends_with("bus/pci/devices") && is_not_there(source) =>
            {
                Some(Self::NameHost)
            }
            Error::Unreadable {
                why: Unreadable::Permission { .. } | Unreadable::Refused { errno: Errno::EACCES },
                ..
            } => Some(Self::RunAsRoot),
            Error::Rehearsal { device, error } => Some(match error {
                tph::Error::Entry { error: EntryError::IndexOutOfRange { .. }, .. } => {
                    Self::Show { device: device.clone() }
                }
                tph::Error::Entry {
                    error: EntryError::CpuAbsent(_) | EntryError::CpuOffline(_),
                    ..
                } => Self::ChooseCpus,
                _ => Self::Explain { device: device.clone() },
            }),
            Error::Process { source, .. } => Some(match source.kind() {
                ErrorKind::PermissionDenied => Self::RunAsRoot,
                _ => Self::ListProcesses,
            }),
            Error::Capture { source, .. } => matches!(
                source.kind(),
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory
            )
            .then_some(Self::EmptyFolder),
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
            (Errno::EOPNOTSUPP, Step::Capability | Step::Enable(_) | Step::Disable) => {
                Some(Self::HasTph { device })
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

fn is_permission(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

fn is_not_there(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
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
        let (set, get) = (Step::Program { first: 0, count: 1 }, Step::Tags { first: 0, count: 1 });
        let device = || "d".to_owned();
        let cases = [
            (on, Errno::ENOTTY, Some(Advice::BindModule { device: device() })),
            (on, Errno::EOPNOTSUPP, Some(Advice::AllowDirectTags)),
            (iv, Errno::EOPNOTSUPP, Some(Advice::HasTph { device: device() })),
            (Step::Capability, Errno::EOPNOTSUPP, Some(Advice::HasTph { device: device() })),
            (set, Errno::EOPNOTSUPP, Some(Advice::Show { device: device() })),
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
    fn what_only_root_may_see_is_told_as_such() {
        let address = "1:0.0".parse().unwrap();
        let why = crate::Unreadable::Permission { readable: 64 };
        assert_eq!(Error::Unreadable { address, why }.advice(), Some(Advice::RunAsRoot));
        let source = ErrorKind::PermissionDenied.into();
        assert_eq!(Error::Process { process: 1, source }.advice(), Some(Advice::RunAsRoot));
    }

    #[test]
    fn what_was_not_permitted_names_the_file() {
        let source = || std::io::Error::from(ErrorKind::PermissionDenied);
        let path = || std::path::PathBuf::from("/sys/x");
        let access = Some(Advice::NeedAccess { file: "/sys/x".into() });
        assert_eq!(Error::Sysfs { path: path(), source: source() }.advice(), access);
        assert_eq!(Error::Capture { path: path(), source: source() }.advice(), access);
        assert_eq!(Error::DumpFile { path: path(), source: source() }.advice(), access);
        for (kind, advice) in [
            (ErrorKind::DirectoryNotEmpty, Some(Advice::EmptyFolder)),
            (ErrorKind::AlreadyExists, Some(Advice::EmptyFolder)),
            (ErrorKind::NotADirectory, Some(Advice::EmptyFolder)),
            (ErrorKind::StorageFull, None),
            (ErrorKind::InvalidData, None),
        ] {
            let error = Error::Capture { path: path(), source: kind.into() };
            assert_eq!(error.advice(), advice, "{kind}");
        }
        let record = Error::Record { path: path(), source: source() };
        assert_eq!(record.advice(), Some(Advice::RunAsRoot));
        let gone = Error::Sysfs { path: path(), source: ErrorKind::NotFound.into() };
        assert_eq!(gone.advice(), None);
        let path = "/saved/sys/bus/pci/devices".into();
        let no_host = Error::Sysfs { path, source: ErrorKind::NotFound.into() };
        assert_eq!(no_host.advice(), Some(Advice::NameHost));
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
