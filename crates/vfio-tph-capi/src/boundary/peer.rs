//! Memory of a device for its peers.

use std::ffi::c_int;

use super::answer::{answer, value};
use super::pointer;
use crate::{Device, DmaBufTag, PeerTags, Range};

/// Exports memory of the device as a dma-buf, for peers to write to. They reach it while the device
/// is open, not in reset, not in low power, and has its memory space on.
///
/// @bar is which one, 0 to 5.
/// @ranges are @count parts of it, at least one, which follow each other in the dma-buf.
///
/// The descriptor of the dma-buf, which is yours to hand on and to close; close-on-exec is set.
/// -ENOTTY where VFIO exports no dma-bufs (Linux 6.12), -EINVAL for no range and for one that is
/// not whole pages inside of the BAR, -ENODEV for no such BAR, -EOPNOTSUPP, -EMFILE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_export_dma_buf(
    device: *mut Device,
    bar: u32,
    ranges: *const Range,
    count: usize,
) -> c_int {
    value(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: as many ranges as said.
        device.export_dma_buf(bar, unsafe { pointer::elements(ranges, count, "ranges") }?)
    })
}

/// Whether dma-bufs of this device can have tags: the device takes hints on what it receives, and
/// the kernel and the driver do their part. Changes nothing.
///
/// -EOPNOTSUPP if the device takes none, -ENOTTY if the kernel does not serve it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_probe_dma_buf_tags(device: *mut Device) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        unsafe { pointer::device(device) }?.probe_dma_buf_tags()
    })
}

/// Sets the tags and the hint that travel with a dma-buf of this device, in place of all that were
/// set before. Do it before anybody else has the descriptor: only who asks later sees it.
///
/// @device is the one that exported the dma-buf, through whatever descriptor, and open since.
/// @dma_buf is a descriptor of the dma-buf.
/// @tags are of the device's own making: nobody else looks at them. No flags take back all.
///
/// -EINVAL for a dma-buf that this device did not export since it was opened, for a hint or flags
/// that are none; -EOPNOTSUPP if the device takes no hints, or no tags of 16 bits; -EBADF, -EINTR,
/// -ENOMEM, -ENOTTY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_set_dma_buf_tags(
    device: *mut Device,
    dma_buf: c_int,
    tags: *const PeerTags,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: tags or NULL, as said.
        device.set_dma_buf_tags(dma_buf, *unsafe { pointer::object(tags, "tags") }?)
    })
}

/// The tag and the hint for writes into a dma-buf, whoever exported it: its descriptor is enough.
/// They hold until the mapping of the buffer is invalidated; ask again when mapping it anew.
/// Whatever goes wrong here, the buffer can be used without.
///
/// @device is any that the driver vfio_pci_tph has, best the one that will write.
/// @dma_buf is a descriptor of the dma-buf.
/// @bits is the width of the tags that the writing device sends, 8 or 16: tag_bits of its status.
/// Only a tag of that width is an answer.
/// @tag is filled in; after an error it has not changed.
///
/// -EOPNOTSUPP if no tag of this width was set, -ENODEV if the memory is out of reach now, -EINVAL if
/// @dma_buf is no dma-buf, or @bits no width; -EBADF, -EINTR, -ENOTTY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_get_dma_buf_tag(
    device: *mut Device,
    dma_buf: c_int,
    bits: u32,
    tag: *mut DmaBufTag,
) -> c_int {
    answer(|| {
        // SAFETY: a device, as said.
        let device = unsafe { pointer::device(device) }?;
        // SAFETY: room for a tag or NULL, as said.
        let tag = unsafe { pointer::object_mut(tag, "tag") }?;
        *tag = device.dma_buf_tag(dma_buf, bits)?;
        Ok(())
    })
}
