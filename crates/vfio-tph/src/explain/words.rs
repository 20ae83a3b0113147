//! All that an explanation says, each sentence once.

use std::fmt;

use tph::{Completer, ModeSet, StTable};

use super::{Answer, Explanation, Finding, Link};
use crate::{CacheAllocation, Refusal};

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::Unknown => "unknown",
            Self::No => "no",
        })
    }
}

impl fmt::Display for Explanation {
    /// The answer in a clause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.answer(), self.decisive()) {
            (Answer::Yes, _) => f.write_str("TPH works here"),
            (Answer::No, Some(reason)) => {
                write!(f, "TPH does not work here: {}", reason.finding)
            }
            _ => f.write_str("Nothing that can be seen from here speaks against TPH"),
        }
    }
}

impl fmt::Display for Link {
    /// A short name that stays what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requester => "requester",
            Self::Modes => "modes",
            Self::Table => "table",
            Self::RootPort => "root-port",
            Self::Routing => "routing",
            Self::Firmware => "firmware",
            Self::BootParameters => "boot",
            Self::Kernel => "kernel",
            Self::Module => "module",
            Self::Iommu => "iommu",
            Self::Driver => "driver",
            Self::Group => "group",
            Self::Access => "access",
            Self::Caches => "caches",
            Self::CacheAllocation => "cache-ways",
        })
    }
}

