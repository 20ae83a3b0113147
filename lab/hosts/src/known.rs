//! A host of each kind that the command has to be right about.

use tph_emu::{Host, Profile};

use crate::image::{DOWNSTREAM, ENDPOINT, INTEGRATED, ROOT_PORT, UPSTREAM};
use crate::{ConfigImage, FunctionFiles, Processors, Tree, two_sockets, two_threads};

/// Debian's kernel, which has no TPH of its own.
pub const RELEASE: &str = "7.3.4+deb13-amd64";
/// What its configuration says.
pub const CONFIG: &str = "CONFIG_ACPI=y\n# CONFIG_PCIE_TPH is not set\nCONFIG_VFIO=m\nCONFIG_VFIO_GROUP=y\nCONFIG_VFIO_PCI=m\nCONFIG_VFIO_PCI_CORE=m";

/// Device Capabilities 2 of a root port: pciutils, `tests/cap-aer-root`. It takes 8-bit tags.
const TAKES_8: u32 = 0x13be;
/// The same field as a port has it that takes 16-bit tags and passes up to four prefixes.
const TAKES_16: u32 = 0x0020_3000;
/// A port that passes prefixes.
const PREFIXES: u32 = 0x0020_0000;
/// TPH as a NIC has it: device-specific mode and no table, 16-bit tags.
const NO_TABLE: [u32; 3] = [0x0001_0017, 0x0000_0105, 0];
/// TPH in the MSI-X table, 16-bit tags.
const IN_MSIX: [u32; 3] = [0x0001_0017, 0x003f_0507, 0];

/// Every host of this module, by name.
pub fn all() -> [(&'static str, Tree); 7] {
    [
        ("laptop", laptop()),
        ("demo", demo()),
        ("dsa", dsa()),
        ("no-table", nic_without_table()),
        ("malformed", malformed()),
        ("switch", behind_a_switch()),
        ("large", large()),
    ]
}

/// The function that a host of [`all`] is about.
///
/// # Panics
/// If there is no such host.
pub fn function_of(host: &str) -> &'static str {
    match host {
        "laptop" | "demo" | "malformed" | "large" => "01:00.0",
        "dsa" => "6a:01.0",
        "no-table" => "c1:00.0",
        "switch" => "83:00.0",
        other => panic!("which function of {other} is it about?"),
    }
}

fn files<'a>(place: &'a str, driver: Option<&'a str>, group: Option<u32>) -> FunctionFiles<'a> {
    FunctionFiles { place, driver, group }
}

/// A NIC of some maker with its ST table in its MSI-X table of 64 vectors.
fn nic_in_msix(ids: u32) -> ConfigImage {
    ConfigImage::express(ENDPOINT, PREFIXES)
        .ids(ids, 0x02_0000)
        .set(0x40, 0x0002_5010)
        .set(0x50, 0x003f_0011)
        .extended(&[&IN_MSIX])
}

fn disk() -> ConfigImage {
    ConfigImage::express(ENDPOINT, 0).ids(0xa80a_144d, 0x01_0802)
}

/// A laptop without TPH, without an IOMMU that is on, and without the module.
pub fn laptop() -> Tree {
    let tree = Tree::new();
    let nvme = ConfigImage::express(ENDPOINT, 0x0007_0810).ids(0xa80a_144d, 0x01_0802);
    let port = ConfigImage::express(ROOT_PORT, 0x0000_0810).bridge(1);
    tree.function(&files("0000:00:06.0", Some("pcieport"), None), &port)
        .function(&files("0000:00:06.0/0000:01:00.0", Some("nvme"), None), &nvme)
        .acpi_bridge("pci0000:00")
        .kernel(RELEASE, CONFIG, "root=UUID=0000-0000 ro quiet intel_iommu=off")
        .processors(&Processors {
            cpus: two_sockets(4, 4).cpus[..4].to_vec(),
            caches: two_sockets(4, 4).caches[..1].to_vec(),
        });
    tree
}

