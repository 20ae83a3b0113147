//! Devices of an emulated host, as if another process had them.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use tph_emu::FunctionId;
use vfio_tph::Processes;
use vfio_tph::experiment::{Pair, Schedule};

use super::super::Switch;
use super::*;
use crate::verbs::bench::load::{End, Ends};
use crate::verbs::bench::run::{Experiment, Watcher};

const MODE: StMode = StMode::DeviceSpecific;

fn emulated() -> Opened {
    Opened::open("nic0", Some(&None), &[]).unwrap()
}

fn mode(opened: &Opened) -> Option<StMode> {
    let Opened::Emulated { host, id, .. } = opened else { unreachable!() };
    let id: FunctionId = *id;
    let control = host.host().lock().endpoint(id).control().unwrap();
    (control.0 != 0).then(|| control.mode().unwrap())
}

/// A switch of this device, which is on; `opened` says whose it is.
fn switch<'a>(opened: &'a Opened, carried_by: &'a Opened) -> DeviceSwitch<'a> {
    let mut device = carried_by.tph();
    device.enable(MODE).unwrap().leave_on();
    let (now, after, clear) = (Setting::On, Setting::On, Vec::new());
    DeviceSwitch { opened, device, mode: MODE, now, after, clear }
}

#[test]
fn only_the_device_that_goes_off_and_on_with_the_descriptor_is_it() {
    let (named, other) = (emulated(), emulated());
    let held = switch(&named, &named);
    let mut descriptor = switch(&other, &other);
    assert!(!descriptor.is_followed_by(|| mode(&named)).unwrap(), "it stays on");
    assert_eq!((mode(&named), mode(&other)), (Some(MODE), Some(MODE)), "and so is the other again");
    drop(held);
    named.tph().disable().unwrap();
    assert!(!descriptor.is_followed_by(|| mode(&named)).unwrap(), "it stays off");
    let also = StMode::InterruptVector;
    assert!(!descriptor.is_followed_by(|| mode(&other).map(|_| also)).unwrap(), "another mode");
    assert!(descriptor.is_followed_by(|| mode(&other)).unwrap());
    assert_eq!(mode(&other), Some(MODE));
}

/// A device that this process is said to have open, and has not.
fn closed(root: &tempfile::TempDir) -> Opened {
    let process = std::process::id();
    let folder = root.path().join(format!("proc/{process}"));
    fs::create_dir_all(folder.join("fd")).unwrap();
    fs::write(folder.join("comm"), "driver\n").unwrap();
    symlink("anon_inode:[vfio-device]", folder.join("fd/9999")).unwrap();
    let found = Processes::at(root.path()).process(process).unwrap();
    Opened::Shared {
        file: fs::File::open("/dev/null").unwrap().into(),
        address: "0000:01:00.0".parse().unwrap(),
        process,
        of_process: found.devices[0].clone(),
    }
}

/// Says nothing.
struct Silent;

impl Watcher for Silent {
    fn phase(&mut self, _: usize, _: Setting) {}

    fn round(&mut self, _: usize, _: [Setting; 2], _: &[Pair]) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn a_device_that_its_process_closed_ends_the_experiment_and_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let (closed, device) = (closed(&root), emulated());
    assert_eq!(closed.is_perhaps_of(), Some(std::process::id()));
    assert_eq!(control(&closed), None, "it is no VFIO device");
    let mut experiment = Experiment {
        switch: Switch::Device(switch(&closed, &device)),
        instruments: Vec::new(),
        ends: Ends::new().unwrap(),
        settle: Duration::ZERO,
        period: Duration::from_millis(1),
    };
    // The first phase of the two that come is one with steering off.
    let off_first = |seed: &u64| Schedule::new(2, *seed).next().unwrap()[0] == Setting::Off;
    let seed = (0..1000).find(off_first).unwrap();
    let results = experiment.run(Schedule::new(2, seed), &mut Silent).unwrap();
    assert_eq!(results.rounds, 0);
    let end = results.end.unwrap();
    assert!(matches!(end, End::Closed(process) if process == std::process::id()), "{end:?}");
    assert_eq!(end.text(), format!("process {} closed the device", std::process::id()));
    experiment.switch.finish().unwrap();
    drop(experiment);
    assert_eq!(mode(&device), None, "nobody is there to turn it on for");
}
