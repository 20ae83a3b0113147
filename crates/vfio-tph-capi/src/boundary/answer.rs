//! How a call ends, and what can be asked afterwards.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use vfio_tph::Errno;

use crate::{Failure, failure, numbers};

/// State is not to be relied upon any more (the kernel's errno.h).
const ENOTRECOVERABLE: Errno = Errno(131);

/// Runs `call`; what C gets of its outcome.
pub(super) fn answer(call: impl FnOnce() -> Result<(), Failure>) -> c_int {
    value(|| call().map(|()| 0))
}

/// The same for a call that has a value, which is not negative.
pub(super) fn value(call: impl FnOnce() -> Result<c_int, Failure>) -> c_int {
    // What a panic interrupted is behind a lock or the caller's, and the number says so.
    let outcome = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        let text = "a bug in libvfiotph interrupted the call; what it said is on standard error";
        Err(Failure::new(ENOTRECOVERABLE, text).with_advice("Close the device and report it."))
    });
    outcome.unwrap_or_else(|failure| {
        failure.keep();
        -failure.errno().0
    })
}

/// The version of the library that runs: major << 16 | minor << 8 | patch. The header's is
/// VFIOTPH_VERSION_MAJOR and following; a library with the same soname has all that a header with
/// a lower version promises.
#[unsafe(no_mangle)]
pub extern "C" fn vfiotph_version() -> u32 {
    numbers::VFIOTPH_VERSION_MAJOR << 16
        | numbers::VFIOTPH_VERSION_MINOR << 8
        | numbers::VFIOTPH_VERSION_PATCH
}

/// What was wrong with the last call of this thread that failed, as one sentence in UTF-8; empty
/// before the first. Never NULL; valid until the thread's next call that fails.
#[unsafe(no_mangle)]
pub extern "C" fn vfiotph_last_error() -> *const c_char {
    failure::last_text()
}

/// What to do about it, as one or more sentences; empty if nothing is known. Never NULL; valid as
/// long as vfiotph_last_error().
#[unsafe(no_mangle)]
pub extern "C" fn vfiotph_last_advice() -> *const c_char {
    failure::last_advice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn a_panic_becomes_a_number() {
        assert_eq!(answer(|| panic!("on purpose")), -ENOTRECOVERABLE.0);
        // SAFETY: a text of this thread, which has had no failure since.
        let text = unsafe { CStr::from_ptr(vfiotph_last_error()) };
        assert!(text.to_str().unwrap().contains("a bug in libvfiotph"), "{text:?}");
    }
}
