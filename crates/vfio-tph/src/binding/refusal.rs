//! Why a function was not given to another driver.

use std::fmt;

use crate::Advice;

/// Why a function was not given to another driver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It has no IOMMU group.
    NoIommuGroup,
    /// The kernel does not have the driver.
    ModuleNotLoaded,
    /// Other functions of its group have drivers of their own.
    GroupShared {
        /// The group.
        group: u32,
        /// The others: their addresses and their drivers.
        others: Vec<(String, String)>,
    },
    /// Somebody uses it.
    InUse(Usage),
    /// It is not bound to the driver that it is to be taken from.
    NotBound {
        /// The driver that has it.
        driver: Option<String>,
    },
    /// A driver did not take it.
    NotTaken {
        /// The driver.
        wanted: String,
        /// The one that has it now.
        found: Option<String>,
    },
}

/// What a function is in use for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// A process has it, or another of its group, open through VFIO.
    Open {
        /// The file that is open.
        file: String,
    },
    /// One of its network interfaces is up.
    Network {
        /// Which.
        interface: String,
    },
    /// A disk behind it is mounted.
    Mounted {
        /// Which.
        disk: String,
        /// Where.
        on: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIommuGroup => f.write_str("it is in no IOMMU group: is the IOMMU off?"),
            Self::ModuleNotLoaded => f.write_str("the kernel has no driver vfio-pci-tph"),
            Self::GroupShared { group, others } => {
                let other = |(address, driver): &(String, String)| format!("{address} ({driver})");
                let others = others.iter().map(other).collect::<Vec<_>>().join(", ");
                write!(f, "other devices of its IOMMU group {group} are in use: {others}")
            }
            Self::InUse(usage) => usage.fmt(f),
            Self::NotBound { driver: Some(driver) } => {
                write!(f, "it is bound to {driver}, not to vfio-pci-tph")
            }
            Self::NotBound { driver: None } => f.write_str("it is bound to no driver"),
            Self::NotTaken { wanted, found: Some(found) } => {
                write!(f, "{wanted} did not take it; {found} did")
            }
            Self::NotTaken { wanted, found: None } => write!(f, "{wanted} did not take it"),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { file } => write!(f, "it is in use: a process has {file} open"),
            Self::Network { interface } => {
                write!(f, "it is in use: its network interface {interface} is up")
            }
            Self::Mounted { disk, on } => {
                write!(f, "it is in use: its disk {disk} is mounted on {on}")
            }
        }
    }
}

impl Refusal {
    pub(crate) fn advice(&self) -> Advice {
        match self {
            Self::NoIommuGroup => Advice::EnableIommu,
            Self::ModuleNotLoaded => Advice::LoadModule,
            Self::GroupShared { .. } => Advice::FreeGroup,
            Self::InUse(Usage::Open { file }) => Advice::CloseOther { file: file.clone() },
            Self::InUse(Usage::Network { interface }) => {
                Advice::TakeDown { interface: interface.clone() }
            }
            Self::InUse(Usage::Mounted { on, .. }) => Advice::Unmount { folder: on.clone() },
            Self::NotBound { .. } => Advice::List,
            Self::NotTaken { .. } => Advice::ReadLog,
        }
    }
}
