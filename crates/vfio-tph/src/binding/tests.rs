use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tempfile::TempDir;

use super::*;

/// Plays the kernel on a folder: acts on what is written as the PCI core does.
#[derive(Debug)]
struct Kernel {
    root: PathBuf,
    /// A driver that takes nothing.
    stubborn: &'static str,
}

impl Write for Kernel {
    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        let device = self.root.join("bus/pci/devices").join(text);
        let name = path.file_name().unwrap().to_str().unwrap();
        let bind = |driver: &str| {
            let folder = self.root.join("bus/pci/drivers").join(driver);
            if driver == self.stubborn || !folder.exists() || device.join("driver").exists() {
                return Err(io::Error::from_raw_os_error(19));
            }
            symlink(folder, device.join("driver"))
        };
        match name {
            "driver_override" => fs::write(path, if text == NOTHING { "(null)\n" } else { text }),
            "unbind" => fs::remove_file(device.join("driver")),
            "bind" => bind(path.parent().unwrap().file_name().unwrap().to_str().unwrap()),
            "drivers_probe" => {
                let choice = fs::read_to_string(device.join("driver_override"))?;
                let _ = bind(if choice.starts_with('(') { "nvme" } else { choice.trim() });
                Ok(())
            }
            other => panic!("nobody writes to {other}"),
        }
    }
}

/// A machine with a function 0000:01:00.0 in group 7, bound to `driver`.
fn machine(driver: Option<&str>) -> (TempDir, Binder, Bdf) {
    stubborn_machine(driver, "")
}

fn stubborn_machine(driver: Option<&str>, stubborn: &'static str) -> (TempDir, Binder, Bdf) {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    for driver in ["vfio-pci-tph", "vfio-pci", "nvme", "e1000e", "pcieport"] {
        fs::create_dir_all(at("bus/pci/drivers").join(driver)).unwrap();
    }
    fs::create_dir_all(at("kernel/iommu_groups/7/devices")).unwrap();
    add(root.path(), "0000:01:00.0", driver);
    let binder = binder(&root, stubborn);
    (root, binder, "1:0.0".parse().unwrap())
}

fn binder(root: &TempDir, stubborn: &'static str) -> Binder {
    let at = |path: &str| root.path().join(path);
    let places = Places { records: at("run"), device_files: at("dev"), mounts: at("mounts") };
    let kernel = Kernel { root: root.path().into(), stubborn };
    Binder { host: Host::at(root.path()), places, writer: Box::new(kernel) }
}

/// Another function in group 7.
fn add(root: &Path, name: &str, driver: Option<&str>) {
    let folder = root.join("bus/pci/devices").join(name);
    let group = root.join("kernel/iommu_groups/7");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("driver_override"), "(null)\n").unwrap();
    symlink(&group, folder.join("iommu_group")).unwrap();
    symlink(&folder, group.join("devices").join(name)).unwrap();
    if let Some(driver) = driver {
        symlink(root.join("bus/pci/drivers").join(driver), folder.join("driver")).unwrap();
    }
}

fn driver(root: &TempDir) -> Option<String> {
    link_name(&root.path().join("bus/pci/devices/0000:01:00.0/driver"))
}

fn choice(root: &TempDir) -> String {
    fs::read_to_string(root.path().join("bus/pci/devices/0000:01:00.0/driver_override")).unwrap()
}

#[test]
fn a_function_goes_and_comes_back_to_the_driver_that_had_it() {
    for former in [Some("nvme"), Some("vfio-pci"), None] {
        let (root, binder, address) = machine(former);
        let bound = binder.bind(address).unwrap();
        assert_eq!((bound.former.as_deref(), bound.group, bound.changed), (former, 7, true));
        assert_eq!(driver(&root).as_deref(), Some(DRIVER));
        let again = binder.bind(address).unwrap();
        assert_eq!(
            (again.former.as_deref(), again.changed),
            (former, false),
            "who had it is known"
        );
        let released = binder.unbind(address).unwrap();
        assert_eq!((released.driver.as_deref(), released.remembered), (former, true));
        assert_eq!((driver(&root).as_deref(), choice(&root).as_str()), (former, "(null)\n"));
        assert_eq!(fs::read_dir(root.path().join("run")).unwrap().count(), 0, "no record is left");
    }
}