/// The emulated host of the demonstration as a Linux host would show it, all set up.
///
/// # Panics
/// If the emulated function does not answer.
pub fn demo() -> Tree {
    let tree = demo_without_cpus();
    tree.processors(&Processors::from(&Profile::demo()))
        .file("/sys/fs/resctrl/info/L3/io_alloc", "enabled")
        .file("/sys/fs/resctrl/info/L3/io_alloc_cbm", "0=f000;1=f000;2=f000;3=f000");
    tree
}

/// The same, showing nothing of its CPUs, for where they do not matter: they are most of the files.
///
/// # Panics
/// If the emulated function does not answer.
pub fn demo_without_cpus() -> Tree {
    let profile = Profile::demo();
    let mut emulated = Host::new(&profile);
    let (id, _) = emulated.functions().next().unwrap();
    let mut nic = vec![0; 4096];
    emulated.endpoint_mut(id).config_read(0, &mut nic).unwrap();
    let port = &profile.root_ports[0];
    let image = ConfigImage::express(ROOT_PORT, PREFIXES | u32::from(port.completer) << 12);
    let tree = Tree::new();
    let place = format!("{}/{}", port.bdf, profile.functions[0].bdf);
    tree.function(
        &files(&port.bdf.to_string(), Some("pcieport"), Some(1)),
        &image.bridge(port.bus),
    )
    .function(&files(&place, Some("vfio-pci-tph"), Some(2)), &ConfigImage(nic))
    .acpi_bridge("pci0000:00")
    .kernel(RELEASE, CONFIG, "console=ttyS0 intel_iommu=on")
    .module(RELEASE, "N");
    tree
}

/// Intel DSA inside the root complex: the TPH capability at 0x160 and Device Capabilities 2 as
/// captured (pciutils, `tests/pri-pasid`).
pub fn dsa() -> Tree {
    let tree = Tree::new();
    let dsa = ConfigImage::express(INTEGRATED, 0x1073_0810)
        .ids(0x0b25_8086, 0x08_8000)
        .set(0x100, 0x1601_0001)
        .set(0x160, 0x1701_0017)
        .set(0x164, 0x0001_0205)
        .set(0x168, 0x0000_0102)
        .set(0x16c, 0x000a_0000);
    tree.function(&files("0000:6a:01.0", Some("idxd"), Some(20)), &dsa)
        .acpi_bridge("pci0000:6a")
        .kernel(RELEASE, CONFIG, "quiet intel_iommu=on,sm_on")
        .module(RELEASE, "N")
        .processors(&two_sockets(4, 4));
    tree
}

/// A NIC that takes tags in registers of its own, and an administrator who does not allow it.
pub fn nic_without_table() -> Tree {
    let tree = Tree::new();
    let nic = ConfigImage::express(ENDPOINT, PREFIXES).ids(0x1021_15b3, 0x02_0000);
    let port = ConfigImage::express(ROOT_PORT, TAKES_16).bridge(0xc1);
    tree.function(&files("0000:c0:01.1", Some("pcieport"), Some(30)), &port)
        .function(
            &files("0000:c0:01.1/0000:c1:00.0", Some("vfio-pci-tph"), Some(31)),
            &nic.extended(&[&NO_TABLE]),
        )
        .acpi_bridge("pci0000:c0")
        .kernel(RELEASE, CONFIG, "quiet iommu=pt pci=notph")
        .module(RELEASE, "N")
        .processors(&two_sockets(4, 2));
    tree
}

/// An I210 (documentation of the crate pcics) that claims a table of 256 entries.
pub fn malformed() -> Tree {
    let tree = Tree::new();
    let nic = ConfigImage::express(ENDPOINT, 0).ids(0x1533_8086, 0x02_0000);
    let port = ConfigImage::express(ROOT_PORT, TAKES_8).bridge(1);
    tree.function(&files("0000:00:03.0", Some("pcieport"), Some(13)), &port)
        .function(
            &files("0000:00:03.0/0000:01:00.0", Some("igb"), Some(14)),
            &nic.extended(&[&[0x0001_0017, 0x00ff_0205, 0]]),
        )
        .acpi_bridge("pci0000:00")
        .kernel(RELEASE, CONFIG, "quiet")
        .processors(&two_sockets(4, 4));
    tree
}

