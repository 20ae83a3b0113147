//! TPH of a device.

use std::ffi::c_int;
use std::mem::offset_of;

use super::answer::answer;
use super::pointer;
use crate::{Capability, Device, Entry, EntryState, Status, Tag};

/// How long the structures are that the first version of the library knew.
const CAPABILITY: usize = offset_of!(Capability, table_entries) + size_of::<u32>();
const STATUS: usize = offset_of!(Status, tag_bits) + size_of::<u32>();

/// What the device can do. Changes nothing.
///
/// -ENOTTY if the kernel does not serve TPH for it, -EOPNOTSUPP if it has none, -EINVAL for a size
/// that is too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_get_capability(
    device: *mut Device,
    capability: *mut Capability,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: a structure with its size, as said; three numbers of 4 bytes have no padding.
        unsafe { pointer::put_sized(capability, CAPABILITY, "capability", || device.capability()) }
    })
}

/// Which interface the kernel serves for the device, whether TPH is on, and how wide its tags are.
/// Works without the interface too: then it says so. Changes nothing.
///
/// -EIO if configuration space cannot be read, -EINVAL for a size that is too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_get_status(device: *mut Device, status: *mut Status) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: a structure with its size, as said; four numbers of 4 bytes have no padding.
        unsafe { pointer::put_sized(status, STATUS, "status", || device.status()) }
    })
}

/// Turns TPH on. The tags are as wide as the device and the root port above it allow.
///
/// @mode is one of VFIOTPH_MODE_*.
///
/// -EBUSY if it is on already, -EINVAL for a mode that the device does not have and below a root
/// port that takes no hints, -EOPNOTSUPP without TPH, and for device-specific mode without an ST
/// table unless the administrator allowed it; -ENOTTY, -ENODEV, -EIO.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_enable(device: *mut Device, mode: u32) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        unsafe { pointer::device(device) }?.enable(mode)
    })
}

/// Clears the entries that were set since vfiotph_enable() and turns TPH off. Off already is no
/// error. It is turned off even if the entries could not be cleared.
///
/// -EOPNOTSUPP without TPH, -ENOTTY, -ENODEV, -EIO.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_disable(device: *mut Device) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        unsafe { pointer::device(device) }?.disable()
    })
}

/// Sets entries of the ST table, all or none, in one call of the kernel. Of an index that is given
/// twice the later entry counts.
///
/// @entries are @count of them, at most VFIOTPH_MAX_ENTRIES; none is no call.
///
/// Nothing has changed after -EINVAL (TPH is off; a CPU does not exist, is offline, has no ACPI UID,
/// or this process may not run on it; a field holds what it cannot), -ENXIO (no such entry, or its MSI-X vector is
/// not set up), -ENODATA (the firmware names no such tag), -EOPNOTSUPP (there is no ST table),
/// -ENOTTY. After -EIO or -ENODEV, which also come when writing failed half-way, either nothing has
/// changed, or all entries of this call are 0, or TPH is off as not even that could be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_set_entries(
    device: *mut Device,
    entries: *const Entry,
    count: usize,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: as many entries as said.
        device.set_entries(unsafe { pointer::elements(entries, count, "entries") }?)
    })
}

/// Makes entries of the ST table 0, all or none.
///
/// @indices are @count of them, at most VFIOTPH_MAX_ENTRIES; none is no call.
///
/// As vfiotph_set_entries().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_clear_entries(
    device: *mut Device,
    indices: *const u16,
    count: usize,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: as many indices as said.
        device.clear_entries(unsafe { pointer::elements(indices, count, "indices") }?)
    })
}

/// What entries of the ST table were set for, and what became of their CPUs since: a CPU that goes
/// offline keeps its tag in the table until the entry is set anew. Also while TPH is off. Changes
/// nothing.
///
/// @entries are @count of them, any number; index says which one, the rest is filled in. After an
/// error none of them has changed.
///
/// -ENXIO for an index past the table, -EOPNOTSUPP if there is no ST table, -EINVAL from a kernel
/// that does not know the question; -ENOTTY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_get_entries(
    device: *mut Device,
    entries: *mut EntryState,
    count: usize,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: as many entries as said.
        device.entries(unsafe { pointer::elements_mut(entries, count, "entries") }?)
    })
}

/// The tags of CPUs, for a device whose own registers take them: without an ST table, in
/// device-specific mode, on a host whose administrator allows it.
///
/// @tags are @count of them, any number; cpu and memory say what is wanted, tag and bits are filled
/// in. After an error none of them has changed.
///
/// -EOPNOTSUPP if the device has an ST table, or the administrator does not allow it; -EINVAL if
/// TPH is not on in device-specific mode, a CPU does not exist, is offline, has no ACPI UID, or this
/// process may not run on it; -ENODATA, -ENODEV, -EIO, -ENOTTY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_get_tags(
    device: *mut Device,
    tags: *mut Tag,
    count: usize,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: as many tags as said.
        device.tags(unsafe { pointer::elements_mut(tags, count, "tags") }?)
    })
}
