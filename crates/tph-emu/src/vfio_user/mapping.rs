//! Which guest memory the device reaches.

use std::fs::File;

use tph_abi::Errno;

use super::guest_memory::GuestMemory;
use super::message::Fields;
use crate::dma::DmaError;
use crate::endpoint::Endpoint;

/// The guest lets the device write there.
const MAP_WRITABLE: u32 = 1 << 1;

pub(super) fn dma_map(
    mut fields: Fields<'_>,
    mut files: Vec<File>,
    endpoint: &mut Endpoint,
) -> Result<(), Errno> {
    let mut take = || {
        let (_argsz, flags) = (fields.u32()?, fields.u32()?);
        Some((flags, fields.u64()?, fields.u64()?, fields.u64()?))
    };
    let (flags, offset, iova, size) = take().ok_or(Errno::EINVAL)?;
    // What comes without a file, or may not be written, is out of reach: a packet to it is a fault.
    let (Some(file), true) = (files.pop(), flags & MAP_WRITABLE != 0) else {
        return Ok(());
    };
    if !files.is_empty() {
        return Err(Errno::EINVAL);
    }
    let memory = GuestMemory::new(file, offset, size).map_err(|_| Errno::EINVAL)?;
    endpoint.io_map_mut().map(iova, Box::new(memory)).map_err(|error| match error {
        DmaError::TooMany(_) => Errno::ENOMEM,
        _ => Errno::EINVAL,
    })
}

/// Unmap everything: the protocol's bit, and the kernel's, which some clients pass on.
const UNMAP_ALL: u32 = 1 << 1 | 1 << 2;

pub(super) fn dma_unmap(mut fields: Fields<'_>, endpoint: &mut Endpoint) -> Option<()> {
    let (_argsz, flags) = (fields.u32()?, fields.u32()?);
    let (iova, size) = (fields.u64()?, fields.u64()?);
    if flags & UNMAP_ALL != 0 && size == 0 {
        endpoint.io_map_mut().clear();
    } else {
        endpoint.io_map_mut().unmap(iova, size);
    }
    Some(())
}
