//! What a C caller gets of an error: a number, and two texts that its thread can ask for.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

use vfio_tph::{Errno, Error};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    errno: Errno,
    text: String,
    advice: String,
}

impl Failure {
    /// A failure with this number that `text` describes.
    pub(crate) fn new(errno: Errno, text: impl Into<String>) -> Self {
        Self { errno, text: text.into(), advice: String::new() }
    }

    /// The same, with what to do next.
    #[must_use]
    pub(crate) fn with_advice(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// An argument that makes no sense.
    pub(crate) fn argument(text: impl Into<String>) -> Self {
        Self::new(Errno::EINVAL, text)
    }

    /// The number, positive.
    pub(crate) fn errno(&self) -> Errno {
        self.errno
    }

    /// Makes it what this thread's last failure was.
    pub(crate) fn keep(&self) {
        let last = Last { text: c_text(&self.text), advice: c_text(&self.advice) };
        // A thread that is ending has no place for it any more.
        let _ = LAST.try_with(|place| place.replace(last));
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // Without a number it could not be opened.
        let errno = error.errno().unwrap_or(Errno::ENODEV);
        let advice = error.advice().map(|advice| advice.to_string()).unwrap_or_default();
        Self::new(errno, error.to_string()).with_advice(advice)
    }
}

#[derive(Default)]
struct Last {
    text: CString,
    advice: CString,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// The text of this thread's last failure, empty before the first. It stays until the next one.
pub(crate) fn last_text() -> *const c_char {
    pointer(|last| &last.text)
}

/// What to do about it, empty if nothing is known.
pub(crate) fn last_advice() -> *const c_char {
    pointer(|last| &last.advice)
}

fn pointer(part: impl FnOnce(&Last) -> &CStr) -> *const c_char {
    const NOTHING: &CStr = c"";
    LAST.try_with(|last| part(&last.borrow()).as_ptr()).unwrap_or(NOTHING.as_ptr())
}

/// The text up to a zero byte, which ends it in C.
fn c_text(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vfio_tph::Step;

    #[test]
    fn an_error_keeps_its_number_its_text_and_its_advice() {
        let error = |errno| Error::Request {
            device: "dev".into(),
            step: Step::Capability,
            errno,
            cause: None,
        };
        let failure = Failure::from(error(Errno::ENOTTY));
        assert_eq!(failure.errno(), Errno::ENOTTY);
        assert_eq!(failure.text, error(Errno::ENOTTY).to_string());
        assert!(failure.advice.contains("tph bind dev"), "{}", failure.advice);
        let none = Error::NoSuchFunction { address: "1:0.0".parse().unwrap() };
        assert_eq!(Failure::from(none).errno(), Errno::ENODEV);
    }

    #[test]
    fn a_text_ends_at_its_first_zero_byte() {
        assert_eq!(c_text("a\0b").as_c_str(), c"a");
    }
}
