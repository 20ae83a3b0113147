//! The emulated host answers about tags of dma-bufs as every server must.

use std::path::Path;

use tph::{Completer, ConfigOffset, DmaBufHint, DmaBufTags, ProcessingHint, Tag8};
use tph_abi::{DmaBufSet, Errno, FeatureNumber, FeatureTransport, Transport};
use tph_conformance::{DmaBufCase, Exporter, MemorySpace, any_dma_buf_cases, dma_buf_cases};
use tph_emu::{BarRange, Caller, EmuDevice, EmuFile, Host, OpenFile, Profile, Region, SharedHost};

struct Emulated {
    host: SharedHost,
    name: &'static str,
    device: Option<EmuDevice>,
    other: EmuDevice,
    files: Vec<EmuFile>,
}

fn open(host: &SharedHost, name: &str) -> EmuDevice {
    let function = host.lock().function_named(name).expect("it is there");
    EmuDevice::open(host, function, Caller::anywhere()).expect("it opens")
}

impl Emulated {
    fn new(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let profile = Profile::read(&folder.join("tests/profiles/accelerators.toml")).unwrap();
        let host = SharedHost::new(Host::new(&profile));
        let other = open(&host, if name == "wide" { "deaf" } else { "wide" });
        let device = Some(open(&host, name));
        Self { host, name, device, other, files: Vec::new() }
    }

    fn device(&self) -> &EmuDevice {
        self.device.as_ref().expect("open")
    }

    fn keep(&mut self, file: Result<EmuFile, Errno>) -> i32 {
        let file = file.expect("it can be had");
        let number = file.number();
        self.files.push(file);
        number
    }
}

const PAGE: [BarRange; 1] = [BarRange { offset: 0, length: 0x1000 }];

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device().clone().call(request)
    }
}

impl FeatureTransport for Emulated {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.device().clone().dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device().clone().feature(request)
    }
}

impl Exporter for Emulated {
    fn completer(&mut self) -> Completer {
        let function = self.device().function();
        let register = ConfigOffset::new(0x64).unwrap();
        Completer::from_device_capabilities_2(self.host.lock().config_dword(function, register))
    }

    fn export(&mut self) -> i32 {
        let file = self.device().export_dma_buf(Region::Bar(4), &PAGE);
        self.keep(file)
    }

    fn export_elsewhere(&mut self) -> i32 {
        let file = self.other.export_dma_buf(Region::Bar(4), &PAGE);
        self.keep(file)
    }

    fn host_buffer(&mut self) -> i32 {
        let file = EmuFile::open(&self.host, OpenFile::HostBuffer);
        self.keep(file)
    }

    fn other_file(&mut self) -> i32 {
        let file = EmuFile::open(&self.host, OpenFile::Other);
        self.keep(file)
    }

    fn close(&mut self, descriptor: i32) {
        self.files.retain(|file| file.number() != descriptor);
    }

    fn set_memory_space(&mut self, space: MemorySpace) {
        let command = if space == MemorySpace::On { [2, 0] } else { [0, 0] };
        self.device().region_write(Region::Config, 4, &command).expect("it is written");
    }

    fn reset(&mut self) {
        self.device().reset().expect("it is reset");
    }

    fn reopen(&mut self) {
        self.device = None;
        self.device = Some(open(&self.host, self.name));
    }
}

fn failures<S: Exporter>(
    cases: impl Iterator<Item = DmaBufCase>,
    open: impl Fn() -> S,
) -> Vec<String> {
    let fails = |case: DmaBufCase| {
        let why = (case.run)(&mut open()).err()?;
        Some(format!("{}: {why}", case.name))
    };
    cases.filter_map(fails).collect()
}

#[test]
fn the_emulated_host_passes_every_case() {
    let mut failed = failures(dma_buf_cases(), || Emulated::new("wide"));
    for name in ["narrow", "reserved", "deaf"] {
        let more = failures(any_dma_buf_cases(), || Emulated::new(name));
        failed.extend(more.into_iter().map(|why| format!("{name}: {why}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(dma_buf_cases().count() >= 16 && any_dma_buf_cases().count() >= 5);
}

/// A number other than 13 is honoured, and 13 is not known then.
#[test]
fn the_number_of_the_feature_is_a_setting() {
    let mut subject = Emulated::new("wide");
    let moved = FeatureNumber::new(700).unwrap();
    subject.host.lock().set_dma_buf_feature(moved);
    let buffer = subject.export();
    let tags = DmaBufTags::Apart { standard: Some(Tag8(1)), extended: None };
    let hint = DmaBufHint { tags, hint: ProcessingHint::Target };
    let set = DmaBufSet { descriptor: buffer, hint };
    let old = subject.feature(set.request(FeatureNumber::DEFAULT).bytes());
    assert_eq!((old, subject.dma_buf_tph()), (Err(Errno::ENOTTY), Ok(moved)));
    assert_eq!(subject.feature(set.request(moved).bytes()), Ok(()));
}

/// Forgets memory that is out of reach, as a server might that never looks at its device.
struct NeverRevoked(Emulated);

impl Transport for NeverRevoked {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let space = Region::Config;
        let mut command = [0; 2];
        self.0.device().region_read(space, 4, &mut command).expect("it is read");
        self.0.set_memory_space(MemorySpace::On);
        let outcome = self.0.call(request);
        self.0.device().region_write(space, 4, &command).expect("it is written");
        outcome
    }
}

impl FeatureTransport for NeverRevoked {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.0.dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.0.feature(request)
    }
}

impl Exporter for NeverRevoked {
    fn completer(&mut self) -> Completer {
        self.0.completer()
    }
    fn export(&mut self) -> i32 {
        self.0.export()
    }
    fn export_elsewhere(&mut self) -> i32 {
        self.0.export_elsewhere()
    }
    fn host_buffer(&mut self) -> i32 {
        self.0.host_buffer()
    }
    fn other_file(&mut self) -> i32 {
        self.0.other_file()
    }
    fn close(&mut self, descriptor: i32) {
        self.0.close(descriptor);
    }
    fn set_memory_space(&mut self, space: MemorySpace) {
        self.0.set_memory_space(space);
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn reopen(&mut self) {
        self.0.reopen();
    }
}

#[test]
fn a_server_that_does_not_look_at_its_device_is_found_out() {
    let failed = failures(dma_buf_cases(), || NeverRevoked(Emulated::new("wide")));
    let names: Vec<_> = failed.iter().map(|why| why.split(':').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "memory_out_of_reach_is_no_device_and_keeps_its_tag",
            "a_tag_can_be_set_while_the_memory_is_out_of_reach"
        ]
    );
}
