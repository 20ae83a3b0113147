//! Exporting memory of a function, and mapping it for another.

use std::sync::{Arc, Weak};

use tph::DmaBufError;
use tph_abi::Errno;

use super::files::{EMFILE, File};
use super::{FunctionId, Host};
use crate::dma::{BarRange, Buffer, DmaError};
use crate::endpoint::memory;

/// Ranges of a dma-buf are whole pages.
const PAGE: u64 = 0x1000;
/// How many dma-bufs a function remembers before it forgets those that are gone.
const FORGET: usize = 64;

/// A dma-buf cannot be mapped for a function's DMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The dma-buf is not there, or its memory is not.
    #[error(transparent)]
    Buffer(#[from] DmaBufError),
    /// It is a dma-buf of host memory: map that memory itself.
    #[error("it is a dma-buf of host memory; map that memory itself")]
    HostMemory,
    /// It has no place there.
    #[error(transparent)]
    Place(#[from] DmaError),
    /// I/O addresses of dma-bufs are multiples of a page.
    #[error("I/O address {0:#x} is no multiple of 4 KiB")]
    Unaligned(u64),
}

/// The dma-bufs that a function exported since it was opened.
#[derive(Debug, Default)]
pub(super) struct Exports(Vec<Weak<Buffer>>);

impl Exports {
    fn push(&mut self, buffer: &Arc<Buffer>) {
        if self.0.len() >= FORGET {
            self.0.retain(|buffer| buffer.strong_count() > 0);
        }
        self.0.push(Arc::downgrade(buffer));
    }

    fn live(&self) -> impl Iterator<Item = Arc<Buffer>> {
        self.0.iter().filter_map(Weak::upgrade)
    }
}

impl Host {
    /// A descriptor of a dma-buf of these ranges of a BAR.
    ///
    /// # Errors
    /// As VFIO answers: `EINVAL` for no range, one that is empty, not whole pages or not inside of
    /// the BAR; here also for a BAR of registers, which take no packets of peers. `EMFILE` if there
    /// is no descriptor left.
    pub(crate) fn export(
        &mut self,
        id: FunctionId,
        bar: u8,
        ranges: &[BarRange],
    ) -> Result<i32, Errno> {
        let slot = &mut self.slots[id.0];
        let size = u64::from(slot.endpoint.bar_size(bar));
        let good = |range: &BarRange| {
            let end = range.offset.checked_add(range.length);
            range.length != 0
                && range.offset.is_multiple_of(PAGE)
                && range.length.is_multiple_of(PAGE)
                && end.is_some_and(|end| end <= size)
        };
        if bar != memory::BAR || ranges.is_empty() || !ranges.iter().all(good) {
            return Err(Errno::EINVAL);
        }
        let (memory, reachable) = (slot.endpoint.memory().clone(), slot.endpoint.reachable());
        let buffer = Arc::new(Buffer::new(id, memory, ranges.to_vec(), reachable));
        slot.exports.push(&buffer);
        self.files.open(File::Buffer(buffer)).ok_or(EMFILE)
    }

    /// Maps all of a dma-buf for the DMA of a function.
    pub(crate) fn import(
        &mut self,
        id: FunctionId,
        iova: u64,
        descriptor: i32,
    ) -> Result<(), ImportError> {
        if !iova.is_multiple_of(PAGE) {
            return Err(ImportError::Unaligned(iova));
        }
        let buffer = match self.files.get(descriptor)? {
            File::Buffer(buffer) => buffer,
            File::HostBuffer => return Err(ImportError::HostMemory),
            File::Other => return Err(DmaBufError::NotADmaBuf.into()),
        };
        let mapping = buffer.map().ok_or(DmaBufError::Revoked)?;
        let map = self.slots[id.0].endpoint.io_map_mut();
        Ok(map.map(iova, Box::new(mapping))?)
    }

    /// A function was accessed in a way that may have put its memory out of reach, or back.
    pub(crate) fn exports_follow(&self, id: FunctionId) {
        let slot = &self.slots[id.0];
        let reachable = slot.endpoint.reachable();
        slot.exports.live().for_each(|buffer| buffer.follow(reachable));
    }

    /// A function was reset.
    pub(crate) fn exports_moved(&self, id: FunctionId) {
        self.slots[id.0].exports.live().for_each(|buffer| buffer.invalidate());
        self.exports_follow(id);
    }

    /// How many dma-bufs a function remembers.
    #[cfg(test)]
    pub(crate) fn exports_remembered(&self, id: FunctionId) -> usize {
        self.slots[id.0].exports.0.len()
    }

    /// A function was closed.
    pub(crate) fn exports_orphaned(&mut self, id: FunctionId) {
        let exports = std::mem::take(&mut self.slots[id.0].exports);
        exports.live().for_each(|buffer| buffer.orphan());
    }
}
