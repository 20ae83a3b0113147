//! What is known of a function and of the host around it.

use tph::{Bdf, FirmwareError};

use crate::host::place;
use crate::{DeviceFile, Error, FunctionView, GroupMember, Host, Kernel, Topology};

/// What is known of a function and of the host around it. What is not known is missing, and the
/// links that it is needed for will be [`Unknown`](crate::Answer::Unknown).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The function, with the ports above it.
    pub function: FunctionView,
    /// Whether the source shows every function of the host, so that a root port that is not seen is
    /// not there.
    pub whole_bus: bool,
    /// Who names tags.
    pub firmware: FirmwareTags,
    /// Who serves the interface.
    pub served: Served,
    /// The CPUs and their caches.
    pub topology: Topology,
}

/// What is known of the firmware's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirmwareTags {
    /// Nothing.
    NotTold,
    /// Whether ACPI knows the host bridge. Whether its `_DSM` names tags only the kernel can ask.
    HostBridge {
        /// The link in sysfs from the host bridge to ACPI.
        place: String,
        /// What it points to; `None` if it is not there.
        acpi: Option<String>,
    },
    /// The firmware was asked (`_DSM` function 0).
    Asked {
        /// Whether it names tags.
        answer: Result<(), FirmwareError>,
        /// Where the module says so; `None` if it was not the module that asked.
        place: Option<String>,
    },
}

/// Who serves the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Served {
    /// A Linux kernel.
    Linux {
        /// The kernel.
        kernel: Box<Kernel>,
        /// How the function is bound; `None` if the source does not tell.
        binding: Option<Binding>,
    },
    /// An emulated host, which needs no kernel.
    Emulated {
        /// Whether it lets drivers hand tags to devices without an ST table.
        direct_tags: bool,
    },
}

/// How a function is bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The driver that has it.
    pub driver: Option<String>,
    /// Its IOMMU group.
    pub group: Option<u32>,
    /// The other devices of the group; `None` if the source does not tell.
    pub members: Option<Vec<GroupMember>>,
    /// The files that a user opens.
    pub files: Vec<DeviceFile>,
}

impl Facts {
    /// A function of which nothing else is known than what a dump tells.
    pub fn of_dump(function: FunctionView) -> Self {
        let (driver, group) = (function.driver.clone(), function.iommu_group);
        let told = driver.is_some() || group.is_some();
        let binding = told.then(|| Binding { driver, group, ..Binding::default() });
        Self {
            function,
            whole_bus: false,
            firmware: FirmwareTags::NotTold,
            served: Served::Linux { kernel: Box::default(), binding },
            topology: Topology::default(),
        }
    }

    /// A function of an emulated host, with what its firmware answered.
    pub fn of_emulated(
        function: FunctionView,
        firmware: Result<(), FirmwareError>,
        direct_tags: bool,
        topology: Topology,
    ) -> Self {
        let firmware = FirmwareTags::Asked { answer: firmware, place: None };
        let served = Served::Emulated { direct_tags };
        Self { function, whole_bus: true, firmware, served, topology }
    }
}

impl Host {
    /// All that [`explain`](crate::explain) needs to know of the function at `address`. Nothing is
    /// opened that a driver or a user would notice.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`] if there is none, [`Error::Sysfs`] if sysfs cannot be read.
    pub fn facts(&self, address: Bdf) -> Result<Facts, Error> {
        let function = self.function(address)?;
        let binding = Binding {
            driver: function.driver.clone(),
            group: function.iommu_group,
            members: Some(self.group_members(address)?),
            files: self.device_files(address),
        };
        Ok(Facts {
            whole_bus: true,
            firmware: self.firmware_tags(address),
            served: Served::Linux { kernel: Box::new(self.kernel()), binding: Some(binding) },
            topology: self.topology(),
            function,
        })
    }

    /// The module asked when the function was bound to it; else only ACPI can be looked at.
    pub(crate) fn firmware_tags(&self, address: Bdf) -> FirmwareTags {
        let place = place(address, "tph/firmware");
        if let Some(names_tags) = self.files.text(&place) {
            let answer = if names_tags == "1" { Ok(()) } else { Err(FirmwareError::Absent) };
            return FirmwareTags::Asked { answer, place: Some(place) };
        }
        let path = self.bus_path(address);
        let Some(bridge) = path.host_bridge.as_ref().filter(|bridge| self.files.exists(bridge))
        else {
            return FirmwareTags::NotTold;
        };
        let place = format!("{bridge}/firmware_node");
        let acpi = self.files.link_name(&place);
        FirmwareTags::HostBridge { place, acpi }
    }
}
