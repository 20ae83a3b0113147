//! Taking and giving back a device.

use std::ffi::{c_char, c_int};
use std::os::fd::BorrowedFd;

use vfio_tph::Errno;

use super::answer::{answer, value};
use super::pointer;
use crate::{Device, Failure};

/// Takes a VFIO device that is open already: what VFIO_GROUP_GET_DEVICE_FD returned, or an open
/// /dev/vfio/devices/vfioN. For drivers and VMMs, which have their device open anyway.
///
/// @fd is duplicated; it stays yours. The device stays open until it is closed here too.
/// @name is how errors call the device, best its address; NULL for "fd N".
/// @device is where the device goes; NULL after an error.
///
/// -EBADF, -ENOTTY for a file that is no VFIO device, -EINVAL for one that is no PCI function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_adopt(
    fd: c_int,
    name: *const c_char,
    device: *mut *mut Device,
) -> c_int {
    answer(|| {
        // SAFETY: a text or NULL, as said.
        let name = unsafe { pointer::text(name) }.unwrap_or_else(|| format!("fd {fd}"));
        let make = || {
            if fd < 0 {
                let text = format!("{name}: adopting the device: EBADF: {fd} is no descriptor");
                return Err(Failure::new(Errno::EBADF, text));
            }
            // SAFETY: it is not -1, and borrowed for this call only. Should it not be open, the
            // kernel says so.
            Device::adopt(unsafe { BorrowedFd::borrow_raw(fd) }, name)
        };
        // SAFETY: room for a pointer, as said.
        unsafe { pointer::put_new(device, "device", make) }
    })
}

/// Opens the VFIO device of a PCI function, with an IOMMU address space of its own. For tools: a
/// driver maps memory for DMA, so it opens its device itself and gives it to vfiotph_adopt().
///
/// @address is the function's, as 0000:01:00.0 or 01:00.0.
/// @device is where the device goes; NULL after an error.
///
/// -EINVAL for what is no address, -ENODEV if there is no such function, -ENOENT if it is not bound
/// to a VFIO driver, -EACCES without permission, -EBUSY if it is open elsewhere, and what else the
/// kernel answers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_open(address: *const c_char, device: *mut *mut Device) -> c_int {
    answer(|| {
        // SAFETY: a text or NULL, as said.
        let address = unsafe { pointer::text(address) };
        let make = || match address {
            Some(address) => Device::open(&address),
            None => Err(Failure::argument("address is NULL")),
        };
        // SAFETY: room for a pointer, as said.
        unsafe { pointer::put_new(device, "device", make) }
    })
}

/// The file descriptor of the device, to map regions or set up interrupts with. It belongs to the
/// library and is closed with the device.
///
/// The descriptor, or -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_fd(device: *mut Device) -> c_int {
    value(|| {
        // SAFETY: a device, as said.
        unsafe { pointer::device(device) }?.fd()
    })
}

/// Gives the device back. Entries that were set through it are cleared, and TPH that was enabled
/// through it is turned off; vfiotph_disable() before says how that went. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_close(device: *mut Device) {
    answer(|| {
        // SAFETY: a device or NULL, as said, and this is its last call.
        drop(unsafe { pointer::take(device) });
        Ok(())
    });
}