/// Two sockets, and a switch whose second downstream port passes no prefixes: two NICs with 16-bit
/// tags, of which only the first can use them. The second shares its group with a disk.
pub fn behind_a_switch() -> Tree {
    let tree = Tree::new();
    let (nic, disk) = (nic_in_msix(0x1750_14e4), disk());
    let root = "0000:80:01.0";
    let up = format!("{root}/0000:81:00.0");
    let (first, second) = (format!("{up}/0000:82:00.0"), format!("{up}/0000:82:01.0"));
    let bridge = |port_type, register, bus| ConfigImage::express(port_type, register).bridge(bus);
    let port = Some("pcieport");
    tree.function(&files(root, port, Some(50)), &bridge(ROOT_PORT, TAKES_16, 0x81))
        .function(&files(&up, port, Some(51)), &bridge(UPSTREAM, PREFIXES, 0x82))
        .function(&files(&first, port, Some(52)), &bridge(DOWNSTREAM, PREFIXES, 0x83))
        .function(&files(&second, port, Some(53)), &bridge(DOWNSTREAM, 0, 0x84))
        .function(&files(&format!("{first}/0000:83:00.0"), Some("vfio-pci-tph"), Some(60)), &nic)
        .function(&files(&format!("{second}/0000:84:00.0"), Some("bnxt_en"), Some(61)), &nic)
        .function(&files(&format!("{second}/0000:84:00.1"), Some("nvme"), Some(61)), &disk)
        .acpi_bridge("pci0000:80")
        .kernel(RELEASE, CONFIG, "quiet iommu=pt")
        .module(RELEASE, "N")
        .processors(&two_sockets(8, 4));
    let behind = [root, "0000:81:00.0", "0000:82:00.0", "0000:82:01.0"];
    for address in behind.into_iter().chain(["0000:83:00.0", "0000:84:00.0", "0000:84:00.1"]) {
        tree.numa_node(address, 1);
    }
    tree
}

/// Two sockets of 64 cores with two threads each and eight level 3 caches: 256 CPUs, numbered as
/// Linux does it, all first threads before the second ones. A NIC on each socket, one with 62
/// virtual functions, and a disk.
///
/// # Panics
/// If an address has no bus.
pub fn large() -> Tree {
    let tree = Tree::new();
    let (nic, disk) = (nic_in_msix(0x1021_15b3), disk());
    let hang = |root: &str, address: &str, image: &ConfigImage, driver, node| {
        let group = u32::from_str_radix(&address[5..7], 16).unwrap();
        tree.function(&files(&format!("{root}/{address}"), Some(driver), Some(group)), image)
            .numa_node(address, node);
    };
    for (root, bus, node) in
        [("0000:00:01.1", 0x01, 0), ("0000:80:01.1", 0x81, 1), ("0000:80:03.1", 0x82, 1)]
    {
        let port = ConfigImage::express(ROOT_PORT, TAKES_16).bridge(bus);
        tree.function(&files(root, Some("pcieport"), None), &port).numa_node(root, node);
    }
    hang("0000:00:01.1", "0000:01:00.0", &nic, "vfio-pci-tph", 0);
    hang("0000:80:01.1", "0000:81:00.0", &nic, "mlx5_core", 1);
    for function in 2..64 {
        let address = format!("0000:81:{:02x}.{}", function / 8, function % 8);
        hang("0000:80:01.1", &address, &nic, "vfio-pci", 1);
    }
    hang("0000:80:03.1", "0000:82:00.0", &disk, "nvme", 1);
    tree.acpi_bridge("pci0000:00")
        .acpi_bridge("pci0000:80")
        .kernel(RELEASE, CONFIG, "quiet iommu=pt")
        .module(RELEASE, "N")
        .processors(&two_threads(two_sockets(64, 8)));
    tree
}
