//! Tags of dma-bufs: the feature that sets them, the operation and the in-kernel call that ask.
//!
//! C keeps what was set as a number that means something only here, see `Kept`.

use core::ffi::c_int;
use core::slice;

use tph::{
    Completer, DmaBufError, DmaBufHint, DmaBufTags, DmaBufs, ProcessingHint, RequesterType, Tag8,
    Tag16,
};
use tph_abi::{DmaBufSet, Errno, FeatureCall, FeatureNumber};

use crate::entry::{Reply, status};
use crate::host::Device;

/// What [`tph_core_dma_buf_get`] returns for another operation.
const ANOTHER_OPERATION: c_int = 1;

const EINTR: c_int = Errno::EINTR.0;
const EBADF: c_int = Errno::EBADF.0;
const ENOMEM: c_int = Errno::ENOMEM.0;
const EXDEV: c_int = 18;
const ENODEV: c_int = Errno::ENODEV.0;
const ENOTTY: c_int = Errno::ENOTTY.0;

// SAFETY: the signatures are those of kernel/core.h. Every pointer is a reference that lives as
// long as the call; the glue keeps none of them and writes only through the mutable ones.
unsafe extern "C" {
    safe fn tph_host_dma_buf_hint(descriptor: c_int, kept: &mut u64) -> c_int;
    safe fn tph_host_set_dma_buf_hint(device: &Device, descriptor: c_int, kept: u64) -> c_int;
}

/// What was set for a dma-buf, in 64 bits. 0 is nothing.
#[derive(Clone, Copy)]
struct Kept(u64);

impl Kept {
    const SET: u64 = 1 << 63;
    const SINGLE: u64 = 1 << 62;
    const STANDARD: u64 = 1 << 61;
    const EXTENDED: u64 = 1 << 60;

    fn of(hint: DmaBufHint) -> Self {
        let (flags, wide, narrow) = match hint.tags {
            DmaBufTags::Single(tag) => (Self::SINGLE, tag.0, 0),
            DmaBufTags::Apart { standard, extended } => (
                standard.map_or(0, |_| Self::STANDARD) | extended.map_or(0, |_| Self::EXTENDED),
                extended.map_or(0, |tag| tag.0),
                standard.map_or(0, |tag| tag.0),
            ),
        };
        let [low, high] = wide.to_le_bytes();
        let bytes = [low, high, narrow, hint.hint.bits(), 0, 0, 0, 0];
        Self(Self::SET | flags | u64::from_le_bytes(bytes))
    }

    fn hint(self) -> Option<DmaBufHint> {
        let has = |flag| self.0 & flag != 0;
        let [low, high, narrow, hint, ..] = self.0.to_le_bytes();
        let wide = Tag16(u16::from_le_bytes([low, high]));
        let tags = if has(Self::SINGLE) {
            DmaBufTags::Single(wide)
        } else {
            DmaBufTags::Apart {
                standard: has(Self::STANDARD).then_some(Tag8(narrow)),
                extended: has(Self::EXTENDED).then_some(wide),
            }
        };
        let hint = ProcessingHint::from_low_bits(hint);
        has(Self::SET).then_some(DmaBufHint { tags, hint })
    }
}

/// The descriptors of the calling process.
struct KernelDmaBufs<'a>(&'a Device);

/// What the glue returned: 0, or a negative errno.
fn outcome(status: c_int) -> Result<(), DmaBufError> {
    match -status {
        0 => Ok(()),
        EINTR => Err(DmaBufError::Interrupted),
        EBADF => Err(DmaBufError::NotOpen),
        ENOMEM => Err(DmaBufError::NoMemory),
        EXDEV => Err(DmaBufError::NotExportedHere),
        ENODEV => Err(DmaBufError::Revoked),
        ENOTTY => Err(DmaBufError::NoExport),
        _ => Err(DmaBufError::NotADmaBuf),
    }
}

impl DmaBufs for KernelDmaBufs<'_> {
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, DmaBufError> {
        let mut kept = 0;
        outcome(tph_host_dma_buf_hint(descriptor, &mut kept))?;
        Ok(Kept(kept).hint())
    }

    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), DmaBufError> {
        outcome(tph_host_set_dma_buf_hint(self.0, descriptor, Kept::of(hint).0))
    }
}

/// Whether the feature `DMA_BUF_TPH` can have this number.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_feature_number_is_free(number: u32) -> bool {
    FeatureNumber::new(number).is_some()
}

/// Whether a `VFIO_DEVICE_FEATURE` is `DMA_BUF_TPH`, which has `number`.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_is_dma_buf_tph(flags: u32, number: u32) -> bool {
    FeatureNumber::new(number)
        .is_some_and(|number| FeatureCall::new(flags, 0).is_dma_buf_tph(number))
}

/// How many bytes of its payload are needed, 0 for a probe. `devcap2` is the device's own Device
/// Capabilities 2, `size` how much payload the caller says there is.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_dma_buf_payload(flags: u32, size: usize, devcap2: u32) -> isize {
    let completer = Completer::from_device_capabilities_2(devcap2);
    match FeatureCall::new(flags, size).payload(completer) {
        Ok(needed) => isize::try_from(needed).unwrap_or(isize::MAX),
        Err(errno) => -(errno.0 as isize),
    }
}

/// Sets what the payload of a `DMA_BUF_TPH` says; the glue finds the dma-buf and keeps it.
///
/// # Safety
/// `payload` points to `size` initialized bytes that nobody writes during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tph_core_dma_buf_set(
    device: &Device,
    payload: *const u8,
    size: usize,
    devcap2: u32,
) -> c_int {
    // SAFETY: `size` readable bytes that do not change, as the caller promises.
    let payload = unsafe { slice::from_raw_parts(payload, size) };
    let completer = Completer::from_device_capabilities_2(devcap2);
    status(
        DmaBufSet::parse(payload, completer)
            .and_then(|set| Ok(KernelDmaBufs(device).set_hint(set.descriptor, set.hint)?)),
    )
}

/// Answers the request in `request` as [`tph_core_ioctl`](crate::entry::tph_core_ioctl) does if it
/// is a `DMA_BUF_GET`, which needs no lock of the device; else it returns 1.
///
/// # Safety
/// `request` points to `size` initialized bytes that nobody else touches during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tph_core_dma_buf_get(
    device: &Device,
    request: *mut u8,
    size: usize,
    reply: &mut Reply,
) -> c_int {
    // SAFETY: `size` bytes that are ours alone for the call, as the caller promises.
    let request = unsafe { slice::from_raw_parts_mut(request, size) };
    match tph_abi::answer_dma_buf(request, &mut KernelDmaBufs(device)) {
        None => ANOTHER_OPERATION,
        Some(answer) => status(answer.map(|range| {
            *reply = Reply { start: range.start, end: range.end };
        })),
    }
}

/// Tag and hint for an importer in the kernel, out of what C keeps for a dma-buf.
#[unsafe(no_mangle)]
pub extern "C" fn tph_core_dma_buf_tag(
    kept: u64,
    width: u8,
    steering_tag: &mut u16,
    ph: &mut u8,
) -> c_int {
    let Some(requester) = RequesterType::from_tag_bits(width) else {
        return -Errno::EINVAL.0;
    };
    let answer = DmaBufHint::answer(Kept(kept).hint(), requester).map_err(Errno::from);
    status(answer.map(|(tag, hint)| {
        *steering_tag = tag.entry_bits();
        *ph = hint.bits();
    }))
}

#[cfg(test)]
mod tests;
