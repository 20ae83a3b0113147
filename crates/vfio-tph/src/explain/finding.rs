//! What can be found at a link, whether TPH gets past it then, and what to do if not.

use tph::{Bdf, Completer, FirmwareError, Malformed, ModeSet, RequesterType, StTable};
use tph_abi::Errno;

use crate::{Advice, CacheAllocation, Refusal, Unreadable};

/// Whether TPH gets past a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It does.
    Yes,
    /// That cannot be seen from here.
    Unknown,
    /// It does not.
    No,
}

/// What was found at a link. It reads as a sentence about the device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The device can send hints with tags of this width.
    HasRequester(RequesterType),
    /// It has no TPH Requester capability.
    NoRequester,
    /// Its configuration space could not be read that far.
    RequesterUnreadable(Unreadable),
    /// It has modes in which tags steer.
    Modes(ModeSet),
    /// It has none.
    NoSteeringMode(ModeSet),
    /// It has a table.
    Table(StTable),
    /// It has none, and its driver may hand it tags.
    DirectTagsAllowed,
    /// It has none, and its driver may not.
    DirectTagsRefused,
    /// It has none, and whether its driver may hand it tags is not known.
    DirectTagsNotTold,
    /// It has none, and no mode that does without.
    NoTable,
    /// The table that it claims cannot be.
    Malformed(Malformed),
    /// No port has a say.
    Integrated,
    /// The root port takes hints.
    RootPortTakes(Bdf, Completer),
    /// The root port takes none.
    RootPortTakesNone(Bdf, Completer),
    /// No root port lies above.
    NoRootPort,
    /// The source does not show one.
    RootPortNotTold,
    /// The root port could not be read.
    RootPortUnreadable(Bdf, Unreadable),
    /// A port lets 8-bit tags through, as every port does.
    Passes8(Bdf),
    /// A port passes the prefixes of 16-bit tags, up to so many in a packet.
    PassesPrefixes(Bdf, u8),
    /// A port's link is in Flit Mode.
    FlitMode(Bdf),
    /// A port passes no prefixes.
    NoPrefixes(Bdf),
    /// A port could not be read.
    PortUnreadable(Bdf, Unreadable),
    /// The firmware was asked, and names tags.
    FirmwareNamesTags,
    /// The firmware names none.
    NoTags(FirmwareError),
    /// ACPI knows the host bridge; the kernel has to ask it.
    FirmwareNotAsked,
    /// Nothing is known of the firmware.
    FirmwareNotTold,
    /// No boot parameter speaks against it.
    BootedWell,
    /// A parameter keeps TPH off.
    TphOffAtBoot(String),
    /// A parameter keeps TPH off in kernels that have it, and this one has not.
    TphOffMeaningless(String),
    /// The same, and whether this kernel has it is not known.
    TphOffPerhaps(String),
    /// The command line is not known.
    BootNotTold,
    /// The kernel has no TPH of its own, so the module does all of it.
    StockKernel(String),
    /// The kernel has TPH of its own, and the module goes through that.
    TphKernel(String),
    /// The kernel cannot give PCI devices to user space.
    NoVfio(String),
    /// How the kernel was built is not known.
    KernelNotTold(Option<String>),
    /// The module runs.
    ModuleLoaded,
    /// The module is installed and not loaded.
    ModuleNotLoaded,
    /// The module is not installed for this kernel.
    ModuleNotInstalled(Option<String>),
    /// The modules are not known.
    ModuleNotTold,
    /// An emulated host serves the interface.
    Emulated,
    /// The device is in an IOMMU group.
    InGroup(u32),
    /// It is in none; this boot parameter keeps the IOMMU off, if one does.
    NoGroup(Option<String>),
    /// Its driver serves the interface.
    Bound,
    /// Another driver has it, or none.
    NotBound(Option<String>),
    /// How the device is bound is not known.
    BindingNotTold,
    /// Nobody else of the group is in the way: so many other devices.
    GroupFree(u32, usize),
    /// Others are: their names and drivers.
    GroupShared(u32, Vec<(String, String)>),
    /// Who else is in the group is not known.
    GroupNotTold(u32),
    /// This user may open the files.
    MayOpen(Vec<String>),
    /// This user may not open this one.
    MayNotOpen(String),
    /// This file is missing although the device is bound.
    FileMissing(String),
    /// There will be files when the device is bound.
    FilesLater,
    /// A saved host does not tell.
    AccessNotTold,
    /// So many CPUs run, and share so many caches of this level, their last.
    Caches {
        /// How many CPUs run.
        cpus: usize,
        /// How many last-level caches they have.
        caches: usize,
        /// The level of those.
        level: u8,
    },
    /// The CPUs or their caches are not known.
    CachesNotTold,
    /// Devices may take these ways of a cache.
    WaysForDevices(CacheAllocation),
    /// The kernel keeps no ways for devices.
    NoWaysForDevices(CacheAllocation),
}

