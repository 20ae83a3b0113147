//! The files through which a user opens a function, and whether this user may.

use rustix::fs::{Access, AtFlags, CWD, accessat};
use tph::Bdf;

use super::Host;

/// A file that a user of a function has to open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceFile {
    /// Where it is.
    pub place: String,
    /// Whether it may be opened.
    pub permission: Permission,
}

/// Whether the user of this process may open a file for reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// Yes.
    Granted,
    /// No.
    Refused,
    /// The file is not there.
    NoFile,
    /// A saved host does not tell.
    NotTold,
}

impl Host {
    /// The files that a user of the function opens: those of iommufd where the function has a file
    /// of its own, else the container and the group.
    pub fn device_files(&self, address: Bdf) -> Vec<DeviceFile> {
        let own = self.vfio_device_file(address).filter(|_| self.has_iommufd());
        let places = match (own, self.iommu_group(address)) {
            (Some(own), _) => vec!["/dev/iommu".to_owned(), format!("/dev/vfio/devices/{own}")],
            (None, Some(group)) => vec!["/dev/vfio/vfio".to_owned(), format!("/dev/vfio/{group}")],
            (None, None) => Vec::new(),
        };
        let file = |place: String| DeviceFile { permission: self.permission(&place), place };
        places.into_iter().map(file).collect()
    }

    fn has_iommufd(&self) -> bool {
        !self.files.live || self.files.exists("/dev/iommu")
    }

    fn permission(&self, place: &str) -> Permission {
        let Some(path) = self.files.path(place).filter(|_| self.files.live) else {
            return Permission::NotTold;
        };
        // The effective user is the one that opens.
        match accessat(CWD, &path, Access::READ_OK | Access::WRITE_OK, AtFlags::EACCESS) {
            Ok(()) => Permission::Granted,
            Err(rustix::io::Errno::NOENT) => Permission::NoFile,
            Err(_) => Permission::Refused,
        }
    }
}
