//! Every sentence, each on a host on which it is true.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tph::FirmwareError;
use tph_lab_hosts::{ConfigImage, FunctionFiles, Tree, known};

use super::Answer::{No, Unknown, Yes};
use super::*;
use crate::{Host, Permission, Unreadable};

const NIC: &str = "0000:01:00.0";
const DRIVER: &str = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver";
const GROUP: &str = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/iommu_group";

fn facts(tree: &Tree, address: &str) -> Facts {
    Host::saved(tree.path()).facts(address.parse().unwrap()).unwrap()
}

/// The demonstration's host, where all is well, with something changed.
fn host(change: impl FnOnce(&Tree)) -> Facts {
    let tree = known::demo_without_cpus();
    change(&tree);
    facts(&tree, NIC)
}

/// The same with its CPUs, unchanged.
fn whole() -> Facts {
    static WHOLE: LazyLock<Facts> = LazyLock::new(|| facts(&known::demo(), NIC));
    WHOLE.clone()
}

/// A NIC behind the switch.
fn switch(address: &str) -> Facts {
    static TREE: LazyLock<Tree> = LazyLock::new(known::behind_a_switch);
    facts(&TREE, address)
}

fn laptop() -> Facts {
    static LAPTOP: LazyLock<Facts> = LazyLock::new(|| facts(&known::laptop(), NIC));
    LAPTOP.clone()
}

fn dsa() -> Facts {
    static DSA: LazyLock<Facts> = LazyLock::new(|| facts(&known::dsa(), "6a:01.0"));
    DSA.clone()
}

/// The same with facts changed that a saved host does not hold.
fn changed(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = whole();
    change(&mut facts);
    facts
}

/// The same with the second of the files that a user opens: the group's.
fn permission(permission: Permission) -> Facts {
    changed(|facts| {
        let Served::Linux { binding: Some(binding), .. } = &mut facts.served else { panic!() };
        binding.files[0].permission = Permission::Granted;
        binding.files[1].permission = permission;
    })
}

fn unbound(tree: &Tree) {
    tree.remove(DRIVER);
}

fn kernel(config: &'static str, cmdline: &'static str) -> impl FnOnce(&Tree) {
    move |tree| {
        let place = format!("/boot/config-{}", known::RELEASE);
        tree.file(&place, config).file("/proc/cmdline", cmdline);
    }
}

/// The same with dwords of a function changed.
fn config(function: &'static str, dwords: &'static [(usize, u32)]) -> impl FnOnce(&Tree) {
    move |tree| {
        let path = tree.at(&format!("/sys/bus/pci/devices/{function}/config"));
        let image = ConfigImage(std::fs::read(&path).unwrap());
        let image = dwords.iter().fold(image, |image, (at, value)| image.set(*at, *value));
        std::fs::write(path, image.0).unwrap();
    }
}

fn nic(dwords: &'static [(usize, u32)]) -> Facts {
    host(config(NIC, dwords))
}

fn port(dwords: &'static [(usize, u32)]) -> Facts {
    host(config("0000:00:01.0", dwords))
}

/// A dump of the NIC alone.
fn dump() -> Facts {
    let text = ConfigImage::express(0, 0).extended(&[&[0x0001_0017, 0x0000_0005, 0]]).dump(NIC);
    let dump = crate::Dump::parse(&text).unwrap();
    Facts::of_dump(dump.function(NIC.parse().unwrap()).unwrap())
}

fn emulated(firmware: Result<(), FirmwareError>) -> Facts {
    let facts = whole();
    Facts::of_emulated(facts.function, firmware, false, facts.topology)
}

