//! Arguments as they should not be, and what must come of every call.

use std::ffi::{CStr, c_int};
use std::ptr::null;

use arbitrary::Unstructured;
use tph_abi::Errno;

use crate::targets::any;

/// The most elements that an array here has.
pub(super) const ROOM: usize = 6;
/// What the header names, whatever the function.
const ERRNOS: [i32; 14] = [
    Errno::EINTR.0,
    Errno::EIO.0,
    Errno::ENXIO.0,
    Errno::EBADF.0,
    Errno::ENOMEM.0,
    Errno::EACCES.0,
    Errno::EBUSY.0,
    Errno::ENODEV.0,
    Errno::EINVAL.0,
    Errno::ENOTTY.0,
    Errno::ENODATA.0,
    Errno::EOPNOTSUPP.0,
    // ENOENT of vfiotph_open() and ENOSPC of a table that is full.
    2,
    28,
];

/// The pointer; sometimes NULL, or one that is not aligned. Neither is followed.
pub(super) fn pointer<T>(input: &mut Unstructured<'_>, right: *const T) -> *const T {
    match any::<u8>(input) {
        0xff => null(),
        0xfe if align_of::<T>() > 1 => right.wrapping_byte_add(1),
        _ => right,
    }
}

/// As many elements as there can be here, or more than there can be anywhere.
pub(super) fn count(input: &mut Unstructured<'_>) -> usize {
    match any::<u8>(input) {
        0xff => usize::MAX,
        0xfe => usize::MAX / 2,
        few => usize::from(few) % (ROOM + 1),
    }
}

/// A value, or a negative errno that the header names, about which there is a text.
pub(super) fn check(answer: c_int) {
    if answer >= 0 {
        return;
    }
    // SAFETY: the library keeps both texts until the next call that fails.
    let text = unsafe { CStr::from_ptr(vfiotph::vfiotph_last_error()) };
    // SAFETY: as above.
    let advice = unsafe { CStr::from_ptr(vfiotph::vfiotph_last_advice()) };
    let text = text.to_str().expect("it is UTF-8");
    assert!(!text.is_empty() && advice.to_str().is_ok());
    let known = answer.checked_neg().is_some_and(|errno| ERRNOS.contains(&errno));
    assert!(known, "{answer}: {text}");
}
