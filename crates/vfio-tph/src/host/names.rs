//! What people call a function: its address, or the name of what its driver made of it.

use tph::Bdf;

use super::Host;
use crate::{Dump, Error};

/// The classes whose devices people know by name, with few of them to a function: network
/// interfaces, NVMe controllers.
const CLASSES: [&str; 2] = ["net", "nvme"];

/// A name that a driver gave to what it made of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceName {
    /// Such as `eth0` or `nvme0`.
    pub name: String,
    /// The function.
    pub address: Bdf,
}

impl Host {
    /// The function that a person calls `name`: its address, with or without the domain, or the name
    /// of its network interface (`eth0`) or NVMe controller (`nvme0`). Such a name is there only
    /// while the driver is that makes it, so not while a VFIO driver has the function.
    ///
    /// # Errors
    /// [`Error::NotADevice`] if it can be neither, [`Error::NoSuchFunction`], [`Error::NoSuchName`],
    /// [`Error::Ambiguous`]; [`Error::Sysfs`] if the functions cannot be listed.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// let address = vfio_tph::Host::default().find("eth0")?;
    /// # Ok(()) }
    /// ```
    pub fn find(&self, name: &str) -> Result<Bdf, Error> {
        if let Some(address) = parse(name)? {
            return among(name, address, self.addresses()?.0);
        }
        let mut found: Vec<_> =
            CLASSES.iter().filter_map(|class| self.behind(class, name)).collect();
        found.dedup();
        match found[..] {
            [] => Err(Error::NoSuchName { name: name.to_owned() }),
            [address] => Ok(address),
            _ => Err(Error::Ambiguous { name: name.to_owned(), candidates: found }),
        }
    }

    /// The names of network interfaces and NVMe controllers, with the functions behind them. Those
    /// that have none (bridges, tunnels, NVMe over a network) are left out.
    pub fn names(&self) -> Vec<DeviceName> {
        let of = |class: &'static str| {
            let names = self.files.unrecorded_list(&folder(class)).into_iter();
            names.filter_map(move |name| {
                Some(DeviceName { address: self.behind(class, &name)?, name })
            })
        };
        CLASSES.into_iter().flat_map(of).collect()
    }

    /// Has the names recorded, but for those that are made of a MAC address.
    pub(super) fn read_names(&self) {
        for class in CLASSES {
            for name in self.files.unrecorded_list(&folder(class)) {
                if !has_mac_address(&name) {
                    self.behind(class, &name);
                }
            }
        }
    }

    /// The function behind a device of a class: the last address on the way to it, because there may
    /// be another bus between (`…/0000:00:03.0/virtio0/net/eth0`).
    fn behind(&self, class: &str, name: &str) -> Option<Bdf> {
        let place = format!("{}/{name}", folder(class));
        let way =
            self.files.link(&place).or_else(|| self.files.link(&format!("{place}/device")))?;
        way.iter().rev().find_map(|part| part.to_str()?.parse().ok())
    }
}

impl Dump {
    /// The function that a person calls `name`: its address, with or without the domain.
    ///
    /// # Errors
    /// [`Error::NotADevice`] if it is no address, [`Error::NoSuchFunction`], [`Error::Ambiguous`].
    pub fn find(&self, name: &str) -> Result<Bdf, Error> {
        let address = parse(name)?.ok_or_else(|| Error::NotADevice { name: name.to_owned() })?;
        among(name, address, self.addresses())
    }
}

fn folder(class: &str) -> String {
    format!("/sys/class/{class}")
}

/// The address, or nothing if it is no address but can be a name.
fn parse(name: &str) -> Result<Option<Bdf>, Error> {
    let can_be_a_name = !name.is_empty() && !name.contains([':', '/']) && !name.starts_with('.');
    match name.parse() {
        Ok(address) => Ok(Some(address)),
        Err(_) if can_be_a_name => Ok(None),
        Err(_) => Err(Error::NotADevice { name: name.to_owned() }),
    }
}

/// The function that is meant by an address that was written as `name`: without a domain, the only
/// one that has the rest of it.
fn among(name: &str, address: Bdf, known: Vec<Bdf>) -> Result<Bdf, Error> {
    let with_domain = name.matches(':').count() > 1;
    let same = |known: &Bdf| {
        if with_domain { *known == address } else { known.requester_id() == address.requester_id() }
    };
    let mut candidates = known;
    candidates.retain(same);
    match candidates[..] {
        [] => Err(Error::NoSuchFunction { address }),
        [address] => Ok(address),
        _ => Err(Error::Ambiguous { name: name.to_owned(), candidates }),
    }
}

