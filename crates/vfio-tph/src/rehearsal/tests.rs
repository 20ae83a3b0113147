use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tph::{AccessError, AcpiUid, ConfigSpace, CpuPresence, DsmCall, FirmwareError};
use tph_abi::Errno;
use tph_emu::{Caller, EmuDevice, Host as EmuHost, HostView, Profile, SharedHost};
use tph_lab_hosts::known;

use super::*;
use crate::{Error, Host, TphDevice, Transport};

const MODE: StMode = StMode::DeviceSpecific;

fn batch(pairs: &[(u16, u32)]) -> Vec<(StIndex, TagSource)> {
    let source = |cpu| TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
    pairs.iter().map(|&(index, cpu)| (StIndex(index), source(cpu))).collect()
}

/// A function that does what it is told, and says so.
struct Watched<'a> {
    hardware: HostView<'a>,
    written: &'a RefCell<Vec<(stage::Target, u32)>>,
}

impl ConfigSpace for Watched<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.hardware.read_config(offset)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.written.borrow_mut().push((stage::Target::Config(offset), value));
        self.hardware.write_config(offset, value)
    }
}

impl Function for Watched<'_> {
    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        self.written.borrow_mut().push((stage::Target::Vector(vector), u32::from(bits)));
        self.hardware.write_msix_tag(vector, bits)
    }
    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool {
        self.hardware.msix_vector_allocated(vector)
    }
    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        self.hardware.root_port_device_capabilities_2()
    }
    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        self.hardware.evaluate_dsm(call, answer)
    }
    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        self.hardware.acpi_uid(cpu)
    }
    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        self.hardware.cpu_presence(cpu)
    }
    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        self.hardware.caller_may_run_on(cpu)
    }
    fn caller_may_place_threads(&mut self) -> bool {
        self.hardware.caller_may_place_threads()
    }
    fn direct_tags_allowed(&self) -> bool {
        self.hardware.direct_tags_allowed()
    }
}

/// A device whose every write is seen.
struct Device<'a> {
    opened: EmuDevice,
    requester: Requester,
    written: &'a RefCell<Vec<(stage::Target, u32)>>,
}

impl Transport for Device<'_> {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let mut host = self.opened.host().lock();
        let caller = Caller::anywhere();
        let hardware = host.view(self.opened.function(), &caller);
        let mut function = Watched { hardware, written: self.written };
        tph_abi::dispatch(request, &mut self.requester, &mut function).map(drop)
    }
}

/// What opening, enabling and programming really writes.
fn really_written(
    profile: &Profile,
    entries: &[(StIndex, TagSource)],
) -> Vec<(stage::Target, u32)> {
    let written = RefCell::new(Vec::new());
    let shared = SharedHost::new(EmuHost::new(profile));
    let (id, _) = shared.lock().functions().next().unwrap();
    let opened = EmuDevice::open(&shared, id, Caller::anywhere()).unwrap();
    let requester = {
        let mut host = shared.lock();
        let caller = Caller::anywhere();
        let mut function = Watched { hardware: host.view(id, &caller), written: &written };
        let mut requester = Requester::probe(&mut function).unwrap();
        requester.open(&mut function).unwrap();
        requester
    };
    for (vector, _) in entries {
        let _ = opened.set_interrupt(*vector, Some(Box::new(Arc::new(AtomicU64::new(0)))));
    }
    let device = TphDevice::new(Device { opened, requester, written: &written }, "dev");
    let mut on = device.into_enabled(MODE).unwrap();
    on.program(entries).unwrap();
    let count = written.borrow().len();
    drop(on); // Which turns it off again.
    let mut written = written.into_inner();
    written.truncate(count);
    written
}

fn rehearsed(
    profile: &Profile,
    entries: &[(StIndex, TagSource)],
) -> Result<Vec<Change>, tph::Error> {
    let mut host = EmuHost::new(profile);
    let (id, _) = host.functions().next().unwrap();
    rehearse(&mut host.view(id, &Caller::anywhere()), MODE, entries)
}

fn place(change: &Change) -> stage::Target {
    match change.register {
        Register::Vector { vector } => stage::Target::Vector(vector),
        Register::Control { offset }
        | Register::Entries { offset, .. }
        | Register::Other { offset } => stage::Target::Config(offset),
    }
}

fn profile(name: &str) -> Profile {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tph-emu/tests/profiles");
    Profile::read(format!("{folder}/{name}.toml").as_ref()).unwrap()
}

