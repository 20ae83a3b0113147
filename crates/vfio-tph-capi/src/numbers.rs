//! The numbers of the C interface. They are written out, because a header needs them so, and
//! compared with those of the rules and of the wire when this is compiled.
#![expect(clippy::doc_markdown, reason = "these comments become the C header")]

use tph::{BatchLen, CpuStanding, MemoryType, ProcessingHint, RequesterType, StMode};

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

/// The entry was given a tag, and nothing has taken it away.
pub const VFIOTPH_ENTRY_IN_USE: u8 = 1;
/// Its CPU is offline or no longer there: the tag stays, and nobody uses the cache.
pub const VFIOTPH_ENTRY_CPU_OFFLINE: u8 = 2;
/// Its CPU is online, and this process may not run on it now.
pub const VFIOTPH_ENTRY_CPU_NOT_PERMITTED: u8 = 4;

/// In the flags of tags for peers: tag8 counts.
pub const VFIOTPH_PEER_TAG_8: u32 = 1;
/// In the flags of tags for peers: tag16 counts.
pub const VFIOTPH_PEER_TAG_16: u32 = 2;

/// Host and device both read and write the data.
pub const VFIOTPH_HINT_BIDIRECTIONAL: u8 = 0;
/// Mostly the device that sends the request reads and writes it.
pub const VFIOTPH_HINT_REQUESTER: u8 = 1;
/// Mostly the receiver reads and writes it.
pub const VFIOTPH_HINT_TARGET: u8 = 2;
/// As VFIOTPH_HINT_TARGET, and it will be used again soon.
pub const VFIOTPH_HINT_TARGET_WITH_PRIORITY: u8 = 3;

/// As the entry of a queue: any will do; none was left.
pub const VFIOTPH_ANY_ENTRY: u16 = 0xffff;
/// The queue's entry holds the tag of its very CPU.
pub const VFIOTPH_LANDING_OWN: u8 = 0;
/// The queue's entry holds the tag of another CPU, with which its CPU shares a cache.
pub const VFIOTPH_LANDING_SHARED: u8 = 1;
/// The queue is tied to an entry that holds the tag of a CPU with which its CPU shares no cache.
pub const VFIOTPH_LANDING_ELSEWHERE: u8 = 2;
/// No entry is left for the caches of the queue's CPU: its data goes to memory.
pub const VFIOTPH_LANDING_NOT_STEERED: u8 = 3;

const _: () = assert!(VFIOTPH_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
const _: () = assert!(VFIOTPH_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
const _: () = assert!(VFIOTPH_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));
const _: () = assert!(VFIOTPH_MODE_INTERRUPT_VECTOR == tph_abi::MODE_IV);
const _: () = assert!(VFIOTPH_MODE_DEVICE_SPECIFIC == tph_abi::MODE_DS);
const _: () = assert!(VFIOTPH_MEMORY_VOLATILE as u32 == tph_abi::MEMORY_VOLATILE);
const _: () = assert!(VFIOTPH_MEMORY_PERSISTENT as u32 == tph_abi::MEMORY_PERSISTENT);
const _: () = assert!(VFIOTPH_CPU_CLEAR == tph_abi::CLEAR_CPU);
const _: () = assert!(VFIOTPH_ENTRY_IN_USE as u32 == tph_abi::ENTRY_IN_USE);
const _: () = assert!(VFIOTPH_ENTRY_CPU_OFFLINE as u32 == tph_abi::ENTRY_CPU_OFFLINE);
const _: () = assert!(VFIOTPH_ENTRY_CPU_NOT_PERMITTED as u32 == tph_abi::ENTRY_CPU_NOT_PERMITTED);
const _: () = assert!(VFIOTPH_MAX_ENTRIES == BatchLen::MAX);
const _: () = assert!(VFIOTPH_ANY_ENTRY as u32 >= BatchLen::MAX, "it is no entry");
const _: () = assert!(VFIOTPH_HINT_BIDIRECTIONAL == ProcessingHint::Bidirectional.bits());
const _: () = assert!(VFIOTPH_HINT_REQUESTER == ProcessingHint::Requester.bits());
const _: () = assert!(VFIOTPH_HINT_TARGET == ProcessingHint::Target.bits());
const _: () =
    assert!(VFIOTPH_HINT_TARGET_WITH_PRIORITY == ProcessingHint::TargetWithPriority.bits());

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

/// The number of a kind of memory.
pub(crate) fn memory_number(memory: MemoryType) -> u8 {
    match memory {
        MemoryType::Volatile => VFIOTPH_MEMORY_VOLATILE,
        MemoryType::Persistent => VFIOTPH_MEMORY_PERSISTENT,
    }
}

/// The bits of an entry that is in use.
pub(crate) fn state(standing: CpuStanding) -> u8 {
    VFIOTPH_ENTRY_IN_USE
        | match standing {
            CpuStanding::Reachable => 0,
            CpuStanding::Offline => VFIOTPH_ENTRY_CPU_OFFLINE,
            CpuStanding::NotPermitted => VFIOTPH_ENTRY_CPU_NOT_PERMITTED,
        }
}

/// Who sends tags of this width.
pub(crate) fn requester(bits: u32) -> Option<RequesterType> {
    let all = [RequesterType::Tph, RequesterType::ExtendedTph];
    all.into_iter().find(|requester| u32::from(requester.tag_bits()) == bits)
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