impl fmt::Display for Finding {
    #[expect(clippy::too_many_lines, reason = "a table: a sentence for each finding")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasRequester(requester) => {
                write!(f, "it can send hints with {}-bit tags", requester.tag_bits())
            }
            Self::NoRequester => f.write_str("it has no TPH Requester capability"),
            Self::RequesterUnreadable(why) => write!(f, "whether it can send hints: {why}"),
            Self::Modes(modes) => write!(f, "it has {} mode", names(*modes)),
            Self::NoSteeringMode(modes) if modes.is_empty() => f.write_str("it has no mode at all"),
            Self::NoSteeringMode(_) => {
                f.write_str("it has no-ST mode only, in which every tag is 0")
            }
            Self::Table(StTable::Capability { entries }) => {
                write!(f, "{} in the capability", table_of(*entries))
            }
            Self::Table(StTable::Msix { entries }) => {
                write!(f, "{} in the MSI-X table", table_of(*entries))
            }
            Self::Table(StTable::None) | Self::NoTable => {
                f.write_str("it has no ST table, and no mode that does without")
            }
            Self::DirectTagsAllowed => {
                f.write_str("it has no ST table; its driver may hand it the tags")
            }
            Self::DirectTagsRefused => f.write_str(
                "it has no ST table, and the administrator does not let its driver hand it tags",
            ),
            Self::DirectTagsNotTold => f.write_str(
                "it has no ST table; whether its driver may hand it tags is known when the module \
                 is loaded",
            ),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Integrated => {
                f.write_str("it sits inside the root complex, where no port decides")
            }
            Self::RootPortTakes(port, completer) => write!(f, "{port} takes {completer}"),
            Self::RootPortTakesNone(port, Completer::Reserved) => {
                write!(f, "{port} takes no hints: {}", Completer::Reserved)
            }
            Self::RootPortTakesNone(port, _) => write!(f, "{port} takes no hints"),
            Self::NoRootPort => f.write_str("no root port lies above it"),
            Self::RootPortNotTold => f.write_str("the dump shows no root port above it"),
            Self::RootPortUnreadable(port, why) => write!(f, "what {port} takes: {why}"),
            Self::Passes8(port) => {
                write!(f, "{port} passes 8-bit tags: they lie in the packet's header")
            }
            Self::PassesPrefixes(port, most) => {
                write!(f, "{port} passes 16-bit tags: up to {most} TLP prefixes")
            }
            Self::FlitMode(port) => {
                write!(f, "{port} passes 16-bit tags: its link is in Flit Mode")
            }
            Self::NoPrefixes(port) => write!(
                f,
                "{port} passes no TLP prefixes: a packet with a 16-bit tag is malformed to it"
            ),
            Self::PortUnreadable(port, why) => write!(f, "what {port} passes: {why}"),
            Self::FirmwareNamesTags => f.write_str("the firmware names tags"),
            Self::NoTags(why) => why.fmt(f),
            Self::FirmwareNotAsked => {
                f.write_str("whether the host bridge's _DSM names tags only the kernel can ask")
            }
            Self::FirmwareNotTold => f.write_str("whether the firmware names tags is not saved"),
            Self::BootedWell => f.write_str("no boot parameter keeps TPH off"),
            Self::TphOffAtBoot(parameter) => write!(f, "{parameter} keeps TPH off"),
            Self::TphOffMeaningless(parameter) => {
                write!(f, "{parameter} means nothing to a kernel without CONFIG_PCIE_TPH")
            }
            Self::TphOffPerhaps(parameter) => {
                write!(f, "{parameter} keeps TPH off if the kernel has CONFIG_PCIE_TPH")
            }
            Self::BootNotTold => f.write_str("the kernel's command line is not saved"),
            Self::StockKernel(release) => {
                write!(f, "{release} has no CONFIG_PCIE_TPH: the module does all of it")
            }
            Self::TphKernel(release) => {
                write!(f, "{release} has CONFIG_PCIE_TPH: the module goes through its functions")
            }
            Self::NoVfio(release) => write!(f, "{release} has no VFIO for PCI devices"),
            Self::KernelNotTold(Some(release)) => {
                write!(f, "how {release} was built is not to be found")
            }
            Self::KernelNotTold(None) => f.write_str("the kernel is not known"),
            Self::ModuleLoaded => f.write_str("vfio_pci_tph is loaded"),
            Self::ModuleNotLoaded => Refusal::ModuleNotLoaded.fmt(f),
            Self::ModuleNotInstalled(Some(release)) => {
                write!(f, "vfio_pci_tph is not installed for {release}")
            }
            Self::ModuleNotInstalled(None) => f.write_str("vfio_pci_tph is not loaded"),
            Self::ModuleNotTold => f.write_str("whether vfio_pci_tph is loaded is not saved"),
            Self::Emulated => f.write_str("the emulated host serves the interface itself"),
            Self::InGroup(group) => write!(f, "it is in IOMMU group {group}"),
            Self::NoGroup(Some(parameter)) => {
                write!(f, "it is in no IOMMU group: {parameter} keeps the IOMMU off")
            }
            Self::NoGroup(None) => Refusal::NoIommuGroup.fmt(f),
            Self::Bound => f.write_str("it is bound to vfio-pci-tph"),
            Self::NotBound(driver) => Refusal::NotBound { driver: driver.clone() }.fmt(f),
            Self::BindingNotTold => f.write_str("who has the device is not saved"),
            Self::GroupFree(group, 0) => write!(f, "nobody else is in IOMMU group {group}"),
            Self::GroupFree(group, _) => {
                write!(f, "nobody else in IOMMU group {group} is in the way")
            }
            Self::GroupShared(group, others) => {
                Refusal::GroupShared { group: *group, others: others.clone() }.fmt(f)
            }
            Self::GroupNotTold(group) => {
                write!(f, "who else is in IOMMU group {group} is not saved")
            }
            Self::MayOpen(files) => write!(f, "this user may open {}", files.join(" and ")),
            Self::MayNotOpen(file) => write!(f, "this user may not read and write {file}"),
            Self::FileMissing(file) => write!(f, "there is no {file}"),
            Self::FilesLater => f.write_str("its file is made when it is bound"),
            Self::AccessNotTold => {
                f.write_str("a saved host does not tell who may open the device")
            }
            Self::Caches { cpus, caches: 1, level } => {
                write!(f, "{cpus} CPUs run and share a cache of level {level}")
            }
            Self::Caches { cpus, caches, level } => {
                write!(f, "{cpus} CPUs run, with {caches} caches of level {level}")
            }
            Self::CachesNotTold => f.write_str("the CPUs and their caches are not saved"),
            Self::WaysForDevices(allocation) => {
                let resource = &allocation.resource;
                write!(f, "writes of devices may take ways {} of {resource}", ways(allocation))
            }
            Self::NoWaysForDevices(allocation) => {
                let resource = &allocation.resource;
                write!(f, "writes of devices have no ways of {resource} for themselves")
            }
        }
    }
}

/// The modes that steer.
fn names(modes: ModeSet) -> String {
    let names: Vec<_> = super::device::steering(modes).map(|mode| mode.to_string()).collect();
    names.join(" and ")
}

fn table_of(entries: u16) -> String {
    let word = if entries == 1 { "entry" } else { "entries" };
    format!("its ST table has {entries} {word}")
}

/// One mask if all caches have the same.
fn ways(allocation: &CacheAllocation) -> String {
    match allocation.ways.as_slice() {
        [(_, first), rest @ ..] if rest.iter().all(|(_, mask)| mask == first) => {
            format!("{first:#x}")
        }
        ways => {
            let ways = ways.iter().map(|(id, mask)| format!("{mask:#x} (cache {id})"));
            ways.collect::<Vec<_>>().join(", ")
        }
    }
}