#[test]
fn what_is_rehearsed_is_what_is_written() {
    for profile in [Profile::demo(), profile("msix-table"), profile("narrow")] {
        for pairs in [&[][..], &[(0, 3)], &[(5, 3), (0, 1), (1, 1), (4, 0)]] {
            let entries = batch(pairs);
            let changes = rehearsed(&profile, &entries).unwrap();
            let rehearsed: Vec<_> =
                changes.iter().map(|change| (place(change), change.new)).collect();
            assert_eq!(rehearsed, really_written(&profile, &entries), "{} {pairs:?}", profile.name);
            let tags: usize = changes.iter().map(|change| change.tags.len()).sum();
            assert_eq!(tags, pairs.len(), "{}", profile.name);
        }
    }
}

#[test]
fn old_values_are_those_that_were_written_last() {
    let changes = rehearsed(&Profile::demo(), &batch(&[(0, 3), (1, 9)])).unwrap();
    let mut held = BTreeMap::new();
    for change in &changes {
        assert_eq!(change.old, held.insert(place(change), change.new).unwrap_or(0));
    }
}

#[test]
fn tags_that_only_the_firmware_knows_are_left_open() {
    let tree = known::demo();
    let host = Host::saved(tree.path());
    let entries = batch(&[(0, 3), (1, 9), (2, 4)]);
    let changes = host.rehearse("1:0.0".parse().unwrap(), MODE, &entries).unwrap();
    let known = rehearsed(&Profile::demo(), &entries).unwrap();
    let places = |changes: &[Change]| changes.iter().map(place).collect::<Vec<_>>();
    assert_eq!(places(&changes), places(&known));
    let tags: Vec<_> = changes.iter().flat_map(|change| &change.tags).collect();
    assert!(tags.iter().all(|tag| tag.bits.is_none()), "{tags:?}");
    let cpus: Vec<_> = tags.iter().map(|tag| (tag.index.0, tag.cpu.0)).collect();
    assert_eq!(cpus, [(0, 3), (1, 9), (2, 4)]);
    assert!(changes.iter().filter(|change| !change.tags.is_empty()).all(|it| it.new == 0));
}

#[test]
fn what_would_be_refused_is_refused() {
    let on = |tree: tph_lab_hosts::Tree, device: &str, pairs: &[(u16, u32)]| {
        let host = Host::saved(tree.path());
        let error = host.rehearse(device.parse().unwrap(), MODE, &batch(pairs)).unwrap_err();
        let advice = error.advice().map(|advice| advice.to_string());
        (error.to_string(), error.is_not_supported(), advice.unwrap_or_default())
    };
    let explain = |device: &str| format!("See why, and what to do: tph explain {device}.");
    let show = "See what the device and the root port above it can do: tph show 0000:01:00.0.";
    assert_eq!(
        on(known::laptop(), "1:0.0", &[(0, 0)]),
        (
            "0000:01:00.0: the device has no TPH Requester capability".into(),
            true,
            explain("0000:01:00.0")
        )
    );
    assert_eq!(
        on(known::demo(), "1:0.0", &[(64, 0)]),
        (
            "0000:01:00.0: entry 0: index 64 is outside of the ST table of 64 entries".into(),
            false,
            show.into()
        )
    );
    let (said, _, _) = on(known::demo(), "1:0.0", &[(0, 16)]);
    assert_eq!(said, "0000:01:00.0: entry 0: there is no CPU 16");
    let many: Vec<_> = (0..2049).map(|index| (index, 0)).collect();
    let (said, _, _) = on(known::demo(), "1:0.0", &many);
    assert!(said.ends_with("outside of the ST table of 64 entries"), "{said}");
    let (said, not_supported, _) = on(known::malformed(), "1:0.0", &[(0, 0)]);
    assert!(!not_supported && said.contains("malformed"), "{said}: EINVAL, as for ENABLE");
    let (said, ..) = on(known::nic_without_table(), "c1:0.0", &[]);
    assert!(said.contains("without an ST table is not allowed"), "{said}");
}

#[test]
fn configuration_space_that_cannot_be_read_is_no_missing_capability() {
    let tree = known::demo();
    let path = tree.at("/sys/bus/pci/devices/0000:01:00.0/config");
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..64]).unwrap();
    let error = Host::saved(tree.path()).rehearse("1:0.0".parse().unwrap(), MODE, &[]).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}
