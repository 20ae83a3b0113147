//! Hosts on which something is true.

use std::sync::LazyLock;

use tph::FirmwareError;
use tph_lab_hosts::{ConfigImage, Tree, known};

use super::super::*;
use crate::{Host, Permission};

pub(super) const NIC: &str = "0000:01:00.0";
pub(super) const FOLDER: &str = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
pub(super) const DRIVER: &str = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver";
pub(super) const GROUP: &str = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/iommu_group";

pub(super) fn facts(tree: &Tree, address: &str) -> Facts {
    Host::saved(tree.path()).facts(address.parse().unwrap()).unwrap()
}

/// The demonstration's host, where all is well, with something changed.
pub(super) fn host(change: impl FnOnce(&Tree)) -> Facts {
    let tree = known::demo_without_cpus();
    change(&tree);
    facts(&tree, NIC)
}

/// The same with firmware that was not asked.
pub(super) fn not_asked() -> Facts {
    host(|tree| {
        tree.remove(&format!("{FOLDER}/tph"));
    })
}

/// The same with its CPUs, unchanged.
pub(super) fn whole() -> Facts {
    static WHOLE: LazyLock<Facts> = LazyLock::new(|| facts(&known::demo(), NIC));
    WHOLE.clone()
}

/// A NIC behind the switch.
pub(super) fn switch(address: &str) -> Facts {
    static TREE: LazyLock<Tree> = LazyLock::new(known::behind_a_switch);
    facts(&TREE, address)
}

pub(super) fn laptop() -> Facts {
    static LAPTOP: LazyLock<Facts> = LazyLock::new(|| facts(&known::laptop(), NIC));
    LAPTOP.clone()
}

pub(super) fn dsa() -> Facts {
    static DSA: LazyLock<Facts> = LazyLock::new(|| facts(&known::dsa(), "6a:01.0"));
    DSA.clone()
}

/// The same with facts changed that a saved host does not hold.
pub(super) fn changed(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = whole();
    change(&mut facts);
    facts
}

/// The same with the second of the files that a user opens: the group's.
pub(super) fn permission(permission: Permission) -> Facts {
    changed(|facts| {
        let Served::Linux { binding: Some(binding), .. } = &mut facts.served else { panic!() };
        binding.files[0].permission = Permission::Granted;
        binding.files[1].permission = permission;
    })
}

pub(super) fn unbound(tree: &Tree) {
    tree.remove(DRIVER);
}

pub(super) fn kernel(config: &'static str, cmdline: &'static str) -> impl FnOnce(&Tree) {
    move |tree| {
        let place = format!("/boot/config-{}", known::RELEASE);
        tree.file(&place, config).file("/proc/cmdline", cmdline);
    }
}

/// The same with dwords of a function changed.
pub(super) fn config(
    function: &'static str,
    dwords: &'static [(usize, u32)],
) -> impl FnOnce(&Tree) {
    move |tree| {
        let path = tree.at(&format!("/sys/bus/pci/devices/{function}/config"));
        let image = ConfigImage(std::fs::read(&path).unwrap());
        let image = dwords.iter().fold(image, |image, (at, value)| image.set(*at, *value));
        std::fs::write(path, image.0).unwrap();
    }
}

pub(super) fn nic(dwords: &'static [(usize, u32)]) -> Facts {
    host(config(NIC, dwords))
}

pub(super) fn port(dwords: &'static [(usize, u32)]) -> Facts {
    host(config("0000:00:01.0", dwords))
}

/// A dump of the NIC alone.
pub(super) fn dump() -> Facts {
    let text = ConfigImage::express(0, 0).extended(&[&[0x0001_0017, 0x0000_0005, 0]]).dump(NIC);
    let dump = crate::Dump::parse(&text).unwrap();
    Facts::of_dump(dump.function(NIC.parse().unwrap()).unwrap())
}

pub(super) fn emulated(firmware: Result<(), FirmwareError>) -> Facts {
    let facts = whole();
    Facts::of_emulated(facts.function, firmware, false, facts.topology)
}