/// Whether an interface is named after its MAC address, as `enx001122334455` is.
fn has_mac_address(name: &str) -> bool {
    name.get(3..)
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph_lab_hosts::{FunctionFiles, Tree, endpoint};

    /// Two domains, each with a function at 01:00.0, one of them with two interfaces.
    fn host() -> (Tree, Host) {
        let tree = Tree::new();
        for place in ["0000:00:01.0/0000:01:00.0", "0001:00:01.0/0001:01:00.0", "0000:00:02.0"] {
            tree.function(&FunctionFiles { place, ..FunctionFiles::default() }, &endpoint());
        }
        let nic = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
        let virtio = "/sys/devices/pci0000:00/0000:00:02.0/virtio0";
        for (place, target) in [
            ("/sys/class/net/eth0", format!("{nic}/net/eth0")),
            ("/sys/class/net/enx00deadbeef00", format!("{nic}/net/enx00deadbeef00")),
            ("/sys/class/net/eth1", format!("{virtio}/net/eth1")),
            ("/sys/class/net/br0", "/sys/devices/virtual/net/br0".into()),
            ("/sys/class/net/old0/device", nic.into()),
            ("/sys/class/net/nvme0", format!("{nic}/net/nvme0")),
            ("/sys/class/nvme/nvme0", "/sys/devices/pci0001:00/0001:01:00.0/nvme/nvme0".into()),
            ("/sys/class/nvme/nvme1", "/sys/devices/pci0001:00/0001:01:00.0/nvme/nvme1".into()),
        ] {
            tree.link(place, &target);
        }
        let host = Host::saved(tree.path());
        (tree, host)
    }

    #[test]
    fn an_address_a_network_interface_and_an_nvme_controller_name_a_function() {
        let (_tree, host) = host();
        for (name, address) in [
            ("0000:01:00.0", "0000:01:00.0"),
            ("0001:01:00.0", "0001:01:00.0"),
            ("00:02.0", "0000:00:02.0"),
            ("0:2.0", "0000:00:02.0"),
            ("eth0", "0000:01:00.0"),
            ("eth1", "0000:00:02.0"),
            ("old0", "0000:01:00.0"),
            ("nvme1", "0001:01:00.0"),
        ] {
            assert_eq!(host.find(name).unwrap().to_string(), address, "{name}");
        }
    }

    #[test]
    fn what_names_none_or_several_is_told_apart() {
        let (_tree, host) = host();
        for (name, said) in [
            ("1:0.0", "\"1:0.0\" may be 0000:01:00.0 or 0001:01:00.0"),
            ("nvme0", "\"nvme0\" may be 0000:01:00.0 or 0001:01:00.0"),
            ("2:0.0", "0000:02:00.0: no such PCI function here"),
            ("0002:01:00.0", "0002:01:00.0: no such PCI function here"),
            ("br0", "no network interface or NVMe controller of a PCI function is called \"br0\""),
            (
                "eth9",
                "no network interface or NVMe controller of a PCI function is called \"eth9\"",
            ),
        ] {
            assert_eq!(host.find(name).unwrap_err().to_string(), said, "{name}");
        }
        for name in ["", "..", "../net/eth0", "01:20.0", "1:0"] {
            assert!(matches!(host.find(name), Err(Error::NotADevice { .. })), "{name:?}");
        }
    }

    #[test]
    fn names_are_captured_but_for_mac_addresses() {
        let (_tree, host) = host();
        let folder = tempfile::tempdir().unwrap();
        host.capture(folder.path()).unwrap();
        let name = |known: DeviceName| known.name;
        let names = |host: &Host| host.names().into_iter().map(name).collect::<Vec<_>>();
        let mac = "enx00deadbeef00";
        assert_eq!(names(&host), [mac, "eth0", "eth1", "nvme0", "old0", "nvme0", "nvme1"]);
        let copy = Host::saved(folder.path());
        assert_eq!(names(&copy), ["eth0", "eth1", "nvme0", "old0", "nvme0", "nvme1"]);
        assert_eq!(copy.find("eth1").unwrap(), host.find("eth1").unwrap());
    }
}
