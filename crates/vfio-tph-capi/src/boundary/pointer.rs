//! From pointers of C to references, checked as far as that is possible.

use std::ffi::{CStr, OsStr, c_char};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::{Device, Failure};

/// No structure of this interface will ever be longer; a larger `size` was never set.
const MOST: usize = 4096;
/// Where what follows `size` starts.
const SIZE: usize = size_of::<u32>();

fn check<T>(pointer: *const T, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("{what} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument(format!("{what} is not aligned as its type")));
    }
    Ok(())
}

/// The device behind a handle.
pub(super) unsafe fn device<'a>(device: *const Device) -> Result<&'a Device, Failure> {
    // SAFETY: it is NULL, or `put_new` made it and it has not been closed.
    unsafe { object(device, "device") }
}

/// What a pointer leads to: one of C's structures, or what `put_new` made and `take` has not taken.
pub(super) unsafe fn object<'a, T>(object: *const T, what: &str) -> Result<&'a T, Failure> {
    check(object, what)?;
    // SAFETY: it is not NULL, so it leads to a valid one, which nobody changes meanwhile.
    Ok(unsafe { &*object })
}

/// One of C's structures, to fill in.
pub(super) unsafe fn object_mut<'a, T>(object: *mut T, what: &str) -> Result<&'a mut T, Failure> {
    check(object, what)?;
    // SAFETY: it is not NULL, so it leads to a valid one, which nobody else uses meanwhile.
    Ok(unsafe { &mut *object })
}

/// Puts something new where the caller wants it; NULL if there is none.
pub(super) unsafe fn put_new<T>(
    place: *mut *mut T,
    what: &str,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
    check(place, what)?;
    // SAFETY: it leads to room for a pointer.
    unsafe { place.write(std::ptr::null_mut()) };
    let new = Box::into_raw(Box::new(make()?));
    // SAFETY: as above.
    unsafe { place.write(new) };
    Ok(())
}

/// Takes back what `put_new` gave away.
pub(super) unsafe fn take<T>(given: *mut T) -> Option<Box<T>> {
    // SAFETY: it is not NULL, so it came from a box, and it has not been taken back.
    (!given.is_null()).then(|| unsafe { Box::from_raw(given) })
}

/// A text; `None` for NULL.
pub(super) unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: as said here.
    let text = unsafe { string(text) }?;
    Some(text.to_string_lossy().into_owned())
}

/// A path, whose bytes may be no text; `None` for NULL.
pub(super) unsafe fn path<'a>(path: *const c_char) -> Option<&'a Path> {
    // SAFETY: as said here.
    let path = unsafe { string(path) }?;
    Some(Path::new(OsStr::from_bytes(path.to_bytes())))
}

unsafe fn string<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: it is not NULL, so it leads to a string that ends with a zero.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// `count` elements to read. Without any the pointer does not count.
pub(super) unsafe fn elements<'a, T>(
    first: *const T,
    count: usize,
    what: &str,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    check_elements(first, count, what)?;
    // SAFETY: it leads to `count` elements, which do not exceed the address space.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

/// `count` elements to read and write. Without any the pointer does not count.
pub(super) unsafe fn elements_mut<'a, T>(
    first: *mut T,
    count: usize,
    what: &str,
) -> Result<&'a mut [T], Failure> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_elements(first, count, what)?;
    // SAFETY: it leads to `count` elements, which do not exceed the address space and which nobody
    // else uses meanwhile.
    Ok(unsafe { std::slice::from_raw_parts_mut(first, count) })
}

fn check_elements<T>(first: *const T, count: usize, what: &str) -> Result<(), Failure> {
    check(first, what)?;
    let bytes = count.checked_mul(size_of::<T>());
    if bytes.and_then(|bytes| isize::try_from(bytes).ok()).is_none() {
        return Err(Failure::argument(format!("{count} {what} do not fit in memory")));
    }
    Ok(())
}

/// A structure that begins with its size, of which the caller knows at least the first `least`
/// bytes: as long as it was in the first version of the library.
///
/// `value` gets into as much of it as the caller has, and what the caller has beyond is made 0.
/// `T` has no padding.
pub(super) unsafe fn put_sized<T: Copy>(
    place: *mut T,
    least: usize,
    what: &str,
    value: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
    // SAFETY: it leads to a structure that begins with its size, as said.
    let size = unsafe { size_of_structure(place, least, what) }?;
    let bytes = place.cast::<u8>();
    let value = value()?;
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's structure has `size` bytes, `value` has `size_of::<T>()`, all of them
    // initialised, and the two do not overlap; `least` is more than SIZE.
    unsafe {
        let from = std::ptr::from_ref(&value).cast::<u8>();
        bytes.add(SIZE).copy_from_nonoverlapping(from.add(SIZE), known - SIZE);
        bytes.add(known).write_bytes(0, size - known);
    }
    Ok(())
}