impl Finding {
    /// Whether TPH gets past the link.
    pub fn answer(&self) -> Answer {
        match self {
            Self::NoRequester
            | Self::NoSteeringMode(_)
            | Self::DirectTagsRefused
            | Self::NoTable
            | Self::Malformed(_)
            | Self::RootPortTakesNone(..)
            | Self::NoRootPort
            | Self::NoPrefixes(_)
            | Self::NoTags(_)
            | Self::TphOffAtBoot(_)
            | Self::NoVfio(_)
            | Self::ModuleNotLoaded
            | Self::ModuleNotInstalled(_)
            | Self::NoGroup(_)
            | Self::NotBound(_)
            | Self::GroupShared(..)
            | Self::MayNotOpen(_)
            | Self::FileMissing(_) => Answer::No,
            Self::RequesterUnreadable(_)
            | Self::DirectTagsNotTold
            | Self::RootPortNotTold
            | Self::RootPortUnreadable(..)
            | Self::PortUnreadable(..)
            | Self::FirmwareNotAsked
            | Self::FirmwareNotTold
            | Self::TphOffPerhaps(_)
            | Self::BootNotTold
            | Self::KernelNotTold(_)
            | Self::ModuleNotTold
            | Self::BindingNotTold
            | Self::GroupNotTold(_)
            | Self::FilesLater
            | Self::AccessNotTold
            | Self::CachesNotTold => Answer::Unknown,
            _ => Answer::Yes,
        }
    }

    /// What to do about it for the function at `address`. Every [`Answer::No`] has advice.
    pub fn advice(&self, address: Bdf) -> Option<Advice> {
        let device = || address.to_string();
        let file = |file: &String| Advice::NeedAccess { file: file.clone() };
        Some(match self {
            Self::NoRequester | Self::NoSteeringMode(_) | Self::NoTable | Self::Malformed(_) => {
                Advice::OtherDevice
            }
            Self::DirectTagsRefused => Advice::AllowDirectTags,
            Self::RootPortTakesNone(..) | Self::NoRootPort | Self::NoPrefixes(_) => {
                Advice::OtherSlot
            }
            Self::NoTags(FirmwareError::NoRootPort) => Advice::BelowRootPort,
            Self::NoTags(_) => Advice::NoFirmwareTags,
            Self::TphOffAtBoot(parameter) | Self::NoGroup(Some(parameter)) => {
                Advice::RemoveBootParameter { parameter: parameter.clone() }
            }
            Self::NoVfio(_) => Advice::OtherKernel,
            Self::ModuleNotInstalled(_) => Advice::InstallModule,
            Self::ModuleNotLoaded => Refusal::ModuleNotLoaded.advice(),
            Self::NoGroup(None) => Refusal::NoIommuGroup.advice(),
            Self::NotBound(_) => Advice::BindModule { device: device() },
            Self::GroupShared(group, others) => {
                Refusal::GroupShared { group: *group, others: others.clone() }.advice()
            }
            Self::MayNotOpen(place) | Self::FileMissing(place) => file(place),
            Self::RequesterUnreadable(why)
            | Self::RootPortUnreadable(_, why)
            | Self::PortUnreadable(_, why) => match why {
                Unreadable::Permission { .. } | Unreadable::Refused { errno: Errno::EACCES } => {
                    Advice::RunAsRoot
                }
                Unreadable::CutOff { .. } => Advice::TakeDump,
                _ => return None,
            },
            Self::FirmwareNotAsked => Advice::AskFirmware { device: device() },
            _ => return None,
        })
    }
}
