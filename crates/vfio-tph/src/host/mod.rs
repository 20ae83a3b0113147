//! What this machine's sysfs says about its PCI functions.

pub(crate) mod attributes;
mod bus_path;
mod capture;
pub(crate) mod config_file;
mod device_file;
mod group;
mod module;
mod names;
pub(crate) mod placement;
pub(crate) mod record;
mod survey;
pub(crate) mod sysroot;

use std::path::{Path, PathBuf};

use tph::Bdf;

use crate::{Error, FunctionView, Inventory, Kernel, Topology};

pub use capture::Captured;
pub use device_file::{DeviceFile, Permission};
pub use group::GroupMember;
pub use names::DeviceName;
pub use placement::{TableState, Thread, VectorAffinity};

use bus_path::BusPath;
use survey::{Detail, Survey};
use sysroot::Sysroot;

/// The place of the links to all functions.
const FUNCTIONS: &str = "/sys/bus/pci/devices";

/// The place of an attribute of a function.
pub(crate) fn place(address: Bdf, attribute: &str) -> String {
    format!("{FUNCTIONS}/{address}/{attribute}")
}

/// A host seen through its files: sysfs first of all, then `/proc`, `/boot` and `/dev`. They are this
/// machine's or a saved copy; nothing is read before it is asked for.
///
/// ```no_run
/// # fn main() -> Result<(), vfio_tph::Error> {
/// use vfio_tph::Host;
///
/// for function in Host::default().functions()?.functions {
///     println!("{}: {:?}", function.address, function.tph);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) files: Sysroot,
}

impl Default for Host {
    /// This machine.
    fn default() -> Self {
        Self { files: Sysroot::machine() }
    }
}

impl Host {
    /// The host whose sysfs lies at `folder`. Nothing else is known of it.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { files: Sysroot::sysfs(folder.into()) }
    }

    /// The host whose files were saved below `folder`: its `/sys` at `folder/sys`, its `/proc` at
    /// `folder/proc`. A copy may lack any of them.
    pub fn saved(folder: impl AsRef<Path>) -> Self {
        Self { files: Sysroot::copy(folder.as_ref()) }
    }

    /// Where sysfs lies.
    pub fn root(&self) -> &Path {
        &self.files.sysfs
    }

    /// Its CPUs and their caches. What the host does not tell is missing in the answer.
    ///
    /// ```
    /// use vfio_tph::{CpuId, Host};
    ///
    /// # let tree = tph_lab_hosts::known::demo();
    /// # let host = Host::saved(tree.path());
    /// // On this machine: `let host = Host::default();`
    /// let topology = host.topology();
    /// let cache = topology.last_level_cache(CpuId(6)).expect("this host tells");
    /// // One tag of CPUs 4 to 7 does for queues that any of them polls.
    /// assert_eq!((cache.level, cache.cpus.to_string().as_str()), (3, "4-7"));
    /// ```
    pub fn topology(&self) -> Topology {
        Topology::read(&self.files)
    }

    /// Its kernel. What the host does not tell is missing in the answer.
    pub fn kernel(&self) -> Kernel {
        Kernel::read(&self.files)
    }

    /// The addresses of all functions, in order, and the names of those whose address does not fit
    /// a [`Bdf`] (Linux numbers some domains from 0x10000 up).
    ///
    /// # Errors
    /// [`Error::Sysfs`] if the list cannot be read: no sysfs there, or no PCI.
    pub fn addresses(&self) -> Result<(Vec<Bdf>, Vec<String>), Error> {
        let folder = self.root().join("bus/pci/devices");
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

    /// All functions of the host, without their ST entries. At most 20 dwords of the configuration
    /// space of each are read, 22 of one with TPH, if its list of capabilities is not longer than
    /// those of today.
    ///
    /// # Errors
    /// [`Error::Sysfs`] if sysfs cannot be read. That the configuration space of a function
    /// cannot is no error: the function's view says so.
    pub fn functions(&self) -> Result<Inventory, Error> {
        let (addresses, skipped) = self.addresses()?;
        let mut survey = Survey::new(self, Detail::Registers);
        let functions = addresses.into_iter().filter_map(|address| match survey.look(address) {
            Err(Error::NoSuchFunction { .. }) => None, // Unplugged since the list was read.
            answer => Some(answer.map(|looked| looked.function)),
        });
        Ok(Inventory { functions: functions.collect::<Result<_, _>>()?, skipped })
    }

    /// The function at `address`.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`] if there is none, [`Error::Sysfs`] if sysfs cannot be read.
    pub fn function(&self, address: Bdf) -> Result<FunctionView, Error> {
        Ok(Survey::new(self, Detail::Entries).look(address)?.function)
    }

    /// The folder of a function in sysfs.
    pub fn folder(&self, address: Bdf) -> PathBuf {
        self.root().join("bus/pci/devices").join(address.to_string())
    }

    pub(crate) fn bus_path(&self, address: Bdf) -> BusPath {
        let link = self.files.link(&format!("{FUNCTIONS}/{address}"));
        BusPath::of(&link.unwrap_or_default(), address)
    }

    /// The IOMMU group of a function, if it has one.
    pub fn iommu_group(&self, address: Bdf) -> Option<u32> {
        let group = self.files.link(&place(address, "iommu_group"))?;
        group.file_name()?.to_str()?.parse().ok()
    }

    /// The NUMA node that a function is attached to, if the host tells.
    pub fn numa_node(&self, address: Bdf) -> Option<u32> {
        self.files.number(&place(address, "numa_node")) // -1 where the kernel does not know.
    }

    /// The name of the file that VFIO gives the function for itself in `/dev/vfio/devices`. The
    /// kernel has a folder `vfioN` for every device of a VFIO driver; only with
    /// `CONFIG_VFIO_DEVICE_CDEV` does the device have a number, and so a file.
    pub(crate) fn vfio_device_file(&self, address: Bdf) -> Option<String> {
        let folder = place(address, "vfio-dev");
        let has_number = |name: &String| self.files.exists(&format!("{folder}/{name}/dev"));
        self.files.list(&folder).into_iter().find(has_number)
    }
}

#[cfg(test)]
mod tests;
