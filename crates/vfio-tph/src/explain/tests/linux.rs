//! What is said of the kernel and of who uses the device.

use super::hosts::*;
use super::*;
use crate::Permission;

pub(super) fn kernels() -> Vec<Case> {
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
            "7.3.4+deb13-amd64 has CONFIG_PCIE_TPH: the module goes through its functions",
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

pub(super) fn users() -> Vec<Case> {
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
