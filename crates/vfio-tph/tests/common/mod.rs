//! What tests of the library from outside share: devices of emulated hosts.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tph_emu::{Caller, DirectTags, EmuDevice, Host, Profile, SharedHost};
use vfio_tph::{CpuId, Errno, MemoryType, StIndex, TagSource, Transport};

/// The first function of the emulated host that one of `tph-emu`'s test profiles describes.
pub(crate) fn open(profile: &str) -> EmuDevice {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tph-emu/tests/profiles");
    open_of(&Profile::read(&folder.join(format!("{profile}.toml"))).unwrap())
}

pub(crate) fn open_of(profile: &Profile) -> EmuDevice {
    let mut host = Host::new(profile);
    host.set_direct_tags(DirectTags::Allowed);
    let (function, _) = host.functions().next().unwrap();
    EmuDevice::open(&SharedHost::new(host), function, Caller::anywhere()).unwrap()
}

/// Sets up these vectors.
pub(crate) fn connect(device: &EmuDevice, vectors: impl IntoIterator<Item = u16>) {
    for vector in vectors {
        let line = Box::new(Arc::new(AtomicU64::new(0)));
        device.set_interrupt(StIndex(vector), Some(line)).unwrap();
    }
}

pub(crate) fn cpu(cpu: u32) -> TagSource {
    TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile }
}

/// Passes requests on, counts them, and fails one of them.
pub(crate) struct Counted {
    pub(crate) device: EmuDevice,
    pub(crate) calls: usize,
    /// The number of the call that fails, from 0, and how.
    pub(crate) fails: Option<(usize, Errno)>,
}

impl Transport for Counted {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let number = self.calls;
        self.calls += 1;
        match self.fails {
            Some((at, errno)) if at == number => Err(errno),
            _ => (&self.device).call(request),
        }
    }
}

impl Counted {
    pub(crate) fn new(device: EmuDevice) -> Self {
        Self { device, calls: 0, fails: None }
    }
}
