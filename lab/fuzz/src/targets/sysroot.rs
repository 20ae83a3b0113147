//! The readers of a saved host: a folder with the files of a Linux host, of which some hold anything.
//!
//! A host has some of its files replaced by pieces of the input, by nothing, or by other files of the
//! host. Whatever it shows then can be listed and explained, and a function that is asked for is the
//! one of the list.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::Unstructured;
use vfio_tph::{Host, explain};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "sysroot", run, longest: 1024, slice: 1_000 };

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

fn run(bytes: &[u8]) {
    BENCH.with_borrow_mut(|bench| bench.run(&mut Unstructured::new(bytes)));
}

struct Bench {
    folder: tempfile::TempDir,
    /// Its files, with what they hold.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for files");
        for (place, text) in FILES {
            write(&folder.path().join(place), text.as_bytes());
        }
        for (at, image) in IMAGES.into_iter().enumerate() {
            let mut bytes = vec![0; 4096];
            for (offset, value) in image {
                bytes[*offset..offset + 4].copy_from_slice(&u32::to_le_bytes(*value));
            }
            write(&folder.path().join(FUNCTIONS[at]).join("config"), &bytes);
        }
        link(folder.path());
        let mut files = Vec::new();
        collect(&folder.path().join("sys"), &mut files);
        collect(&folder.path().join("proc"), &mut files);
        collect(&folder.path().join("boot"), &mut files);
        files.sort();
        Self { folder, files }
    }

    fn run(&mut self, input: &mut Unstructured<'_>) {
        let count = u32::try_from(self.files.len()).expect("there are few files");
        let mut changed = Vec::new();
        while !input.is_empty() && changed.len() < 6 {
            let (path, right) = &self.files[below(input, count) as usize];
            changed.push((path, right));
            let new = match below(input, 8) {
                0 => {
                    let _ = fs::remove_file(path);
                    continue;
                }
                1 => self.files[below(input, count) as usize].1.clone(),
                2..5 => spoiled(input, right),
                _ => {
                    let length = (below(input, 128) as usize).min(input.len());
                    input.bytes(length).unwrap_or_default().to_vec()
                }
            };
            write(path, &new);
        }
        look(self.folder.path());
        for (path, right) in changed {
            write(path, right);
        }
    }
}

/// What a file holds, with some bytes of it changed.
fn spoiled(input: &mut Unstructured<'_>, right: &[u8]) -> Vec<u8> {
    let mut bytes = right.to_vec();
    for _ in 0..=below(input, 4) {
        let most = u32::try_from(bytes.len().max(1)).expect("a file is short");
        // The first kilobyte has what matters of a configuration space.
        let at = below(input, most.min(0x400)) as usize;
        let (new, form): (u8, u8) = (any(input), any(input));
        match bytes.get_mut(at) {
            Some(byte) if form & 1 == 0 => *byte = new,
            Some(_) if form & 2 == 0 => bytes.truncate(at),
            _ => bytes.insert(at.min(bytes.len()), new),
        }
    }
    bytes
}

fn look(folder: &Path) {
    let host = Host::saved(folder);
    let topology = host.topology();
    for cpu in topology.cpus.iter().take(8) {
        let _ = (topology.last_level_cache(cpu.id), cpu.package);
    }
    let _ = (host.kernel(), host.names(), host.threads(42));
    let Ok(inventory) = host.functions() else { return };
    assert!(inventory.functions.is_sorted_by(|one, next| one.address < next.address));
    for function in &inventory.functions {
        let address = function.address;
        let again = host.function(address).expect("it is there");
        assert_eq!((again.ids, again.port_type), (function.ids, function.port_type));
        let _ =
            (host.vector_affinity(address), host.table_state(address), host.device_files(address));
        let _ = host.group_members(address);
        if let Ok(facts) = host.facts(address) {
            let explanation = explain(&facts);
            let _ = (explanation.answer(), explanation.advice().map(|advice| advice.to_string()));
        }
    }
}

