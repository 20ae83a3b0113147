//! The way to whoever answers: a kernel's file descriptor, or an emulated function.

use crate::Errno;

/// Carries one request to the function and its answer back.
pub trait Transport {
    /// Sends the request in `request`, whose `argsz` is at most its length. On success the answer
    /// is in the same bytes.
    ///
    /// # Errors
    /// The errno that the other side answers; `request` is unchanged then.
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno>;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        (**self).call(request)
    }
}
