//! The crate's system calls of its own, and all of its `unsafe`: calls that no safe wrapper
//! offers. Everything else that VFIO does goes through the crate `vfio-ioctls`.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::ioctl::{Ioctl, IoctlOutput, NoArg, Opcode, Updater, ioctl};
use tph_abi::{Errno, FeatureCall, FeatureNumber, VFIO_DEVICE_FEATURE, VFIO_DEVICE_PCI_TPH};
use vfio_bindings::bindings::vfio::{
    VFIO_BASE, VFIO_DEVICE_FEATURE_DMA_BUF, VFIO_DEVICE_FEATURE_GET, VFIO_TYPE,
    vfio_device_feature_dma_buf, vfio_region_info,
};
use vfio_ioctls::{VfioDevice, VfioError, VfioOps};
use vm_memory::MmapRegion;

/// `VFIO_DEVICE_RESET`, which `vfio-ioctls` sends without telling how it went.
const VFIO_DEVICE_RESET: Opcode = ((VFIO_TYPE as u32) << 8 | (VFIO_BASE + 11)) as Opcode;
/// `VFIO_DEVICE_GET_REGION_INFO`, which `vfio-ioctls` sends for devices only that it opened itself.
const VFIO_DEVICE_GET_REGION_INFO: Opcode = ((VFIO_TYPE as u32) << 8 | (VFIO_BASE + 8)) as Opcode;
/// The bytes that every request has: `argsz` and `op`.
const HEADER: usize = 8;

/// With which a dma-buf is opened, `O_CLOEXEC | O_RDWR`: whoever has it may write to the memory.
const OPEN_FLAGS: u32 = 0o2_000_000 | 2;

/// A request whose `argsz` is at most its length.
struct Request<'a, const OPCODE: u32>(&'a mut [u8]);

// SAFETY: VFIO_DEVICE_PCI_TPH, and VFIO_DEVICE_FEATURE with DMA_BUF_TPH or DMA_BUF, take a pointer to a request
// and read and write at most `argsz` bytes from there, and 8 bytes to learn `argsz`: `fits` has said
// that both are at most the length of the slice, which stays exclusively borrowed for the call.
// Neither returns a pointer, nor takes one in the request.
unsafe impl<const OPCODE: u32> Ioctl for Request<'_, OPCODE> {
    /// The number that the call returned.
    type Output = IoctlOutput;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        OPCODE as Opcode
    }

    fn as_ptr(&mut self) -> *mut rustix::ffi::c_void {
        self.0.as_mut_ptr().cast()
    }

    unsafe fn output_from_ptr(
        output: IoctlOutput,
        _: *mut rustix::ffi::c_void,
    ) -> rustix::io::Result<IoctlOutput> {
        Ok(output)
    }
}

/// Sends a TPH request; `EFAULT` without a call if its `argsz` is more than there is.
pub(crate) fn send_tph(fd: BorrowedFd<'_>, request: &mut [u8]) -> Result<(), Errno> {
    if !fits(request) {
        return Err(Errno::EFAULT);
    }
    // SAFETY: what a file that knows this opcode does with the request is said at `Request`. Others
    // answer ENOTTY: type ';' from 0x64 to 0x7f is VFIO's alone (the kernel's ioctl-number.rst), and
    // VFIO gives this number to nothing else.
    unsafe { ioctl(fd, Request::<VFIO_DEVICE_PCI_TPH>(request)) }.map(drop).map_err(errno)
}

/// Whether a request has its head, and is not shorter than it says.
fn fits(request: &[u8]) -> bool {
    let argsz = request.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes) as usize);
    request.len() >= HEADER && argsz.is_some_and(|argsz| argsz <= request.len())
}

