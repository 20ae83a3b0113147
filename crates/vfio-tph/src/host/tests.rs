use super::*;
use crate::testing::{ConfigImage, endpoint, root_port};
use std::os::unix::fs::symlink;
use tempfile::TempDir;
use tph::{Completer, EndEndPrefixes, RequesterType};
use tph_lab_hosts::{FunctionFiles, Tree};

/// A sysfs with functions at nested places, each with its configuration space.
fn sysfs(functions: &[(&str, &ConfigImage)]) -> (TempDir, Host) {
    let root = tempfile::tempdir().unwrap();
    let devices = root.path().join("bus/pci/devices");
    std::fs::create_dir_all(&devices).unwrap();
    for (place, image) in functions {
        let folder = root.path().join("devices/pci0000:00").join(place);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config"), &image.0).unwrap();
        symlink(&folder, devices.join(folder.file_name().unwrap())).unwrap();
    }
    let host = Host::at(root.path());
    (root, host)
}

#[test]
fn a_function_is_seen_with_its_port_driver_and_group() {
    let (root, host) = sysfs(&[
        ("0000:00:01.0", &root_port(1)),
        ("0000:00:01.0/0000:01:00.0/0000:02:00.0", &endpoint()),
    ]);
    let address = "2:0.0".parse().unwrap();
    symlink("../../drivers/vfio-pci", host.folder(address).join("driver")).unwrap();
    symlink("../../iommu_groups/12", host.folder(address).join("iommu_group")).unwrap();
    let function = host.function(address).unwrap();
    assert_eq!(function.tph().unwrap().entries, [0xa, 0xb, 0xc]);
    assert_eq!((function.driver.as_deref(), function.iommu_group), (Some("vfio-pci"), Some(12)));
    let port = function.root_port.unwrap();
    assert_eq!(port.address.to_string(), "0000:00:01.0");
    assert_eq!(port.completer(), Ok(Completer::Tph));
    drop(root);
}

#[test]
fn a_function_of_the_root_complex_has_no_port_above() {
    let integrated = endpoint().set(0x40, 0x0092_0010);
    let (_root, host) = sysfs(&[("0000:00:02.0", &integrated)]);
    let function = host.function("0:2.0".parse().unwrap()).unwrap();
    assert!(function.is_integrated());
    assert_eq!(function.root_port, None);
}

#[test]
fn a_space_of_256_bytes_has_no_extended_capabilities() {
    let (_root, host) = sysfs(&[("0000:00:02.0", &endpoint().cut(256))]);
    assert_eq!(host.function("0:2.0".parse().unwrap()).unwrap().tph, Ok(None));
}

#[test]
fn all_functions_come_in_order_and_odd_addresses_by_name() {
    let (_root, host) = sysfs(&[
        ("0000:00:02.0", &endpoint()),
        ("0000:00:01.0", &root_port(1)),
        ("10000:00:01.0", &endpoint()),
    ]);
    let inventory = host.functions().unwrap();
    let addresses: Vec<_> = inventory.functions.iter().map(|f| f.address.to_string()).collect();
    assert_eq!(addresses, ["0000:00:01.0", "0000:00:02.0"]);
    assert_eq!(inventory.skipped, ["10000:00:01.0"]);
}

#[test]
fn looking_at_a_function_reads_each_dword_once_and_few_of_them() {
    let (_root, host) = sysfs(&[("0000:00:02.0", &endpoint())]);
    let reads = |detail| {
        let looked = Survey::new(&host, detail).look("0:2.0".parse().unwrap()).unwrap();
        (looked.reads, looked.function.tph().unwrap().entries.len())
    };
    assert_eq!(reads(Detail::Registers), (9, 0));
    assert_eq!(reads(Detail::Entries), (11, 3));
}

/// A host with many functions below a switch, each with as long a list of capabilities as hardware of
/// today has, and without TPH, so that all of it has to be walked.
fn crowd(functions: u16) -> Tree {
    const EXTENDED: usize = 12;
    let tree = Tree::new();
    let port = |port_type| ConfigImage::express(port_type, 0).bridge(1).crowded(EXTENDED - 2);
    let (root, switch) = ("0000:00:01.0", "0000:00:01.0/0000:01:00.0");
    tree.function(&FunctionFiles { place: root, ..FunctionFiles::default() }, &port(4))
        .function(&FunctionFiles { place: switch, ..FunctionFiles::default() }, &port(5));
    let image = ConfigImage::express(0, 0).crowded(EXTENDED);
    for number in 0..functions {
        let place = format!(
            "{switch}/0000:{:02x}:{:02x}.{}",
            2 + number / 256,
            number / 8 % 32,
            number % 8
        );
        let files = FunctionFiles { place: &place, driver: Some("nvme"), group: Some(9) };
        tree.function(&files, &image);
    }
    tree
}

#[test]
fn a_list_of_functions_reads_at_most_20_dwords_of_each() {
    let tree = crowd(100);
    let host = Host::saved(tree.path());
    let (addresses, _) = host.addresses().unwrap();
    assert_eq!(addresses.len(), 102);
    let mut survey = Survey::new(&host, Detail::Registers);
    for address in &addresses {
        survey.look(*address).unwrap();
    }
    // The ports were looked at for all that lies below, and still no dword of them was read twice.
    let reads = addresses.iter().map(|address| survey.look(*address).unwrap().reads);
    assert_eq!(reads.max(), Some(20));
}

#[test]
fn a_function_below_a_switch_has_every_port_on_its_way() {
    let tree = tph_lab_hosts::known::behind_a_switch();
    let function = Host::saved(tree.path()).function("84:00.0".parse().unwrap()).unwrap();
    let switches: Vec<_> = function.switches.iter().map(|port| port.address.to_string()).collect();
    assert_eq!(switches, ["0000:82:01.0", "0000:81:00.0"], "from the function up");
    assert_eq!(function.root_port.as_ref().unwrap().address.to_string(), "0000:80:01.0");
    let prefixes = |port: &crate::PortView| port.prefixes().unwrap();
    assert_eq!(prefixes(&function.switches[0]), EndEndPrefixes::None);
    assert_eq!(prefixes(&function.switches[1]), EndEndPrefixes::UpTo(4));
    assert_eq!(function.agreed_requester(), Ok(Some(RequesterType::ExtendedTph)));
}

#[test]
fn what_is_not_there_is_an_error_with_its_path() {
    let (_root, host) = sysfs(&[]);
    let error = host.function("0:2.0".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "0000:00:02.0: no such PCI function here");
    let error = Host::at("/nonexistent").functions().unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nonexistent/bus/pci/devices: No such file or directory (os error 2)"
    );
}

#[test]
fn only_a_vfio_device_with_a_number_has_a_file_of_its_own() {
    let (_root, host) = sysfs(&[("0000:00:02.0", &endpoint())]);
    let address = "0:2.0".parse().unwrap();
    assert_eq!(host.vfio_device_file(address), None, "of no VFIO driver");
    let device = host.folder(address).join("vfio-dev/vfio0");
    std::fs::create_dir_all(device.join("power")).unwrap();
    assert_eq!(host.vfio_device_file(address), None, "without CONFIG_VFIO_DEVICE_CDEV");
    std::fs::write(device.join("dev"), "511:0\n").unwrap();
    assert_eq!(host.vfio_device_file(address).as_deref(), Some("vfio0"));
}