/// The folders of the functions: a root port and an endpoint below it.
const FUNCTIONS: [&str; 2] =
    ["sys/devices/pci0000:00/0000:00:01.0", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"];
/// What lies where in their configuration space: both lists, TPH with 4 entries.
const IMAGES: [&[(usize, u32)]; 2] = [
    &[
        (0, 0x7471_1234),
        (4, 0x10_0000),
        (8, 0x0604_0000),
        (0xc, 0x1_0000),
        (0x18, 0x0001_0100),
        (0x34, 0x40),
        (0x40, 0x0042_0010),
        (0x64, 0x0020_3000),
    ],
    &[
        (0, 0x7470_1234),
        (4, 0x10_0000),
        (8, 0x0200_0001),
        (0x34, 0x40),
        (0x40, 0x0002_8010),
        (0x80, 0x000f_0011),
        (0x100, 0x0001_0017),
        (0x104, 0x0003_0307),
        (0x108, 0x302),
    ],
];
/// Two CPUs that share caches, a kernel with the module, interrupts, a process.
const FILES: [(&str, &str); 26] = [
    ("sys/devices/system/cpu/online", "0-1\n"),
    ("sys/devices/system/cpu/present", "0-2\n"),
    ("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"),
    ("sys/devices/system/cpu/cpu0/topology/core_id", "0\n"),
    ("sys/devices/system/cpu/cpu1/topology/core_id", "1\n"),
    ("sys/devices/system/cpu/cpu0/cache/index0/level", "1\n"),
    ("sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n"),
    ("sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list", "0\n"),
    ("sys/devices/system/cpu/cpu0/cache/index1/level", "3\n"),
    ("sys/devices/system/cpu/cpu0/cache/index1/type", "Unified\n"),
    ("sys/devices/system/cpu/cpu0/cache/index1/shared_cpu_list", "0-1\n"),
    ("sys/devices/system/cpu/cpu0/cache/index1/size", "32768K\n"),
    ("sys/devices/system/cpu/cpu0/cache/index1/id", "0\n"),
    ("sys/devices/system/node/online", "0\n"),
    ("sys/devices/system/node/node0/cpulist", "0-2\n"),
    ("sys/fs/resctrl/info/L3/io_alloc", "enabled\n"),
    ("sys/fs/resctrl/info/L3/io_alloc_cbm", "0=fff0;1=fff0\n"),
    ("proc/sys/kernel/osrelease", "7.3.4\n"),
    ("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 iommu=pt pci=notph\n"),
    ("boot/config-7.3.4", "CONFIG_PCIE_TPH=y\nCONFIG_VFIO=m\nCONFIG_VFIO_PCI_CORE=m\n"),
    ("sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds", "Y\n"),
    ("sys/module/vfio_pci_tph/parameters/dma_buf_tph_feature", "13\n"),
    ("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/tph/mode", "device-specific\n"),
    ("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/tph/entries_in_use", "3\n"),
    ("proc/irq/9/effective_affinity_list", "1\n"),
    ("proc/42/task/43/status", "Name:\tpoll\nCpus_allowed_list:\t0-1\n"),
];

fn link(folder: &Path) {
    use std::os::unix::fs::symlink;
    let devices = folder.join("sys/bus/pci/devices");
    fs::create_dir_all(&devices).expect("a folder can be made");
    for function in FUNCTIONS {
        let name = function.rsplit('/').next().expect("it has a name");
        let target = Path::new("../../../..").join(function);
        symlink(target, devices.join(name)).expect("a link can be made");
    }
    let endpoint = folder.join(FUNCTIONS[1]);
    fs::create_dir_all(folder.join("sys/kernel/iommu_groups/7/devices")).expect("as above");
    fs::create_dir_all(folder.join("sys/bus/pci/drivers/vfio-pci-tph")).expect("as above");
    let up = Path::new("../../../../");
    let driver = up.join("bus/pci/drivers/vfio-pci-tph");
    symlink(driver, endpoint.join("driver")).expect("a link can be made");
    symlink(up.join("kernel/iommu_groups/7"), endpoint.join("iommu_group")).expect("as above");
    write(&endpoint.join("msi_irqs/9"), b"msix\n");
}

fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("it lies in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    fs::write(path, bytes).expect("a file can be written");
}

/// The files in a folder, without following links.
fn collect(folder: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() {
            collect(&entry.path(), into);
        } else if kind.is_file() {
            into.push((entry.path(), fs::read(entry.path()).expect("it is there")));
        }
    }
}
