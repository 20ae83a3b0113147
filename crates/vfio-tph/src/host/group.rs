//! Who else is in the IOMMU group of a function: VFIO opens only a group that is free as a whole.

use std::path::Path;

use tph::Bdf;

use super::{Host, place};
use crate::Error;

/// Another device of the IOMMU group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct GroupMember {
    /// The device as sysfs calls it: for a PCI function its address.
    pub name: String,
    /// The driver that has it.
    pub driver: Option<String>,
}

impl GroupMember {
    /// Whether VFIO opens the group although this device is in it: it has no driver, or one that
    /// makes no DMA of its own.
    pub fn leaves_group_free(&self) -> bool {
        self.driver.as_deref().is_none_or(shares)
    }
}

impl Host {
    /// The other devices of the function's IOMMU group, in order; none if it has no group.
    ///
    /// # Errors
    /// [`Error::Sysfs`].
    pub fn group_members(&self, address: Bdf) -> Result<Vec<GroupMember>, Error> {
        let devices = place(address, "iommu_group/devices");
        let path = self.folder(address).join("iommu_group/devices");
        if let Err(source) = readable(&path) {
            return Err(Error::Sysfs { path, source });
        }
        let own = address.to_string();
        let others = self.files.list(&devices).into_iter().filter(|name| *name != own);
        let member = |name: String| {
            let driver = self.files.link_name(&format!("{devices}/{name}/driver"));
            GroupMember { name, driver }
        };
        Ok(others.map(member).collect())
    }
}

/// A folder that is not there has nothing in it; another error is one.
fn readable(folder: &Path) -> std::io::Result<()> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn shares(driver: &str) -> bool {
    matches!(driver, "pcieport" | "pci-stub")
        || driver.starts_with("vfio-")
        || driver.ends_with("-vfio-pci")
}
