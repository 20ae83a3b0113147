//! Calls that take structures with a size, and arrays.

use arbitrary::Unstructured;
use vfiotph::{Capability, Device, Entry, EntryState, Status, Tag};

use super::argument::{ROOM, check, count, pointer};
use crate::targets::{any, below};

/// Structures that begin with their size.
pub(super) fn sized(device: *mut Device, input: &mut Unstructured<'_>) {
    // Longer than either structure: it may be said to be longer too.
    let mut room = [0x5555_5555_u32; 16];
    let size = [12, 16, 64, 8, below(input, 65), any(input)][below(input, 6) as usize];
    // A size that is more than there is cannot be told from one that is right.
    room[0] = if size > 64 && size <= 4096 { 64 } else { size };
    let size = room[0];
    let first = pointer(input, room.as_mut_ptr()).cast_mut();
    // SAFETY: a device or NULL; NULL, not aligned, or `room`, which is as long as it says.
    let answer = unsafe {
        if any(input) {
            vfiotph::vfiotph_get_capability(device, first.cast::<Capability>())
        } else {
            vfiotph::vfiotph_get_status(device, first.cast::<Status>())
        }
    };
    check(answer);
    let said = (size as usize).div_ceil(4).clamp(1, room.len());
    assert!(room[said..].iter().all(|word| *word == 0x5555_5555), "written past its size");
    assert_eq!(room[0], size);
}

pub(super) fn arrays(device: *mut Device, input: &mut Unstructured<'_>) {
    let entries: [Entry; ROOM] = std::array::from_fn(|_| Entry {
        cpu: [below(input, 18), u32::MAX][usize::from(any::<u8>(input) < 0x40)],
        index: u16::from(any::<u8>(input)) % 66,
        memory: below(input, 3) as u8 % 2 + any::<u8>(input) / 0xff,
        reserved: any::<u8>(input) / 0xff,
    });
    let mut states =
        entries.map(|entry| EntryState { index: entry.index, ..EntryState::default() });
    let mut tags =
        entries.map(|entry| Tag { cpu: entry.cpu, memory: entry.memory, ..Tag::default() });
    let count = count(input);
    // SAFETY: a device or NULL; NULL, not aligned, or as many elements as `count` says.
    let answer = unsafe {
        match below(input, 4) {
            0 | 1 => {
                let first = pointer(input, entries.as_ptr());
                vfiotph::vfiotph_set_entries(device, first, count)
            }
            2 => {
                let first = pointer(input, states.as_mut_ptr()).cast_mut();
                vfiotph::vfiotph_get_entries(device, first, count)
            }
            _ => {
                let first = pointer(input, tags.as_mut_ptr()).cast_mut();
                vfiotph::vfiotph_get_tags(device, first, count)
            }
        }
    };
    check(answer);
}

pub(super) fn clear(device: *mut Device, input: &mut Unstructured<'_>) {
    let indices: [u16; ROOM] = any(input);
    let (first, count) = (pointer(input, indices.as_ptr()), count(input));
    // SAFETY: a device or NULL; NULL, not aligned, or as many elements as `count` says.
    check(unsafe { vfiotph::vfiotph_clear_entries(device, first, count) });
}
