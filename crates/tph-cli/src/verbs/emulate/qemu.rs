//! The arguments that put an emulated host's functions into a QEMU guest.

use std::collections::BTreeMap;
use std::path::Path;

use tph_emu::Profile;
use tph_emu::profile::FunctionProfile;

use crate::words;

/// What to add to a command line that has `-machine q35` already: memory that the functions can
/// reach, an IOMMU, ports, functions, the firmware's table.
pub(super) fn arguments(
    profile: &Profile,
    sockets: &BTreeMap<&str, &Path>,
    table: Option<&Path>,
) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |option: &str, value: String| list.extend([option.to_owned(), value]);
    add("-machine", "kernel-irqchip=split,memory-backend=memory".into());
    add("-m", "1024".into());
    add("-smp", profile.cpus.len().to_string());
    add("-object", "memory-backend-memfd,id=memory,size=1024M,share=on".into());
    add("-device", "intel-iommu,intremap=on,caching-mode=on".into());
    for (number, port) in (1..).zip(&profile.root_ports) {
        let (device, function) = (port.bdf.device(), port.bdf.function());
        add(
            "-device",
            format!(
                "pcie-root-port,id=port{number},chassis={number},slot={number},\
                 addr={device:02x}.{function}"
            ),
        );
    }
    for function in &profile.functions {
        if let Some(socket) = sockets.get(function.name.as_str()) {
            add("-device", endpoint(profile, function, socket));
        }
    }
    if let Some(table) = table {
        add("-acpitable", format!("file={}", quoted(table)));
    }
    list
}

fn endpoint(profile: &Profile, function: &FunctionProfile, socket: &Path) -> String {
    let address = function.bdf;
    let port = profile.root_ports.iter().position(|p| Some(&p.name) == function.root_port.as_ref());
    let bus = port.map_or("pcie.0".to_owned(), |port| format!("port{}", port + 1));
    let slot = |other: &FunctionProfile| (other.bdf.segment, other.bdf.bus, other.bdf.device());
    let neighbours = profile.functions.iter().filter(|other| slot(other) == slot(function));
    serde_json::json!({
        "driver": "vfio-user-pci",
        "bus": bus,
        "addr": format!("{:02x}.{}", address.device(), address.function()),
        "multifunction": neighbours.count() > 1,
        "socket": { "type": "unix", "path": socket.to_string_lossy() },
    })
    .to_string()
}

/// QEMU doubles commas inside of an option's value.
fn quoted(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// The arguments for a shell, an option a line.
pub(super) fn shell(arguments: &[String]) -> String {
    let pairs = arguments
        .chunks(2)
        .map(|pair| pair.iter().map(|text| words::shell(text)).collect::<Vec<_>>().join(" "));
    format!("  {}", pairs.collect::<Vec<_>>().join(" \\\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_host_is_named() {
        let profile = Profile::demo();
        let sockets = BTreeMap::from([("nic0", Path::new("/run/it's/nic0.sock"))]);
        let arguments = arguments(&profile, &sockets, Some(Path::new("/run/a,b/tags.aml")));
        let has = |part: &str| arguments.iter().any(|argument| argument == part);
        assert!(has("pcie-root-port,id=port1,chassis=1,slot=1,addr=01.0"));
        assert!(has("file=/run/a,,b/tags.aml") && has("16"));
        let endpoint: serde_json::Value = arguments
            .iter()
            .find_map(|argument| {
                serde_json::from_str(argument).ok().filter(|v: &serde_json::Value| v.is_object())
            })
            .unwrap();
        assert_eq!(endpoint["bus"], "port1");
        assert_eq!(endpoint["addr"], "00.0");
        assert_eq!(endpoint["socket"]["path"], "/run/it's/nic0.sock");
        assert_eq!(endpoint["multifunction"], false);
        let shell = shell(&arguments);
        assert!(shell.contains(r#"'{"addr":"00.0""#) && shell.contains(r"it'\''s"), "{shell}");
    }
}