/// A structure to read that begins with its size, of which the caller knows at least the first
/// `least` bytes. What the caller does not know is 0 in it; what only the caller knows has to be 0.
///
/// `T` may be all zeros, and has no padding.
pub(super) unsafe fn get_sized<T: Copy>(
    place: *const T,
    least: usize,
    what: &str,
) -> Result<T, Failure> {
    // SAFETY: it leads to a structure that begins with its size, as said.
    let size = unsafe { size_of_structure(place, least, what) }?;
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller's structure has `size` bytes, all of them initialised, `value` has room for
    // `known`, and the two do not overlap.
    let beyond = unsafe {
        let bytes = place.cast::<u8>();
        value.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes, known);
        std::slice::from_raw_parts(bytes.add(known), size - known)
    };
    if beyond.iter().any(|byte| *byte != 0) {
        let text = format!("{what} asks for what this library does not know yet");
        return Err(Failure::argument(text).with_advice("Install a newer libvfiotph."));
    }
    // SAFETY: it was all zeros, which `T` may be, and the caller's bytes are those of a `T`.
    Ok(unsafe { value.assume_init() })
}

/// What its first field says, which is possible.
unsafe fn size_of_structure<T>(
    place: *const T,
    least: usize,
    what: &str,
) -> Result<usize, Failure> {
    check(place, what)?;
    // SAFETY: it leads to a structure that begins with its size and is aligned.
    let size = unsafe { place.cast::<u32>().read() } as usize;
    if (least..=MOST).contains(&size) {
        return Ok(size);
    }
    let text = format!("{what}->size is {size}, and must be sizeof, at least {least}");
    Err(Failure::argument(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Capability;

    const NEW: Capability = Capability { size: 0, modes: 3, table_entries: 64 };

    fn put(room: &mut [u32; 6]) -> Result<(), Failure> {
        let place = room.as_mut_ptr().cast();
        // SAFETY: the room is as long as any size that is used here.
        unsafe { put_sized::<Capability>(place, 8, "it", || Ok(NEW)) }
    }

    #[test]
    fn a_structure_is_filled_as_far_as_both_sides_know_it() {
        for (size, expected) in
            [(8, [8, 3, 9, 9, 9, 9]), (12, [12, 3, 64, 9, 9, 9]), (20, [20, 3, 64, 0, 0, 9])]
        {
            let mut room = [size, 9, 9, 9, 9, 9];
            put(&mut room).unwrap();
            assert_eq!(room, expected);
        }
    }

    #[test]
    fn a_size_that_cannot_be_is_refused_and_nothing_written() {
        for size in [0, 7, 4097, u32::MAX] {
            let mut room = [size, 9, 9, 9, 9, 9];
            assert_eq!(put(&mut room).unwrap_err().errno(), vfio_tph::Errno::EINVAL);
            assert_eq!(room, [size, 9, 9, 9, 9, 9]);
        }
    }

    #[test]
    fn a_structure_is_read_as_far_as_both_sides_know_it() {
        let get = |room: &[u32; 4]| {
            // SAFETY: the room is as long as any size that is used here.
            unsafe { get_sized::<Capability>(room.as_ptr().cast(), 8, "it") }
        };
        let known = |modes, table_entries| (modes, table_entries);
        for (room, expected) in [
            ([8, 3, 9, 9], known(3, 0)),
            ([12, 3, 9, 9], known(3, 9)),
            ([16, 3, 9, 0], known(3, 9)),
        ] {
            let got = get(&room).unwrap();
            assert_eq!((got.modes, got.table_entries), expected);
        }
        for room in [[16, 3, 9, 1], [7, 3, 9, 0], [0, 3, 9, 0]] {
            assert_eq!(get(&room).unwrap_err().errno(), vfio_tph::Errno::EINVAL, "{room:?}");
        }
    }

    #[test]
    fn more_elements_than_memory_holds_are_refused() {
        let one = 1_u32;
        // SAFETY: it is refused before the pointer is used.
        let refused = unsafe { elements(&raw const one, usize::MAX / 2, "entries") };
        assert!(refused.is_err());
        // SAFETY: as above.
        let refused = unsafe { elements((&raw const one).wrapping_byte_add(1), 1, "entries") };
        assert!(refused.is_err());
    }
}
