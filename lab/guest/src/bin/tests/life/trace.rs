//! What a module could leave behind in the kernel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io, thread};

use tph_lab_guest::Failure;
use vfio_tph::{Bdf, Host};

use super::Outcome;
use crate::dma_buf::kept_for_checks;

/// Folders whose entries come and go with a driver and its devices.
const FOLDERS: [&str; 9] = [
    "/sys/module",
    "/sys/bus/pci/drivers",
    "/sys/bus/pci/devices",
    "/sys/class/vfio",
    "/sys/devices/virtual/vfio",
    "/sys/kernel/iommu_groups",
    "/sys/kernel/slab",
    "/dev/vfio",
    "/proc/irq",
];
/// Memory of the kernel that nobody can take back from it, in the words of `/proc/meminfo`.
const MEMORY: [&str; 4] = ["SUnreclaim", "VmallocUsed", "Percpu", "KernelStack"];
/// How much more of it may be in use afterwards, in KiB.
const NOISE: u64 = 512;
/// The kernel frees some things after a grace period.
const GRACE: Duration = Duration::from_secs(1);

/// The names in some folders, the loaded modules, the memory in use.
pub(super) struct Trace {
    names: BTreeSet<PathBuf>,
    modules: Vec<String>,
    memory: u64,
}

impl Trace {
    /// As it is now; the folder of the device is looked at too.
    pub(super) fn take(device: Bdf) -> Result<Self, Failure> {
        thread::sleep(GRACE);
        let folders = FOLDERS.iter().map(PathBuf::from).chain([Host::default().folder(device)]);
        let mut names = BTreeSet::new();
        for folder in folders.filter(|folder| folder.exists()) {
            names.extend(entries(&folder)?);
        }
        // Name, size, users; the address at the end differs each time.
        let modules = fs::read_to_string("/proc/modules")?;
        let head = |line: &str| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
        let mut modules: Vec<_> = modules.lines().map(head).collect();
        modules.sort();
        Ok(Self { names, modules, memory: memory()? })
    }

    /// Nothing is there that was not there before.
    pub(super) fn compare(&self, before: &Self) -> Outcome {
        let different: Vec<_> = self.names.symmetric_difference(&before.names).collect();
        if !different.is_empty() {
            return Err(format!("came or went: {different:?}").into());
        }
        if self.modules != before.modules {
            return Err(format!("modules: {:?}, before {:?}", self.modules, before.modules).into());
        }
        if self.memory > before.memory + NOISE + kept_for_checks() {
            let more = self.memory - before.memory;
            return Err(format!("the kernel uses {more} KiB more than before").into());
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// The kernel's memory, in KiB.
fn memory() -> Result<u64, Failure> {
    let table = fs::read_to_string("/proc/meminfo")?;
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        MEMORY.contains(&name).then(|| value.trim().trim_end_matches(" kB").parse::<u64>())
    };
    let values: Vec<u64> = table.lines().filter_map(value).collect::<Result<_, _>>()?;
    if values.len() != MEMORY.len() {
        return Err(format!("/proc/meminfo does not have all of {MEMORY:?}").into());
    }
    Ok(values.iter().sum())
}
