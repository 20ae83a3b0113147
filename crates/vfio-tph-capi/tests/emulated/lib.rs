//! The library once more, with a way to open devices of an emulated host: what the C tests run on.
//! It is never installed.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;

use tph::{AccessError, ConfigOffset, ConfigSpace, MemoryType, RequesterType, SteeringTag};
use tph_emu::device::Region;
use tph_emu::{Caller, DirectTags, EmuDevice, Firmware, Host, Profile, SharedHost};
use vfio_tph::{Errno, Transport};
use vfiotph::{Device, Link};

struct Emulated(EmuDevice);

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.0.call(request)
    }
}

impl ConfigSpace for Emulated {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        let read = self.0.config_read(offset.get().into(), &mut bytes);
        read.map(|()| u32::from_le_bytes(bytes)).map_err(|_| AccessError::Failed)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let written =
            self.0.region_write(Region::Config, offset.get().into(), &value.to_le_bytes());
        written.map_err(|_| AccessError::Failed)
    }
}

impl Link for Emulated {}

/// Opens the first function of the host that the file `profile` describes, on which drivers may
/// handle tags themselves if `direct_tags` is not 0. Prints why if it cannot; -1 then.
///
/// # Safety
/// `profile` is a string, `device` leads to room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_emulated_open(
    profile: *const c_char,
    direct_tags: c_int,
    device: *mut *mut Device,
) -> c_int {
    // SAFETY: a string, as said.
    let profile = unsafe { CStr::from_ptr(profile) }.to_string_lossy().into_owned();
    match open(Path::new(&profile), direct_tags != 0) {
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

fn open(profile: &Path, direct_tags: bool) -> Result<Device, Box<dyn std::error::Error>> {
    let mut host = Host::new(&Profile::read(profile)?);
    if direct_tags {
        host.set_direct_tags(DirectTags::Allowed);
    }
    let first = host.functions().map(|(id, endpoint)| (id, endpoint.bdf())).next();
    let (id, address) = first.ok_or("the host has no function")?;
    let device = EmuDevice::open(&SharedHost::new(host), id, Caller::anywhere())?;
    Ok(Device::new(Emulated(device), address.to_string()))
}
