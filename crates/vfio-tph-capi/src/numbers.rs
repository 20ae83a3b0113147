//! The numbers of the C interface. They are written out, because a header needs them so, and
//! compared with those of the rules and of the wire when this is compiled.
#![expect(clippy::doc_markdown, reason = "these comments become the C header")]

use tph::{BatchLen, MemoryType, StMode};

/// The version of this header, first number. While it is 0, a new second one may break with the old.
pub const VFIOTPH_VERSION_MAJOR: u32 = 0;
/// The version of this header, second number.
pub const VFIOTPH_VERSION_MINOR: u32 = 1;
/// The version of this header, third number.
pub const VFIOTPH_VERSION_PATCH: u32 = 0;

/// Interrupt-vector mode: the tag of a request is the ST entry of its interrupt vector.
pub const VFIOTPH_MODE_INTERRUPT_VECTOR: u32 = 1;
/// Device-specific mode: the device chooses the ST entry, or takes tags from registers of its own.
pub const VFIOTPH_MODE_DEVICE_SPECIFIC: u32 = 2;

/// The data lies in volatile memory.
pub const VFIOTPH_MEMORY_VOLATILE: u8 = 0;
/// The data lies in persistent memory.
pub const VFIOTPH_MEMORY_PERSISTENT: u8 = 1;

/// As the CPU of an entry: the entry becomes 0.
pub const VFIOTPH_CPU_CLEAR: u32 = 0xffff_ffff;
/// The most entries of one vfiotph_set_entries(): the largest ST table there can be.
pub const VFIOTPH_MAX_ENTRIES: u32 = 2048;

/// The kernel's driver does not serve TPH for this device.
pub const VFIOTPH_INTERFACE_NONE: u32 = 0;
/// The ioctl VFIO_DEVICE_PCI_TPH, as in "vfio/pci: Add PCIe TPH support" v3 to v8.
pub const VFIOTPH_INTERFACE_IOCTL: u32 = 1;

const _: () = assert!(VFIOTPH_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
const _: () = assert!(VFIOTPH_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
const _: () = assert!(VFIOTPH_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));
const _: () = assert!(VFIOTPH_MODE_INTERRUPT_VECTOR == tph_abi::MODE_IV);
const _: () = assert!(VFIOTPH_MODE_DEVICE_SPECIFIC == tph_abi::MODE_DS);
const _: () = assert!(VFIOTPH_MEMORY_VOLATILE as u32 == tph_abi::MEMORY_VOLATILE);
const _: () = assert!(VFIOTPH_MEMORY_PERSISTENT as u32 == tph_abi::MEMORY_PERSISTENT);
const _: () = assert!(VFIOTPH_CPU_CLEAR == tph_abi::CLEAR_CPU);
const _: () = assert!(VFIOTPH_MAX_ENTRIES == BatchLen::MAX);

/// The mode with this number.
pub(crate) fn mode(number: u32) -> Option<StMode> {
    match number {
        VFIOTPH_MODE_INTERRUPT_VECTOR => Some(StMode::InterruptVector),
        VFIOTPH_MODE_DEVICE_SPECIFIC => Some(StMode::DeviceSpecific),
        _ => None,
    }
}

/// The number of a mode; 0 for no-ST, which cannot be asked for.
pub(crate) fn mode_number(mode: StMode) -> u32 {
    match mode {
        StMode::NoSt => 0,
        StMode::InterruptVector => VFIOTPH_MODE_INTERRUPT_VECTOR,
        StMode::DeviceSpecific => VFIOTPH_MODE_DEVICE_SPECIFIC,
    }
}

/// The kind of memory with this number.
pub(crate) fn memory(number: u8) -> Option<MemoryType> {
    tph_abi::memory_type(number.into())
}

/// A part of the package's version.
const fn number(text: &str) -> u32 {
    let (text, mut at, mut value) = (text.as_bytes(), 0, 0);
    while at < text.len() {
        value = 10 * value + (text[at] - b'0') as u32;
        at += 1;
    }
    value
}
