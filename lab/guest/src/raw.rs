//! Ioctls as bytes, for tests that spoil them: the package's only `unsafe`.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, BorrowedFd};

use rustix::ffi::c_void;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};

/// More than any request that a VFIO device reads or writes: the largest, `SET_ST` with 2048
/// entries, has 24592 bytes.
const ROOM: usize = 0x1_0000;
/// What the room behind a request is filled with.
static FILL: [u8; ROOM] = [0xa5; ROOM];

struct Request {
    opcode: Opcode,
    argument: *mut c_void,
}

// SAFETY: who makes a `Request` sees to it that the kernel may read and write at `argument`; the
// result is a number and no pointer.
unsafe impl Ioctl for Request {
    type Output = u32;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.argument
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<u32> {
        Ok(u32::try_from(out).unwrap_or(u32::MAX))
    }
}

/// Sends an ioctl of a VFIO device whose argument is `bytes`, whatever `argsz` they claim. Returns
/// what the ioctl returns and whether it wrote behind `bytes`.
///
/// # Errors
/// The error number that came back.
///
/// # Panics
/// If `bytes` are longer than any request is.
pub fn call(fd: impl AsFd, opcode: u32, bytes: &mut [u8]) -> (Result<u32, i32>, bool) {
    let mut room = FILL.to_vec();
    room[..bytes.len()].copy_from_slice(bytes);
    let argument = room.as_mut_ptr().cast();
    let request = Request { opcode: opcode as Opcode, argument };
    // SAFETY: a VFIO device reads and writes at most the bytes that its largest request has, far
    // fewer than `room`, which lives and is not looked at until the call is over.
    let outcome = unsafe { send(fd.as_fd(), request) };
    bytes.copy_from_slice(&room[..bytes.len()]);
    (outcome, room[bytes.len()..] != FILL[bytes.len()..])
}

/// Sends an ioctl whose argument is at `address`, where this process has no memory.
///
/// # Errors
/// The error number that came back.
pub fn call_nowhere(fd: impl AsFd, opcode: u32) -> Result<u32, i32> {
    // A page of the first 64 KiB: nothing is ever mapped there (`vm.mmap_min_addr`).
    let argument = std::ptr::without_provenance_mut(0x1000);
    let request = Request { opcode: opcode as Opcode, argument };
    // SAFETY: the kernel checks user addresses, so it reads and writes nothing.
    unsafe { send(fd.as_fd(), request) }
}

/// # Safety
/// The kernel may read and write what the ioctl reads and writes at the request's argument.
unsafe fn send(fd: BorrowedFd<'_>, request: Request) -> Result<u32, i32> {
    // SAFETY: as the caller promises.
    unsafe { ioctl(fd, request) }.map_err(rustix::io::Errno::raw_os_error)
}
