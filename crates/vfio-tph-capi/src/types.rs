//! The structures of the C interface. Fields of those that begin with `size` are only ever added at
//! the end.
#![expect(clippy::doc_markdown, reason = "these comments become the C header")]

use std::ffi::c_char;

/// What a device can do.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// In: sizeof(struct vfiotph_capability).
    pub size: u32,
    /// Out: the VFIOTPH_MODE_* bits of the modes that can be enabled.
    pub modes: u32,
    /// Out: entries of the ST table, 0 to 2048; 0 if there is none.
    pub table_entries: u32,
}

/// How things stand with a device.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// In: sizeof(struct vfiotph_status).
    pub size: u32,
    /// Out: what the kernel serves for this device, one of VFIOTPH_INTERFACE_*.
    pub interface: u32,
    /// Out: the mode that TPH is on in, one of VFIOTPH_MODE_*; 0 if TPH is off.
    pub mode: u32,
    /// Out: the width of the tags that the device sends, 8 or 16 bits; 0 if TPH is off. Tags of 8
    /// and of 16 bits are different namespaces.
    pub tag_bits: u32,
}

/// One entry of the ST table.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Whose tag the entry gets: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR for none.
    pub cpu: u32,
    /// Which entry, from 0.
    pub index: u16,
    /// Where the data lies, one of VFIOTPH_MEMORY_*.
    pub memory: u8,
    /// Must be 0.
    pub reserved: u8,
}

/// The tag of a CPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// In: the kernel's number of a CPU.
    pub cpu: u32,
    /// In: where the data lies, one of VFIOTPH_MEMORY_*.
    pub memory: u8,
    /// Out: the width of the tag, 8 or 16 bits.
    pub bits: u8,
    /// Out: the tag. 0 is a tag like others.
    pub tag: u16,
}

/// What an entry of the ST table is for now.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryState {
    /// Out: whose tag the entry was given: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR if the
    /// entry is not in use.
    pub cpu: u32,
    /// In: which entry, from 0.
    pub index: u16,
    /// Out: where the data lies, one of VFIOTPH_MEMORY_*; 0 if the entry is not in use.
    pub memory: u8,
    /// Out: VFIOTPH_ENTRY_* bits; 0 if the entry is not in use.
    pub state: u8,
}

/// A part of a BAR.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Where it starts, in bytes from the start of the BAR: whole pages.
    pub offset: u64,
    /// How long it is, in bytes: whole pages.
    pub length: u64,
}

/// The tags and the hint that a device gives its memory, for peers that write to it. Tags of 8 and of
/// 16 bits are different namespaces: who sends the ones never gets the other.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerTags {
    /// Which of the tags count, VFIOTPH_PEER_TAG_* bits; 0 for none.
    pub flags: u32,
    /// The tag for peers that send tags of 16 bits. 0 is a tag like others.
    pub tag16: u16,
    /// The tag for peers that send tags of 8 bits. 0 is a tag like others.
    pub tag8: u8,
    /// The hint that goes with either, one of VFIOTPH_HINT_*.
    pub hint: u8,
}

/// The tag and the hint for writes into a dma-buf.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DmaBufTag {
    /// The tag. 0 is a tag like others.
    pub tag: u16,
    /// The width of the tag, 8 or 16 bits.
    pub bits: u8,
    /// The hint, one of VFIOTPH_HINT_*.
    pub hint: u8,
}

/// A queue of a device, and the CPU that reads what the device writes for it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// In: its number, by which the driver knows it. No two have the same.
    pub number: u32,
    /// In: the kernel's number of the CPU that polls it, which is online.
    pub cpu: u32,
    /// In: the ST entry that the device ties it to (in interrupt-vector mode its MSI-X vector);
    /// VFIOTPH_ANY_ENTRY if any will do.
    pub tied_to: u16,
    /// In: where its buffers lie, one of VFIOTPH_MEMORY_*.
    pub memory: u8,
    /// Must be 0.
    pub reserved: u8,
}

/// What is to be planned.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest {
    /// In: sizeof(struct vfiotph_plan_request).
    pub size: u32,
    /// In: entries of the device's ST table, as vfiotph_get_capability() tells them; 0 to
    /// VFIOTPH_MAX_ENTRIES.
    pub table_entries: u32,
    /// In: the queues.
    pub queues: *const Queue,
    /// In: how many queues there are.
    pub count: usize,
    /// In: NULL for this machine; or a folder with a copy of another one's files (its /sys in sys).
    pub host: *const c_char,
}

/// A queue, and what a plan does for it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlannedQueue {
    /// Out: its number.
    pub number: u32,
    /// Out: whose tag its entry holds: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR without one.
    pub cpu: u32,
    /// Out: the ST entry that the driver should give it; VFIOTPH_ANY_ENTRY if it gets none.
    pub entry: u16,
    /// Out: where its data lands, one of VFIOTPH_LANDING_*.
    pub landing: u8,
    /// Out: with VFIOTPH_LANDING_SHARED, the level of the closest cache that both CPUs share; else 0.
    pub level: u8,
}