/// The kernel, to somebody who is killed before what is written once nothing is `left`.
#[derive(Debug)]
struct Killed {
    kernel: Kernel,
    left: AtomicUsize,
}

impl Write for Killed {
    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        let left = self.left.load(Relaxed).checked_sub(1).unwrap_or_else(|| panic!("killed"));
        self.left.store(left, Relaxed);
        self.kernel.write(path, text)
    }
}

/// Lets `act` write so often before it is killed; whether it was.
fn killed(root: &TempDir, writes: usize, act: impl FnOnce(&Binder)) -> bool {
    let kernel = Kernel { root: root.path().into(), stubborn: "" };
    let mortal = Box::new(Killed { kernel, left: writes.into() });
    let binder = Binder { writer: mortal, ..binder(root, "") };
    catch_unwind(AssertUnwindSafe(|| act(&binder))).is_err()
}

#[test]
fn a_bind_or_unbind_that_was_killed_at_any_write_is_finished_by_the_next() {
    for (former, choice) in
        [(Some("nvme"), "(null)\n"), (Some("vfio-pci"), "vfio-pci"), (None, "(null)\n")]
    {
        for (binds, next_binds) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut kills = 0;
            loop {
                let (root, binder, address) = machine(former);
                let path = root.path().join("bus/pci/devices/0000:01:00.0/driver_override");
                fs::write(path, choice).unwrap();
                if !binds {
                    binder.bind(address).unwrap();
                }
                let act = |binder: &Binder| {
                    if binds {
                        binder.bind(address).unwrap();
                    } else {
                        binder.unbind(address).unwrap();
                    }
                };
                if !killed(&root, kills, act) {
                    break;
                }
                kills += 1;
                if next_binds {
                    assert_eq!(binder.bind(address).unwrap().former.as_deref(), former);
                    assert_eq!(driver(&root).as_deref(), Some(DRIVER));
                    assert_eq!(self::choice(&root), DRIVER, "it stays with it");
                }
                let released = binder.unbind(address).unwrap();
                assert_eq!((released.driver.as_deref(), released.remembered), (former, true));
                assert_eq!(
                    (driver(&root).as_deref(), self::choice(&root).as_str()),
                    (former, choice)
                );
                assert_eq!(fs::read_dir(root.path().join("run")).unwrap().count(), 0);
            }
            assert!(kills >= 2, "{kills} writes");
        }
    }
}

#[test]
fn a_function_that_somebody_else_gave_to_another_driver_is_left_to_it() {
    let (root, binder, address) = machine(Some("nvme"));
    binder.bind(address).unwrap();
    let folder = root.path().join("bus/pci/devices/0000:01:00.0");
    fs::remove_file(folder.join("driver")).unwrap();
    symlink(root.path().join("bus/pci/drivers/vfio-pci"), folder.join("driver")).unwrap();
    let error = binder.unbind(address).unwrap_err();
    assert_eq!(error.to_string(), "0000:01:00.0: it is bound to vfio-pci, not to vfio-pci-tph");
}

#[test]
fn a_choice_of_driver_that_was_made_before_comes_back_too() {
    let (root, binder, address) = machine(Some("vfio-pci"));
    let path = root.path().join("bus/pci/devices/0000:01:00.0/driver_override");
    fs::write(path, "vfio-pci\n").unwrap();
    binder.bind(address).unwrap();
    binder.unbind(address).unwrap();
    assert_eq!((driver(&root).as_deref(), choice(&root).as_str()), (Some("vfio-pci"), "vfio-pci"));
}

#[test]
fn of_a_function_that_nobody_remembers_the_kernel_chooses_the_driver() {
    let (_root, binder, address) = machine(Some(DRIVER));
    let released = binder.unbind(address).unwrap();
    assert_eq!((released.driver.as_deref(), released.remembered), (Some("nvme"), false));
}

#[test]
fn a_driver_that_does_not_take_it_leaves_everything_as_it_was() {
    let (root, binder, address) = stubborn_machine(Some("nvme"), DRIVER);
    let error = binder.bind(address).unwrap_err();
    assert_eq!(error.to_string(), "0000:01:00.0: vfio-pci-tph did not take it");
    assert_eq!((driver(&root).as_deref(), choice(&root).as_str()), (Some("nvme"), "(null)\n"));
    assert_eq!(fs::read_dir(root.path().join("run")).unwrap().count(), 0);
}

