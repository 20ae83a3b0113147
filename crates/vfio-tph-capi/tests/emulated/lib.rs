//! The library once more, with a way to open devices of an emulated host: what the C tests run on.
//! It is never installed.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;

use tph::{AccessError, ConfigOffset, ConfigSpace, MemoryType, RequesterType, SteeringTag};
use tph_emu::{
    BarRange, Caller, DirectTags, EmuDevice, EmuFile, Firmware, Host, Profile, Region, SharedHost,
};
use vfio_tph::{Descriptor, Errno, FeatureNumber, FeatureTransport, Transport};
use vfiotph::{Device, Link};

struct Emulated {
    device: EmuDevice,
    /// Open until the device is closed: C has numbers and no way to close them.
    exported: Vec<EmuFile>,
}

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device.call(request)
    }
}

impl ConfigSpace for Emulated {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        let read = self.device.config_read(offset.get().into(), &mut bytes);
        read.map(|()| u32::from_le_bytes(bytes)).map_err(|_| AccessError::Failed)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let written =
            self.device.region_write(Region::Config, offset.get().into(), &value.to_le_bytes());
        written.map_err(|_| AccessError::Failed)
    }
}

impl FeatureTransport for Emulated {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.device.dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device.feature(request)
    }
}

impl Link for Emulated {
    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        let region = Region::from_index(bar).ok_or(Errno::ENODEV)?;
        let ranges: Vec<_> =
            ranges.iter().map(|&(offset, length)| BarRange { offset, length }).collect();
        let file = self.device.export_dma_buf(region, &ranges)?;
        let number = file.number();
        self.exported.push(file);
        Ok(Descriptor(number))
    }
}

/// Opens the function of this name, by default the first, of the host that the file `profile`
/// describes, on which drivers may handle tags themselves if `direct_tags` is not 0. Prints why if it
/// cannot; -1 then.
///
/// # Safety
/// `profile` is a string, `function` too or NULL, `device` leads to room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_emulated_open(
    profile: *const c_char,
    function: *const c_char,
    direct_tags: c_int,
    device: *mut *mut Device,
) -> c_int {
    // SAFETY: a string, as said.
    let profile = unsafe { CStr::from_ptr(profile) }.to_string_lossy().into_owned();
    // SAFETY: it is not NULL, so it is a string, as said.
    let function = (!function.is_null()).then(|| unsafe { CStr::from_ptr(function) });
    let function = function.map(CStr::to_string_lossy);
    match open(Path::new(&profile), function.as_deref(), direct_tags != 0) {
        Ok(opened) => {
            // SAFETY: room for a pointer, as said. `vfiotph_close` takes the box back.
            unsafe { device.write(Box::into_raw(Box::new(opened))) };
            0
        }
        Err(error) => {
            eprintln!("{profile}: {error}");
            -1
        }
    }
}

/// The tag that the firmware of the host in the file `profile` names for a CPU, for 8-bit or 16-bit
/// tags; -1 if there is none.
///
/// # Safety
/// `profile` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_emulated_tag(
    profile: *const c_char,
    cpu: u32,
    persistent: c_int,
    bits: c_int,
) -> c_int {
    // SAFETY: a string, as said.
    let profile = unsafe { CStr::from_ptr(profile) }.to_string_lossy().into_owned();
    let memory = if persistent == 0 { MemoryType::Volatile } else { MemoryType::Persistent };
    let requester = if bits == 8 { RequesterType::Tph } else { RequesterType::ExtendedTph };
    let tag = tag(Path::new(&profile), cpu, memory, requester);
    tag.map_or(-1, |tag| tag.entry_bits().into())
}

fn tag(
    profile: &Path,
    cpu: u32,
    memory: MemoryType,
    requester: RequesterType,
) -> Option<SteeringTag> {
    let profile = Profile::read(profile).ok()?;
    let uid = profile.cpus.iter().find(|known| known.id == cpu)?.uid;
    let firmware = Firmware::of(&profile)?;
    let (_, word) = firmware.words().find(|(known, _)| known.0 == uid)?;
    word.tag(memory, requester)
}

fn open(
    profile: &Path,
    name: Option<&str>,
    direct_tags: bool,
) -> Result<Device, Box<dyn std::error::Error>> {
    let mut host = Host::new(&Profile::read(profile)?);
    if direct_tags {
        host.set_direct_tags(DirectTags::Allowed);
    }
    let id = match name {
        Some(name) => host.function_named(name),
        None => host.functions().map(|(id, _)| id).next(),
    };
    let id = id.ok_or("the host has no such function")?;
    let address = host.endpoint(id).bdf();
    let device = EmuDevice::open(&SharedHost::new(host), id, Caller::anywhere())?;
    let device = Emulated { device, exported: Vec::new() };
    Ok(Device::new(device, address.to_string()))
}