/// Sends a `VFIO_DEVICE_FEATURE` for `DMA_BUF_TPH`, which has `number` on this host; `EFAULT` without
/// a call if its `argsz` is more than there is, `ENOTTY` for another feature.
pub(crate) fn send_dma_buf_tph(
    fd: BorrowedFd<'_>,
    number: FeatureNumber,
    request: &mut [u8],
) -> Result<(), Errno> {
    if !fits(request) {
        return Err(Errno::EFAULT);
    }
    if !FeatureCall::read(request)?.is_dma_buf_tph(number) {
        return Err(Errno::ENOTTY);
    }
    // SAFETY: what a file that knows this opcode does with the request is said at `Request`: the
    // module claims `number` for DMA_BUF_TPH, and no kernel has a feature that can be set with such
    // a number. Other files answer ENOTTY, as in `send_tph`.
    unsafe { ioctl(fd, Request::<VFIO_DEVICE_FEATURE>(request)) }.map(drop).map_err(errno)
}

/// Sends a `VFIO_DEVICE_FEATURE` that exports ranges of a region, each its offset and length in bytes,
/// as a dma-buf. (`vfio-ioctls` sends it for devices only that it opened itself.)
pub(crate) fn export_dma_buf(
    fd: BorrowedFd<'_>,
    region: u32,
    ranges: &[(u64, u64)],
) -> Result<OwnedFd, Errno> {
    let size = HEADER + size_of::<vfio_device_feature_dma_buf>() + 16 * ranges.len();
    let (Ok(argsz), Ok(count)) = (u32::try_from(size), u32::try_from(ranges.len())) else {
        return Err(Errno::EINVAL);
    };
    let flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
    let head = [argsz, flags, region, OPEN_FLAGS, 0, count].map(u32::to_ne_bytes);
    let mut request = head.concat();
    for &(offset, length) in ranges {
        request.extend([offset.to_ne_bytes(), length.to_ne_bytes()].as_flattened());
    }
    // SAFETY: what a file that knows this opcode does with the request is said at `Request`: it is
    // `argsz` bytes long, and this feature reads it only. Other files answer ENOTTY, as in `send_tph`.
    let number =
        unsafe { ioctl(fd, Request::<VFIO_DEVICE_FEATURE>(&mut request)) }.map_err(errno)?;
    // SAFETY: what this feature returns is a new descriptor, which nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Resets a device.
pub(crate) fn reset(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: VFIO_DEVICE_RESET takes no argument and touches no memory of the caller.
    unsafe { ioctl(fd, NoArg::<VFIO_DEVICE_RESET>::new()) }.map_err(errno)
}

/// Where a region starts in the device's file, and its size, both in bytes.
pub(crate) fn region(fd: BorrowedFd<'_>, index: u32) -> Result<(u64, u64), Errno> {
    let argsz = u32::try_from(size_of::<vfio_region_info>()).unwrap_or_default();
    let mut info = vfio_region_info { argsz, index, ..Default::default() };
    // SAFETY: VFIO_DEVICE_GET_REGION_INFO takes a pointer to this structure and reads and writes at
    // most `argsz` bytes there, which is its size; it holds no address. Files that are no VFIO
    // device answer ENOTTY, as said at `send_tph`.
    unsafe {
        let call = Updater::<VFIO_DEVICE_GET_REGION_INFO, vfio_region_info>::new(&mut info);
        ioctl(fd, call)
    }
    .map_err(errno)?;
    Ok((info.offset, info.size))
}

/// The file descriptor of a device that `vfio-ioctls` opened.
pub(crate) fn borrow_fd(device: &VfioDevice) -> BorrowedFd<'_> {
    // SAFETY: the device owns the descriptor and closes it only when it is dropped, and the borrow
    // ends before that: both have the lifetime of `device`.
    unsafe { BorrowedFd::borrow_raw(device.as_raw_fd()) }
}

/// Lets devices behind `iommu` reach all of `memory` at `iova`.
///
/// The caller unmaps it, or leaks it, before `memory` is dropped.
pub(crate) fn map_dma(
    iommu: &dyn VfioOps,
    iova: u64,
    memory: &MmapRegion,
) -> Result<(), VfioError> {
    // SAFETY: the region is a mapping of its own, `size` bytes from `as_ptr`; all access to it is
    // volatile or atomic, and no reference into it is ever made.
    unsafe { iommu.vfio_dma_map(iova, memory.size(), memory.as_ptr()) }
}

/// A descriptor of its own for the same open file.
pub(crate) fn duplicate(fd: impl AsFd) -> Result<std::fs::File, Errno> {
    let owned = fd.as_fd().try_clone_to_owned();
    owned.map(Into::into).map_err(|error| Errno(error.raw_os_error().unwrap_or(0)))
}

