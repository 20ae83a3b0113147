//! What lies above a function: sysfs nests the folders of functions as the bus does.

use std::path::Path;

use tph::Bdf;

/// Where a function sits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BusPath {
    /// The place of the host bridge, such as `/sys/devices/pci0000:00`.
    pub(crate) host_bridge: Option<String>,
    /// The functions above, from the one right below the host bridge down.
    pub(crate) above: Vec<Bdf>,
}

impl BusPath {
    /// Reads it out of the link in `/sys/bus/pci/devices`, which points to the folder of the
    /// function at `address`. A host bridge may itself lie below functions (VMD of Intel): those
    /// are of another tree.
    pub(crate) fn of(link: &Path, address: Bdf) -> Self {
        let parts: Vec<_> = link.iter().filter_map(|part| part.to_str()).collect();
        let bridge = parts.iter().rposition(|part| is_host_bridge(part));
        let below = bridge.map_or(0, |bridge| bridge + 1);
        let above = parts[below..].iter().filter_map(|part| part.parse().ok());
        let devices = parts.iter().rposition(|part| *part == "devices").map_or(0, |at| at + 1);
        let host_bridge = bridge.filter(|bridge| devices <= *bridge);
        Self {
            host_bridge: host_bridge
                .map(|bridge| format!("/sys/devices/{}", parts[devices..=bridge].join("/"))),
            above: above.filter(|above| *above != address).collect(),
        }
    }
}

/// `pci`, domain, colon, bus.
fn is_host_bridge(part: &str) -> bool {
    let Some((domain, bus)) = part.strip_prefix("pci").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    hex(domain) && hex(bus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_leads_from_the_host_bridge_to_the_function() {
        let path = |link: &str, address: &str| BusPath::of(link.as_ref(), address.parse().unwrap());
        let of = |host_bridge: &str, above: &[&str]| BusPath {
            host_bridge: Some(host_bridge.into()),
            above: above.iter().map(|above| above.parse().unwrap()).collect(),
        };
        assert_eq!(
            path("../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0", "1:0.0"),
            of("/sys/devices/pci0000:00", &["0:1.0"])
        );
        assert_eq!(
            path("/tmp/copy/sys/devices/pci0000:6a/0000:6a:01.0", "6a:1.0"),
            of("/sys/devices/pci0000:6a", &[])
        );
        assert_eq!(
            path(
                "../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/0001:e1:00.0",
                "1:e1:0.0"
            ),
            of("/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0", &[])
        );
    }
}
