//! The library once more, with a way to open devices of an emulated host: what the C tests run on.
//! It is never installed.
#![allow(unsafe_code)]

mod link;

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;

use link::Emulated;
use tph::{MemoryType, RequesterType, SteeringTag};
use tph_emu::{Caller, DirectTags, EmuDevice, Firmware, Host, Profile, SharedHost};
use vfiotph::Device;

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
    Ok(Device::new(Emulated::new(device), address.to_string()))
}