/// Whether a descriptor of a process is `file`, that is, one was made of the other by `dup` or the like.
pub(crate) fn is_same_file(
    process: u32,
    descriptor: i32,
    file: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    /// Compares open files; the numbers of two descriptors follow.
    const KCMP_FILE: libc::c_int = 0;
    let [own, other] = [std::process::id(), process].map(u32::cast_signed);
    // SAFETY: kcmp takes numbers alone, and touches no memory of the caller.
    let order = unsafe {
        let own_file = libc::c_long::from(file.as_raw_fd());
        libc::syscall(
            libc::SYS_kcmp,
            own,
            other,
            KCMP_FILE,
            own_file,
            libc::c_long::from(descriptor),
        )
    };
    match order {
        0 => Ok(true),
        1.. => Ok(false),
        _ => Err(Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))),
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno(error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags};
    use std::fs::File;

    #[test]
    fn a_request_that_claims_more_than_it_has_never_reaches_the_kernel() {
        let file = File::open("/dev/null").unwrap();
        let mut request = [0; 16];
        for (argsz, expected) in
            [(17_u32, Errno::EFAULT), (u32::MAX, Errno::EFAULT), (16, Errno::ENOTTY)]
        {
            request[..4].copy_from_slice(&argsz.to_ne_bytes());
            assert_eq!(send_tph(file.as_fd(), &mut request), Err(expected), "{argsz}");
        }
        assert_eq!(send_tph(file.as_fd(), &mut [0; 7]), Err(Errno::EFAULT));
    }

    /// `DMA_LOGGING_REPORT` (8) holds an address that the kernel writes to. A file that was opened
    /// for its path alone answers `EBADF` to every ioctl, so what reaches the kernel can be told.
    #[test]
    fn a_feature_that_could_hold_an_address_never_reaches_the_kernel() {
        let file = rustix::fs::open("/dev/null", OFlags::PATH, Mode::empty()).unwrap();
        let number = FeatureNumber::DEFAULT;
        let send = |flags: u32, length: usize| {
            let mut request = [24_u32.to_ne_bytes(), flags.to_ne_bytes()].concat();
            request.resize(length, 0);
            send_dma_buf_tph(file.as_fd(), number, &mut request)
        };
        let [get, set, own] = [1 << 16, 1 << 17, u32::from(number.get())];
        for flags in [8 | get, 8 | set, own | get, (own + 1) | set] {
            assert_eq!(send(flags, 24), Err(Errno::ENOTTY), "{flags:#x}");
        }
        assert_eq!(send(own | set, 23), Err(Errno::EFAULT));
        assert_eq!(send(own | set, 24), Err(Errno::EBADF), "this one is sent");
    }

    #[test]
    fn a_duplicate_is_the_same_file_and_a_second_one_is_not() {
        let [one, two] = [File::open("/dev/null").unwrap(), File::open("/dev/null").unwrap()];
        let again = duplicate(&one).unwrap();
        let is_one = |descriptor| is_same_file(std::process::id(), descriptor, one.as_fd());
        assert_eq!(is_one(one.as_raw_fd()), Ok(true));
        assert_eq!(is_one(again.as_raw_fd()), Ok(true));
        assert_eq!(is_one(two.as_raw_fd()), Ok(false));
        assert_eq!(is_one(9999), Err(Errno::EBADF));
        let nobody = is_same_file(i32::MAX.cast_unsigned(), 0, one.as_fd());
        assert_eq!(nobody, Err(Errno(rustix::io::Errno::SRCH.raw_os_error())));
    }

    #[test]
    fn the_numbers_are_those_of_the_kernel() {
        assert_eq!(VFIO_DEVICE_RESET, 0x3b6f);
        assert_eq!(VFIO_DEVICE_GET_REGION_INFO, 0x3b6c);
        let file = File::open("/dev/null").unwrap();
        assert_eq!(reset(file.as_fd()), Err(Errno::ENOTTY));
        assert_eq!(region(file.as_fd(), 7), Err(Errno::ENOTTY));
    }
}
