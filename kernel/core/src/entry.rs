//! What the C glue calls: one `tph_core_*` function for each moment of a device's life.
//!
//! References in these signatures are pointers in C; `kernel/core.h` says which of them may be
//! what. All of them return 0 (or a size) or a negative errno.

use core::ffi::c_int;
use core::mem::{MaybeUninit, align_of, needs_drop, size_of};
use core::slice;

use tph::Requester;
use tph_abi::Errno;

use crate::host::{Device, KernelFunction};

/// `struct tph_core`: what is kept for a device. It holds something from open to close.
/// It is made and changed in place: it is larger than a piece of the kernel's stack should be.
pub struct Core {
    requester: Requester,
    /// Somebody has the device open; else requests and resets find nothing to act on.
    opened: bool,
}

/// `struct tph_reply`: which bytes of a request the caller gets back.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The first of them.
    pub start: usize,
    /// One past the last; equal to `start` if none.
    pub end: usize,
}

// The glue allocates with kvmalloc, which aligns to 8 bytes or more, and frees without a call.
const _: () = assert!(align_of::<Core>() <= 8 && !needs_drop::<Core>());

pub(crate) fn status(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => -errno.0,
    }
}

/// How many bytes the glue allocates for a [`Core`].
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_size() -> usize {
    size_of::<Core>()
}

/// Makes a [`Core`] out of fresh memory.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_init(core: &mut MaybeUninit<Core>) {
    core.write(const { Core { requester: Requester::new(), opened: false } });
}

/// A user opens the device: looks at it, turns TPH off, clears its table.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_open(core: &mut Core, device: &Device) -> c_int {
    status(core.open(&mut KernelFunction(device)))
}

/// The user is gone: turns TPH off, clears the table. The core forgets the device also when that
/// fails.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_close(core: &mut Core, device: &Device) -> c_int {
    status(core.close(&mut KernelFunction(device)))
}

/// All MSI-X vectors are about to be freed: takes their tags out.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_release_vectors(core: &mut Core, device: &Device) -> c_int {
    status(core.release_vectors(&mut KernelFunction(device)))
}

/// The function was reset: puts back what the user had set. Nothing to do without a user.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_restore(core: &mut Core, device: &Device) -> c_int {
    status(core.restore(&mut KernelFunction(device)))
}

/// An error was recovered from: puts back what can be. Nothing to do without a user.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_recover(core: &mut Core, device: &Device) -> c_int {
    status(core.recover(&mut KernelFunction(device)))
}

/// How many bytes of a request are needed, as far as its first `size` bytes tell.
///
/// # Safety
/// `request` points to `size` initialized bytes that nobody writes during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tph_core_needed(request: *const u8, size: usize) -> isize {
    // SAFETY: `size` readable bytes that do not change, as the caller promises.
    let request = unsafe { slice::from_raw_parts(request, size) };
    match tph_abi::needed(request) {
        Ok(needed) => isize::try_from(needed).unwrap_or(isize::MAX),
        Err(errno) => -(errno.0 as isize),
    }
}

/// Answers the request in `request`. On success `reply` says which of its bytes go back to the
/// caller; it lies inside `size`.
///
/// # Safety
/// `request` points to `size` initialized bytes that nobody else touches during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tph_core_ioctl(
    core: &mut Core,
    device: &Device,
    request: *mut u8,
    size: usize,
    reply: &mut Reply,
) -> c_int {
    // SAFETY: `size` bytes that are ours alone for the call, as the caller promises.
    let request = unsafe { slice::from_raw_parts_mut(request, size) };
    match core.answer(request, &mut KernelFunction(device)) {
        Ok(range) => {
            *reply = range;
            0
        }
        Err(errno) => -errno.0,
    }
}

impl Core {
    /// What there is to look at.
    pub(crate) fn requester(&self) -> Option<&Requester> {
        self.opened.then_some(&self.requester)
    }

    /// What there is to act on.
    fn requester_mut(&mut self) -> Option<&mut Requester> {
        self.opened.then_some(&mut self.requester)
    }

    fn open(&mut self, function: &mut KernelFunction<'_>) -> Result<(), Errno> {
        self.opened = false;
        self.requester.look_at(function)?;
        self.requester.open(function)?;
        self.opened = true;
        Ok(())
    }

    fn close(&mut self, function: &mut KernelFunction<'_>) -> Result<(), Errno> {
        let closed = self.requester_mut().map(|requester| requester.close(function));
        self.opened = false;
        Ok(closed.unwrap_or(Ok(()))?)
    }

    fn release_vectors(&mut self, function: &mut KernelFunction<'_>) -> Result<(), Errno> {
        match self.requester_mut() {
            Some(requester) => Ok(requester.release_vectors(function)?),
            None => Ok(()),
        }
    }

    fn restore(&mut self, function: &mut KernelFunction<'_>) -> Result<(), Errno> {
        match self.requester_mut() {
            Some(requester) => Ok(requester.restore(function)?),
            None => Ok(()),
        }
    }

    fn recover(&mut self, function: &mut KernelFunction<'_>) -> Result<(), Errno> {
        match self.requester_mut() {
            Some(requester) => Ok(requester.recover(function)?),
            None => Ok(()),
        }
    }

    fn answer(
        &mut self,
        request: &mut [u8],
        function: &mut KernelFunction<'_>,
    ) -> Result<Reply, Errno> {
        let requester = self.requester_mut().ok_or(Errno::ENODEV)?;
        let range = tph_abi::dispatch(request, requester, function)?;
        Ok(Reply { start: range.start, end: range.end })
    }
}
