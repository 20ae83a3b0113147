//! What other modules and the administrator may know: of a device, whether open or not, and of the
//! tags of CPUs.

use core::ffi::c_int;

use tph::{CpuId, Requester, RequesterType, State, TphCapability};
use tph_abi::Errno;

use crate::entry::{Core, status};
use crate::host::{Device, KernelFunction};

/// `struct tph_info`: what the capability of a device says.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The modes it has, as in its register: bit 0 no ST, 1 interrupt vector, 2 device-specific.
    pub modes: u8,
    /// Where its ST table lies, as in its register: 0 nowhere, 1 in the capability, 2 in MSI-X.
    pub location: u8,
    /// How many entries that has.
    pub entries: u16,
}

/// `struct tph_status`: what TPH of a device is doing.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// 0 off, or one more than the mode's number in the control register.
    pub mode: u8,
    /// Bits of a tag, 0 while off.
    pub width: u8,
    /// Entries that hold a tag other than 0.
    pub in_use: u16,
}

/// What a device has, whoever uses it and whether or not the host has TPH switched off. Refused
/// without a capability, and for a malformed one as `ENABLE` is.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_info(device: &Device, info: &mut Info) -> c_int {
    status(read_info(&mut KernelFunction(device)).map(|found| *info = found))
}

/// What TPH of a device is doing; nothing without a user. Reads no register.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_status(core: &Core, found: &mut Status) {
    *found = core.requester().map(read_status).unwrap_or_default();
}

/// 1 if firmware names tags for the device, 0 if not.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_firmware(device: &Device) -> c_int {
    c_int::from(tph::firmware_gives_tags(&mut KernelFunction(device)).is_ok())
}

/// The tag of an online CPU for memory type 0 (volatile) or 1 (persistent), `width` 8 or 16 bits
/// wide. Whether anybody may use it is not asked.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_cpu_tag(
    device: &Device,
    cpu: u32,
    memory: u8,
    width: u8,
    tag: &mut u16,
) -> c_int {
    let requester = RequesterType::from_tag_bits(width);
    let (Some(memory), Some(requester)) = (tph_abi::memory_type(memory.into()), requester) else {
        return -Errno::EINVAL.0;
    };
    let found = tph::cpu_tag(&mut KernelFunction(device), CpuId(cpu), memory, requester);
    status(found.map(|found| *tag = found.entry_bits()).map_err(Errno::from))
}

fn read_info(function: &mut KernelFunction<'_>) -> Result<Info, Errno> {
    let capability = TphCapability::find(function)?.ok_or(tph::Error::NoCapability)?;
    let table = capability.table.map_err(tph::Error::Malformed)?;
    Ok(Info {
        modes: capability.register.modes().bits(),
        location: capability.register.table_location().bits(),
        entries: table.entries(),
    })
}

fn read_status(requester: &Requester) -> Status {
    let in_use = u16::try_from(requester.entries_in_use()).unwrap_or(u16::MAX);
    match requester.state() {
        State::Disabled => Status { mode: 0, width: 0, in_use },
        State::Enabled { mode, requester } => {
            Status { mode: 1 + mode.bits(), width: requester.tag_bits(), in_use }
        }
    }
}