type Case = (Facts, Link, Answer, &'static str);

fn device() -> Vec<Case> {
    let root = Unreadable::Permission { readable: 64 };

    vec![
        (whole(), Link::Requester, Yes, "it can send hints with 16-bit tags"),
        (laptop(), Link::Requester, No, "it has no TPH Requester capability"),
        (
            changed(|facts| facts.function.tph = Err(root)),
            Link::Requester,
            Unknown,
            "whether it can send hints: only root may read past byte 64 of configuration space",
        ),
        (whole(), Link::Modes, Yes, "it has interrupt-vector and device-specific mode"),
        (
            nic(&[(0x104, 0x0000_0201)]),
            Link::Modes,
            No,
            "it has no-ST mode only, in which every tag is 0",
        ),
        (nic(&[(0x104, 0x0000_0200)]), Link::Modes, No, "it has no mode at all"),
        (whole(), Link::Table, Yes, "its ST table has 64 entries in the capability"),
        (switch("83:00.0"), Link::Table, Yes, "its ST table has 64 entries in the MSI-X table"),
        (
            nic(&[(0x104, 0x0000_0204)]),
            Link::Table,
            Yes,
            "its ST table has 1 entry in the capability",
        ),
        (
            facts(&known::nic_without_table(), "c1:00.0"),
            Link::Table,
            No,
            "it has no ST table, and the administrator does not let its driver hand it tags",
        ),
        (
            host(|tree| {
                tree.module(known::RELEASE, "Y");
                config(NIC, &[(0x104, 0x0000_0105)])(tree);
            }),
            Link::Table,
            Yes,
            "it has no ST table; its driver may hand it the tags",
        ),
        (
            dump(),
            Link::Table,
            Unknown,
            "it has no ST table; whether its driver may hand it tags is known when the module is \
             loaded",
        ),
        (
            nic(&[(0x104, 0x0000_0003)]),
            Link::Table,
            No,
            "it has no ST table, and no mode that does without",
        ),
        (
            facts(&known::malformed(), NIC),
            Link::Table,
            No,
            "the capability claims 256 ST entries of its own, but at most 64 can be there",
        ),
    ]
}

fn way() -> Vec<Case> {
    let port_unread = |facts: &mut Facts| {
        let port = facts.function.root_port.as_mut().unwrap();
        port.device_capabilities_2 = Err(Unreadable::Failed);
    };
    vec![
        (whole(), Link::RootPort, Yes, "0000:00:01.0 takes 8-bit and 16-bit tags"),
        (port(&[(0x64, 0x1000)]), Link::RootPort, Yes, "0000:00:01.0 takes 8-bit tags"),
        (port(&[(0x64, 0)]), Link::RootPort, No, "0000:00:01.0 takes no hints"),
        (
            port(&[(0x64, 0x2000)]),
            Link::RootPort,
            No,
            "0000:00:01.0 takes no hints: reserved value 10b, counts as none",
        ),
        (
            changed(port_unread),
            Link::RootPort,
            Unknown,
            "what 0000:00:01.0 takes: configuration space could not be read",
        ),
        (dsa(), Link::RootPort, Yes, "it sits inside the root complex, where no port decides"),
        (port(&[(0x40, 0x0002_0010 | 5 << 20)]), Link::RootPort, No, "no root port lies above it"),
        (dump(), Link::RootPort, Unknown, "the dump shows no root port above it"),
        (whole(), Link::Routing, Yes, "0000:00:01.0 passes 16-bit tags: up to 4 TLP prefixes"),
        (
            port(&[(0x64, 0x3000), (0x70, 1 << 26)]),
            Link::Routing,
            Yes,
            "0000:00:01.0 passes 16-bit tags: its link is in Flit Mode",
        ),
        (
            switch("84:00.0"),
            Link::Routing,
            No,
            "0000:82:01.0 passes no TLP prefixes: a packet with a 16-bit tag is malformed to it",
        ),
        (
            {
                let mut facts = switch("83:00.0");
                facts.function.switches[0].device_capabilities_2 = Err(Unreadable::Failed);
                facts
            },
            Link::Routing,
            Unknown,
            "what 0000:82:00.0 passes: configuration space could not be read",
        ),
        (
            {
                let mut facts = switch("83:00.0");
                facts.function.root_port.as_mut().unwrap().device_capabilities_2 = Ok(Some(0x1000));
                facts
            },
            Link::Routing,
            Yes,
            "0000:82:00.0 passes 8-bit tags: they lie in the packet's header",
        ),
        (emulated(Ok(())), Link::Firmware, Yes, "the firmware names tags"),
        (
            emulated(Err(FirmwareError::Absent)),
            Link::Firmware,
            No,
            "the firmware of this host names no tags",
        ),
        (
            host(|tree| {
                tree.remove("/sys/devices/pci0000:00/firmware_node");
            }),
            Link::Firmware,
            No,
            "the firmware of this host names no tags",
        ),
        (
            dsa(),
            Link::Firmware,
            No,
            "no root port lies above the device, so no firmware names tags",
        ),
        (
            whole(),
            Link::Firmware,
            Unknown,
            "whether the host bridge's _DSM names tags only the kernel can ask",
        ),
        (
            nic(&[(0x108, 0x302), (0x10c, 0x4003_0000)]),
            Link::Firmware,
            Yes,
            "the firmware names tags: ST entry 1 holds one, 0x4003",
        ),
        (dump(), Link::Firmware, Unknown, "whether the firmware names tags is not saved"),
    ]
}

fn kernels() -> Vec<Case> {
    const TPH: &str = "CONFIG_PCIE_TPH=y\nCONFIG_VFIO_PCI=m";
    const STOCK: &str = "CONFIG_VFIO_PCI=m";
    let without_config = |tree: &Tree| {
        tree.remove(&format!("/boot/config-{}", known::RELEASE)).file("/proc/cmdline", "pci=notph");
    };
    let without_module = |tree: &Tree| {
        tree.remove("/sys/module/vfio_pci_tph");
    };
    vec![
        (whole(), Link::BootParameters, Yes, "no boot parameter keeps TPH off"),
        (host(kernel(TPH, "quiet pci=notph")), Link::BootParameters, No, "pci=notph keeps TPH off"),
        (
            host(kernel(STOCK, "pci=notph")),
            Link::BootParameters,
            Yes,
            "pci=notph means nothing to a kernel without CONFIG_PCIE_TPH",
        ),
        (
            host(without_config),
            Link::BootParameters,
            Unknown,
            "pci=notph keeps TPH off if the kernel has CONFIG_PCIE_TPH",
        ),
        (dump(), Link::BootParameters, Unknown, "the kernel's command line is not saved"),
        (
            whole(),
            Link::Kernel,
            Yes,
            "7.3.4+deb13-amd64 has no CONFIG_PCIE_TPH: the module does all of it",
        ),
        (
            host(kernel(TPH, "")),
            Link::Kernel,
            Yes,
            "7.3.4+deb13-amd64 has CONFIG_PCIE_TPH, and the module runs in it",
        ),
        (
            host(|tree| {
                kernel(TPH, "")(tree);
                without_module(tree);
            }),
            Link::Kernel,
            Unknown,
            "7.3.4+deb13-amd64 has CONFIG_PCIE_TPH: does the module work with it?",
        ),
        (
            host(kernel("# CONFIG_VFIO is not set", "")),
            Link::Kernel,
            No,
            "7.3.4+deb13-amd64 has no VFIO for PCI devices",
        ),
        (
            host(without_config),
            Link::Kernel,
            Unknown,
            "how 7.3.4+deb13-amd64 was built is not to be found",
        ),
        (dump(), Link::Kernel, Unknown, "the kernel is not known"),
        (whole(), Link::Module, Yes, "vfio_pci_tph is loaded"),
        (host(without_module), Link::Module, No, "the kernel has no driver vfio-pci-tph"),
        (laptop(), Link::Module, No, "vfio_pci_tph is not installed for 7.3.4+deb13-amd64"),
        (dump(), Link::Module, Unknown, "whether vfio_pci_tph is loaded is not saved"),
        (emulated(Ok(())), Link::Module, Yes, "the emulated host serves the interface itself"),
    ]
}

fn users() -> Vec<Case> {
    vec![
        (whole(), Link::Iommu, Yes, "it is in IOMMU group 2"),
        (laptop(), Link::Iommu, No, "it is in no IOMMU group: intel_iommu=off keeps the IOMMU off"),
        (
            host(|tree| {
                tree.remove(GROUP);
            }),
            Link::Iommu,
            No,
            "it is in no IOMMU group: is the IOMMU off?",
        ),
        (whole(), Link::Driver, Yes, "it is bound to vfio-pci-tph"),
        (host(unbound), Link::Driver, No, "it is bound to no driver"),
        (
            facts(&known::malformed(), NIC),
            Link::Driver,
            No,
            "it is bound to igb, not to vfio-pci-tph",
        ),
        (dump(), Link::Driver, Unknown, "who has the device is not saved"),
        (whole(), Link::Group, Yes, "nobody else is in IOMMU group 2"),
        (
            host(|tree| {
                let files = FunctionFiles { place: "0000:00:1f.0", driver: None, group: Some(2) };
                tree.function(&files, &ConfigImage::express(0, 0));
            }),
            Link::Group,
            Yes,
            "nobody else in IOMMU group 2 is in the way",
        ),
        (
            switch("84:00.0"),
            Link::Group,
            No,
            "other devices of its IOMMU group 61 are in use: 0000:84:00.1 (nvme)",
        ),
        (
            changed(|facts| {
                let Served::Linux { binding: Some(binding), .. } = &mut facts.served else {
                    panic!()
                };
                binding.members = None;
            }),
            Link::Group,
            Unknown,
            "who else is in IOMMU group 2 is not saved",
        ),
        (
            permission(Permission::Granted),
            Link::Access,
            Yes,
            "this user may open /dev/vfio/vfio and /dev/vfio/2",
        ),
        (
            permission(Permission::Refused),
            Link::Access,
            No,
            "this user may not read and write /dev/vfio/2",
        ),
        (permission(Permission::NoFile), Link::Access, No, "there is no /dev/vfio/2"),
        (
            {
                let mut facts = permission(Permission::NoFile);
                let Served::Linux { binding: Some(binding), .. } = &mut facts.served else {
                    panic!()
                };
                binding.driver = None;
                facts
            },
            Link::Access,
            Unknown,
            "its file is made when it is bound",
        ),
        (whole(), Link::Access, Unknown, "a saved host does not tell who may open the device"),
        (whole(), Link::Caches, Yes, "16 CPUs run, with 4 caches of level 3"),
        (laptop(), Link::Caches, Yes, "4 CPUs run and share a cache of level 3"),
        (dump(), Link::Caches, Unknown, "the CPUs and their caches are not saved"),
        (
            host(|tree| {
                tree.file("/sys/fs/resctrl/info/L3/io_alloc", "enabled")
                    .file("/sys/fs/resctrl/info/L3/io_alloc_cbm", "0=f000;1=00f0");
            }),
            Link::CacheAllocation,
            Yes,
            "writes of devices may take ways 0xf000 (cache 0), 0xf0 (cache 1) of L3",
        ),
        (
            host(|tree| {
                tree.file("/sys/fs/resctrl/info/L3/io_alloc", "disabled");
            }),
            Link::CacheAllocation,
            Yes,
            "writes of devices have no ways of L3 for themselves",
        ),
    ]
}

#[test]
fn every_sentence_is_said_where_it_is_true_and_nowhere_is_a_no_without_advice() {
    let mut said = BTreeSet::new();
    for (facts, link, answer, sentence) in [device(), way(), kernels(), users()].concat() {
        let explanation = explain(&facts);
        let at_link = explanation.reasons.iter().filter(|reason| reason.link == link);
        let sentences: Vec<_> = at_link.clone().map(|r| r.finding.to_string()).collect();
        let found = at_link.into_iter().find(|reason| reason.finding.to_string() == sentence);
        let reason = found.unwrap_or_else(|| panic!("{sentence:?} is not in {sentences:?}"));
        assert_eq!(reason.answer(), answer, "{sentence}");
        let advice = reason.finding.advice(explanation.address);
        assert!(answer != No || advice.is_some(), "{sentence}: and now?");
        assert!(answer != Yes || advice.is_none(), "{sentence}: all is well");
        said.insert(name(&reason.finding));
    }
    assert_eq!(said, variants());
}

fn name(finding: &Finding) -> String {
    format!("{finding:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The names of all findings, out of the source: a new one has to have its sentence tested.
fn variants() -> BTreeSet<String> {
    let source = include_str!("finding.rs");
    let (_, body) = source.split_once("pub enum Finding {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let named = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    named.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

#[test]
fn the_first_no_decides_and_has_the_advice() {
    let explanation = explain(&switch("84:00.0"));
    assert_eq!(explanation.answer(), No);
    assert_eq!(
        explanation.decisive().unwrap().link,
        Link::Routing,
        "not the driver, not the group"
    );
    assert_eq!(explanation.advice(), Some(Advice::OtherSlot));
}

#[test]
fn where_nothing_says_no_the_first_unknown_of_use_has_the_advice() {
    let explanation = explain(&whole());
    assert_eq!(explanation.answer(), Unknown);
    assert_eq!(explanation.advice(), Some(Advice::AskFirmware { device: NIC.into() }));
    let explanation = explain(&emulated(Ok(())));
    assert_eq!((explanation.answer(), explanation.decisive()), (Yes, None));
    assert_eq!(explanation.advice(), None);
}

#[test]
fn the_links_are_in_the_order_of_the_chain_and_hold_their_evidence() {
    let explanation = explain(&switch("83:00.0"));
    assert!(explanation.reasons.is_sorted_by_key(|reason| reason.link));
    let evidence = |link: Link| -> Vec<_> {
        let reasons = explanation.reasons.iter().filter(|reason| reason.link == link);
        reasons.flat_map(|reason| &reason.evidence).map(ToString::to_string).collect()
    };
    assert_eq!(
        evidence(Link::Routing),
        [
            "0000:82:00.0 Device Capabilities 2 = 0x00200000",
            "0000:81:00.0 Device Capabilities 2 = 0x00200000",
            "0000:80:01.0 Device Capabilities 2 = 0x00203000"
        ]
    );
    assert_eq!(
        evidence(Link::Table),
        ["0000:83:00.0 TPH Requester Capability at 0x104 = 0x003f0507"]
    );
    assert_eq!(evidence(Link::BootParameters), ["/proc/cmdline: iommu=pt"]);
    assert_eq!(evidence(Link::Driver), ["/sys/bus/pci/devices/0000:83:00.0/driver: vfio-pci-tph"]);
    assert_eq!(evidence(Link::Caches), ["/sys/devices/system/cpu/online: 0-15"]);
}