#[test]
fn a_former_driver_that_is_gone_is_named_and_stays_on_record() {
    let (root, binder, address) = machine(Some("nvme"));
    binder.bind(address).unwrap();
    fs::remove_dir(root.path().join("bus/pci/drivers/nvme")).unwrap();
    let error = binder.unbind(address).unwrap_err();
    assert_eq!(error.to_string(), "0000:01:00.0: nvme did not take it");
    let record = Records::at(&root.path().join("run")).read(address).unwrap();
    assert_eq!(record.unwrap().driver.as_deref(), Some("nvme"));
    fs::create_dir(root.path().join("bus/pci/drivers/nvme")).unwrap();
    assert_eq!(binder.unbind(address).unwrap().driver.as_deref(), Some("nvme"), "another attempt");
}

/// What a case adds to the machine, and what is said then.
type Case = (fn(&Path), &'static str, &'static str);

#[test]
fn what_is_in_use_is_left_alone_and_the_reason_said() {
    let cases: [Case; 5] = [
        (
            |root| {
                add(root, "0000:01:00.1", Some("e1000e"));
                add(root, "0000:01:00.2", Some("vfio-pci"));
                add(root, "0000:01:00.3", Some("pcieport"));
                add(root, "0000:01:00.4", None);
            },
            "other devices of its IOMMU group 7 are in use: 0000:01:00.1 (e1000e)",
            "Bind every device of its IOMMU group to a VFIO driver, or to none.",
        ),
        (
            |root| {
                let interface = root.join("bus/pci/devices/0000:01:00.0/net/eth0");
                fs::create_dir_all(&interface).unwrap();
                fs::write(interface.join("flags"), "0x1003\n").unwrap();
            },
            "it is in use: its network interface eth0 is up",
            "Take it down: ip link set eth0 down.",
        ),
        (
            |root| {
                let disk = root.join("bus/pci/devices/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p2");
                fs::create_dir_all(&disk).unwrap();
                fs::create_dir_all(root.join("class/block")).unwrap();
                symlink(&disk, root.join("class/block/nvme0n1p2")).unwrap();
                fs::write(root.join("mounts"), "proc /proc proc rw 0 0\n/dev/nvme0n1p2 /srv ext4")
                    .unwrap();
            },
            "it is in use: its disk nvme0n1p2 is mounted on /srv",
            "Unmount it: umount /srv.",
        ),
        (
            |root| fs::remove_dir(root.join("bus/pci/drivers").join(DRIVER)).unwrap(),
            "the kernel has no driver vfio-pci-tph",
            "Load it: modprobe vfio_pci_tph.",
        ),
        (
            |root| {
                fs::remove_file(root.join("bus/pci/devices/0000:01:00.0/iommu_group")).unwrap();
            },
            "it is in no IOMMU group: is the IOMMU off?",
            "Turn the IOMMU on",
        ),
    ];
    for (change, reason, advice) in cases {
        let (root, binder, address) = machine(Some("nvme"));
        change(root.path());
        let error = binder.bind(address).unwrap_err();
        assert_eq!(error.to_string(), format!("0000:01:00.0: {reason}"));
        let said = error.advice().unwrap().to_string();
        assert!(said.starts_with(advice), "{said}");
        assert_eq!(driver(&root).as_deref(), Some("nvme"));
        assert!(!root.path().join("run").exists(), "nothing was begun");
    }
}

#[test]
fn an_interface_that_is_down_is_no_user() {
    let (root, binder, address) = machine(Some("e1000e"));
    let interface = root.path().join("bus/pci/devices/0000:01:00.0/net/eth0");
    fs::create_dir_all(&interface).unwrap();
    fs::write(interface.join("flags"), "0x1002\n").unwrap();
    assert!(binder.bind(address).unwrap().changed);
}

#[test]
fn only_what_the_driver_has_can_be_taken_from_it() {
    for (has, reason) in [
        (Some("nvme"), "it is bound to nvme, not to vfio-pci-tph"),
        (None, "it is bound to no driver"),
    ] {
        let (root, binder, address) = machine(has);
        let error = binder.unbind(address).unwrap_err();
        assert_eq!(error.to_string(), format!("0000:01:00.0: {reason}"));
        assert_eq!(driver(&root).as_deref(), has);
    }
}
