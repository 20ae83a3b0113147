//! What an administrator sees without opening a device.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tph::{MemoryType, RequesterType, TableLocation};
use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, endpoint};
use vfio_tph::{Host, StIndex, StMode, TagSource, VfioFunction};

use crate::check::same;

/// How often a device is reset, and bound, under its readers.
const ROUNDS: usize = 6;

type Outcome = Result<(), Failure>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    suite.test("sysfs::a_device_shows_what_its_user_did", || used(control));
    suite.test("sysfs::a_device_without_a_user_shows_what_it_has", || idle(control));
    suite.test("sysfs::the_driver_shows_the_version_of_the_interface", driver);
    suite.test("sysfs::files_can_be_read_while_their_device_is_reset_and_goes", readers);
}

fn folder(device: &Endpoint) -> PathBuf {
    Host::default().folder(device.address).join("tph")
}

/// The content of a file that everybody may read and nobody may write.
fn read(path: &Path) -> Result<String, Failure> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    same(&path.display().to_string(), mode, 0o444)?;
    Ok(fs::read_to_string(path)?.trim().to_owned())
}

/// What changes with the user: mode, width of the tags, entries in use.
fn expect_state(device: &Endpoint, mode: &str, width: u8, in_use: usize) -> Outcome {
    let found = |name| read(&folder(device).join(name));
    same("mode", found("mode")?.as_str(), mode)?;
    same("requester_width", found("requester_width")?, width.to_string())?;
    same("entries_in_use", found("entries_in_use")?, in_use.to_string())
}

fn used(control: &mut Control) -> Outcome {
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let wide = RequesterType::ExtendedTph.tag_bits();
    let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
    let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let function = VfioFunction::open(nic.address)?;
    expect_state(&nic, "off", 0, 0)?;
    let mut tph = function.tph();
    let mut enabled = tph.enable(StMode::DeviceSpecific)?;
    let cpus = tags.iter().map(|(cpu, _)| source(*cpu)).cycle().take(5);
    enabled.program(&(3..).map(StIndex).zip(cpus).collect::<Vec<_>>())?;
    expect_state(&nic, "device-specific", wide, 5)?;
    enabled.clear(&[StIndex(4)])?;
    function.reset()?;
    expect_state(&nic, "device-specific", wide, 4)?;
    // The library's guard clears what it programmed.
    enabled.disable()?;
    let mut tph = function.tph();
    let enabled = tph.enable(StMode::InterruptVector)?;
    expect_state(&nic, "interrupt-vector", wide, 0)?;
    drop(enabled);
    drop(function);
    expect_state(&nic, "off", 0, 0)
}

fn idle(control: &mut Control) -> Outcome {
    let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
    for device in Endpoint::all() {
        let function = Host::default().function(device.address)?;
        let table = function.tph().and_then(|tph| Some((tph, tph.capability.table.ok()?)));
        let size = table.map_or(0, |(_, table)| table.entries());
        let location = match table.map(|(tph, _)| tph.capability.register.table_location()) {
            Some(TableLocation::Capability) => "capability",
            Some(TableLocation::MsixTable) => "msix",
            _ => "none",
        };
        // Firmware answers for what is below a root port.
        let firmware = !tags.is_empty() && function.root_port.is_some();
        let found = |name| read(&folder(&device).join(name));
        same(&device.name, found("table_size")?, size.to_string())?;
        same(&device.name, found("table_location")?.as_str(), location)?;
        same(&device.name, found("firmware")?, u8::from(firmware).to_string())?;
        expect_state(&device, "off", 0, 0)?;
    }
    Ok(())
}

fn driver() -> Outcome {
    let path = Path::new("/sys/bus/pci/drivers").join(OURS).join("interface_version");
    same("interface_version", read(&path)?.as_str(), "1")
}

/// A reader sees a mode that was set, or that the file is gone; the kernel's log is looked at when
/// the guest ends.
fn readers() -> Outcome {
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let (mode, done) = (folder(&nic).join("mode"), AtomicBool::new(false));
    let watch = || {
        let mut seen = 0_u32;
        while !done.load(Ordering::Relaxed) {
            match fs::read_to_string(&mode) {
                Ok(text) if !matches!(text.trim(), "off" | "device-specific") => return Err(text),
                Ok(_) => seen += 1,
                Err(_) => thread::yield_now(),
            }
        }
        Ok(seen)
    };
    let disturb = || -> Outcome {
        for _ in 0..ROUNDS {
            let function = VfioFunction::open(nic.address)?;
            let mut tph = function.tph();
            let enabled = tph.enable(StMode::DeviceSpecific)?;
            function.reset()?;
            drop(enabled);
            drop(function);
            rebind(nic.address, OURS)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let readers = [scope.spawn(watch), scope.spawn(watch)];
        let disturbed = disturb();
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            let seen = reader.join().map_err(|_| "a reader panicked")??;
            same("whether a reader saw something", seen > 0, true)?;
        }
        disturbed
    })
}
