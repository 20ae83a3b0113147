//! A device that exports dma-bufs, as the conformance cases see it.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use tph::Completer;
use tph_abi::{Errno, FeatureNumber, FeatureTransport, Transport};
use tph_conformance::{Exporter, MemorySpace};
use tph_lab_guest::raw::{self, Ioctl};
use tph_lab_guest::{Endpoint, Failure, send};
use vfio_tph::{DmaBuf, Error, Host, VfioFunction};

const CONFIG: u32 = 7;
const COMMAND: u64 = 4;
const MEMORY_SPACE: u8 = 2;
const PAGE: [(u64, u64); 1] = [(0, 0x1000)];

/// A page of the device's memory, or of its registers if it has no memory.
pub(crate) fn export(function: &VfioFunction) -> Result<DmaBuf, Error> {
    function.export_dma_buf(4, &PAGE).or_else(|_| function.export_dma_buf(0, &PAGE))
}

/// Turns Memory Space Enable on or off.
pub(crate) fn set_memory_space(function: &VfioFunction, space: MemorySpace) -> Result<(), Error> {
    let mut command = [0; 2];
    function.read_region(CONFIG, COMMAND, &mut command)?;
    command[0] &= !MEMORY_SPACE;
    command[0] |= if space == MemorySpace::On { MEMORY_SPACE } else { 0 };
    function.write_region(CONFIG, COMMAND, &command)
}

/// The device under test, and another one.
pub(super) struct Device {
    endpoint: Endpoint,
    function: Option<VfioFunction>,
    other: VfioFunction,
    files: Vec<OwnedFd>,
}

impl Device {
    pub(super) fn open(endpoint: &Endpoint) -> Result<Self, Failure> {
        let other = if endpoint.name == "accel" { "plain" } else { "accel" };
        let other = Endpoint::named(other).ok_or("no other device")?;
        Ok(Self {
            endpoint: endpoint.clone(),
            function: Some(VfioFunction::open(endpoint.address)?),
            other: VfioFunction::open(other.address)?,
            files: Vec::new(),
        })
    }

    fn function(&self) -> &VfioFunction {
        self.function.as_ref().expect("it is open between calls")
    }

    fn keep(&mut self, file: impl Into<OwnedFd>) -> i32 {
        let file = file.into();
        let number = file.as_raw_fd();
        self.files.push(file);
        number
    }
}

impl Transport for Device {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        send(self.function(), Ioctl::PciTph, request)
    }
}

impl FeatureTransport for Device {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Host::default().dma_buf_feature().ok_or(Errno::ENOTTY)
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let sent = request.to_vec();
        let outcome = send(self.function(), Ioctl::Feature, request);
        assert_eq!(request, sent, "setting answers nothing");
        outcome
    }
}

impl Exporter for Device {
    fn completer(&mut self) -> Completer {
        Completer::of(&mut self.function().config()).expect("configuration space can be read")
    }

    fn export(&mut self) -> i32 {
        let file = export(self.function()).expect("the device exports a page");
        self.keep(file)
    }

    fn export_elsewhere(&mut self) -> i32 {
        let file = export(&self.other).expect("the other device exports a page");
        self.keep(file)
    }

    fn host_buffer(&mut self) -> i32 {
        let file = raw::host_dma_buf().expect("this kernel has udmabuf");
        self.keep(file)
    }

    fn other_file(&mut self) -> i32 {
        let file = File::open("/dev/null").expect("it opens");
        self.keep(file)
    }

    fn close(&mut self, descriptor: i32) {
        self.files.retain(|file| file.as_raw_fd() != descriptor);
    }

    fn set_memory_space(&mut self, space: MemorySpace) {
        set_memory_space(self.function(), space).expect("Command can be written");
    }

    fn reset(&mut self) {
        self.function().reset().expect("the device can be reset");
    }

    fn reopen(&mut self) {
        self.function = None;
        self.function = Some(VfioFunction::open(self.endpoint.address).expect("it opens again"));
    }
}
