//! Writing the files of a host.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::ConfigImage;

/// The files of a host, gone when this is dropped.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
}

/// What sysfs has of a function beside its configuration space.
#[derive(Clone, Debug, Default)]
pub struct FunctionFiles<'a> {
    /// The functions above and its own address, such as `0000:00:01.0/0000:01:00.0`.
    pub place: &'a str,
    /// The driver that has it.
    pub driver: Option<&'a str>,
    /// Its IOMMU group.
    pub group: Option<u32>,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// A host without anything.
    ///
    /// # Panics
    /// If no temporary folder can be made.
    pub fn new() -> Self {
        let tree = Self { folder: tempfile::tempdir().unwrap() };
        tree.make("/sys/bus/pci/devices");
        tree
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the file at `place` of the host lies.
    pub fn at(&self, place: &str) -> PathBuf {
        self.path().join(place.trim_start_matches('/'))
    }

    /// Makes a folder.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn make(&self, place: &str) -> &Self {
        fs::create_dir_all(self.at(place)).unwrap();
        self
    }

    /// Writes a file, with the end of line that the kernel puts.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&self, place: &str, text: &str) -> &Self {
        self.bytes(place, format!("{text}\n").as_bytes())
    }

    /// Takes a file or folder away.
    ///
    /// # Panics
    /// If it is not there.
    pub fn remove(&self, place: &str) -> &Self {
        let path = self.at(place);
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        self
    }

    /// Makes the link at `place` point to what the host has at `target`.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn link(&self, place: &str, target: &str) -> &Self {
        let path = self.at(place);
        let depth = place.trim_matches('/').split('/').count() - 1;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(format!("{}{}", "../".repeat(depth), target.trim_start_matches('/')), path)
            .unwrap();
        self
    }

    /// Adds a function below the host bridge of its topmost bus.
    ///
    /// # Panics
    /// If its files cannot be written.
    pub fn function(&self, files: &FunctionFiles<'_>, image: &ConfigImage) -> &Self {
        let bridge = format!("/sys/devices/pci{}", &files.place[..7]);
        let folder = format!("{bridge}/{}", files.place);
        let address = files.place.rsplit('/').next().unwrap();
        self.bytes(&format!("{folder}/config"), &image.0);
        self.link(&format!("/sys/bus/pci/devices/{address}"), &folder);
        if files.driver == Some("vfio-pci-tph") {
            // The module asks when it is bound.
            self.file(&format!("{folder}/tph/firmware"), "1");
        }
        if let Some(driver) = files.driver {
            let target = format!("/sys/bus/pci/drivers/{driver}");
            self.make(&target).link(&format!("{folder}/driver"), &target);
        }
        if let Some(group) = files.group {
            let target = format!("/sys/kernel/iommu_groups/{group}");
            self.link(&format!("{target}/devices/{address}"), &folder);
            self.link(&format!("{folder}/iommu_group"), &target);
        }
        self
    }

    /// Attaches a function that is there to a NUMA node.
    pub fn numa_node(&self, address: &str, node: u32) -> &Self {
        self.file(&format!("/sys/bus/pci/devices/{address}/numa_node"), &node.to_string())
    }

    /// Has ACPI know the host bridge `name`, such as `pci0000:00`.
    pub fn acpi_bridge(&self, name: &str) -> &Self {
        let node = "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/PNP0A08:00";
        self.make(node).link(&format!("/sys/devices/{name}/firmware_node"), node)
    }

    /// The kernel: its release, the lines of its configuration, its command line.
    pub fn kernel(&self, release: &str, config: &str, cmdline: &str) -> &Self {
        self.file("/proc/sys/kernel/osrelease", release)
            .file(&format!("/boot/config-{release}"), config)
            .file("/proc/cmdline", cmdline)
            .file(&format!("/lib/modules/{release}/modules.dep"), "kernel/drivers/vfio/vfio.ko.xz:")
            .make("/sys/module")
    }

    /// The module, installed and loaded, with its unsafe switch on (`Y`) or off (`N`).
    pub fn module(&self, release: &str, direct_tags: &str) -> &Self {
        self.file(
            &format!("/lib/modules/{release}/modules.dep"),
            "updates/dkms/vfio_pci_tph.ko.xz: kernel/drivers/vfio/vfio.ko.xz",
        )
        .file("/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds", direct_tags)
        .make("/sys/bus/pci/drivers/vfio-pci-tph")
    }

    fn bytes(&self, place: &str, bytes: &[u8]) -> &Self {
        let path = self.at(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }
}
