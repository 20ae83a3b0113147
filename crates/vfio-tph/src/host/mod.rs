//! What this machine's sysfs says about its PCI functions.

pub(crate) mod attributes;
mod config_file;
mod module;
mod topology;

use std::path::{Path, PathBuf};

use tph::{Bdf, ConfigSpace, PortType};

use crate::{Error, FunctionView, Ids, Inventory, PortView, ReadOnce, TphView, Unreadable};

use config_file::ConfigFile;

/// A host seen through its sysfs, or through a saved copy of one.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
}

impl Default for Host {
    /// This machine.
    fn default() -> Self {
        Self::at("/sys")
    }
}

impl Host {
    /// The host whose sysfs lies at `root`; this machine's lies at `/sys`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where sysfs lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The addresses of all functions, in order, and the names of those whose address does not fit
    /// a [`Bdf`] (Linux numbers some domains from 0x10000 up).
    ///
    /// # Errors
    /// [`Error::Sysfs`] if the list cannot be read: no sysfs there, or no PCI.
    pub fn addresses(&self) -> Result<(Vec<Bdf>, Vec<String>), Error> {
        let folder = self.root.join("bus/pci/devices");
        let fail = |source| Error::Sysfs { path: folder.clone(), source };
        let (mut addresses, mut skipped) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
            match name.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => skipped.push(name),
            }
        }
        addresses.sort_unstable();
        skipped.sort_unstable();
        Ok((addresses, skipped))
    }

    /// All functions of the host.
    ///
    /// # Errors
    /// [`Error::Sysfs`] if sysfs cannot be read. That the configuration space of a function
    /// cannot is no error: the function's view says so.
    pub fn functions(&self) -> Result<Inventory, Error> {
        let (addresses, skipped) = self.addresses()?;
        let functions = addresses.into_iter().filter_map(|address| match self.function(address) {
            Err(Error::NoSuchFunction { .. }) => None, // Unplugged since the list was read.
            answer => Some(answer),
        });
        Ok(Inventory { functions: functions.collect::<Result<_, _>>()?, skipped })
    }

    /// The function at `address`.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`] if there is none, [`Error::Sysfs`] if sysfs cannot be read.
    pub fn function(&self, address: Bdf) -> Result<FunctionView, Error> {
        let folder = self.folder(address);
        if !folder.exists() {
            return Err(Error::NoSuchFunction { address });
        }
        let mut space = self.config(address)?;
        let port_type = look(&mut space, |space| PortType::of(space));
        let tph = look(&mut space, |space| TphView::read(space));
        Ok(FunctionView {
            address,
            ids: Ids::read(&mut space).ok(),
            port_type,
            driver: attributes::link_name(&folder.join("driver")),
            iommu_group: self.iommu_group(address),
            root_port: self.root_port(address)?,
            tph,
        })
    }

    /// The folder of a function in sysfs.
    pub fn folder(&self, address: Bdf) -> PathBuf {
        self.root.join("bus/pci/devices").join(address.to_string())
    }

    /// The IOMMU group of a function, if it has one.
    pub fn iommu_group(&self, address: Bdf) -> Option<u32> {
        attributes::number_in_link(&self.folder(address).join("iommu_group"))
    }

    /// Whether VFIO gives the function a file of its own, `/dev/vfio/devices/vfioN`. The kernel has a
    /// folder `vfioN` for every device of a VFIO driver; only with `CONFIG_VFIO_DEVICE_CDEV` does
    /// the device have a number, and so a file.
    pub(crate) fn has_vfio_device_file(&self, address: Bdf) -> bool {
        let devices = std::fs::read_dir(self.folder(address).join("vfio-dev"));
        devices.into_iter().flatten().flatten().any(|device| device.path().join("dev").exists())
    }

    fn root_port(&self, address: Bdf) -> Result<Option<PortView>, Error> {
        let Some(above) = topology::topmost_bridge(&self.folder(address), address) else {
            return Ok(None);
        };
        let mut space = self.config(above)?;
        match look(&mut space, |space| PortType::of(space)) {
            Ok(Some(PortType::ROOT_PORT)) => {}
            Ok(_) => return Ok(None),
            Err(why) => {
                return Ok(Some(PortView { address: above, device_capabilities_2: Err(why) }));
            }
        }
        let port = look(&mut space, |space| PortView::read(above, space));
        let unreadable = |why| PortView { address: above, device_capabilities_2: Err(why) };
        Ok(Some(port.unwrap_or_else(unreadable)))
    }

    fn config(&self, address: Bdf) -> Result<ReadOnce<ConfigFile>, Error> {
        let path = self.folder(address).join("config");
        match ConfigFile::open(&path) {
            Ok(file) => Ok(ReadOnce::new(file)),
            Err(source) => Err(Error::Sysfs { path, source }),
        }
    }
}

/// Runs `read`, and says why it failed in terms of the file behind.
fn look<T>(
    space: &mut ReadOnce<ConfigFile>,
    read: impl FnOnce(&mut dyn ConfigSpace) -> Result<T, tph::AccessError>,
) -> Result<T, Unreadable> {
    read(space).map_err(|error| space.inner().why(error))
}

#[cfg(test)]
mod tests;
