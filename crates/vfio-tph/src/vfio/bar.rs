//! A BAR in memory.

use std::sync::atomic::Ordering;

use tph::Bdf;
use vfio_bindings::bindings::vfio::VFIO_REGION_INFO_FLAG_MMAP;
use vm_memory::{AtomicAccess, Bytes, FileOffset, MmapRegion, VolatileMemory};

use super::VfioFunction;
use crate::{Error, VfioCall, sys};

const BARS: u32 = 6;

/// The registers of a device, mapped into memory. Each access is one access of its width.
#[derive(Debug)]
pub struct Bar {
    address: Bdf,
    index: u32,
    memory: MmapRegion,
}

impl Bar {
    pub(super) fn map(function: &VfioFunction, bar: u32) -> Result<Self, Error> {
        let call = VfioCall::MapBar { bar };
        let device = function.device();
        let mappable = bar < BARS && device.get_region_flags(bar) & VFIO_REGION_INFO_FLAG_MMAP != 0;
        if !mappable {
            let detail = "the kernel does not let it be mapped".to_owned();
            return Err(function.detail_error(call, detail));
        }
        let file = sys::duplicate(function)
            .map_err(|errno| function.errno_error(VfioCall::Duplicate, errno))?;
        let place = FileOffset::new(file, device.get_region_offset(bar));
        let size = usize::try_from(function.region_size(bar))
            .map_err(|_| function.detail_error(call, "too large for this process".into()))?;
        let memory = MmapRegion::from_file(place, size)
            .map_err(|error| function.detail_error(call, error.to_string()))?;
        Ok(Self { address: function.address(), index: bar, memory })
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.memory.size()
    }

    /// Reads 32 bits.
    ///
    /// # Errors
    /// [`Error::Call`] if `offset` is no multiple of 4 inside of it.
    pub fn read32(&self, offset: usize) -> Result<u32, Error> {
        self.load(offset).map(u32::from_le)
    }

    /// Writes 32 bits.
    ///
    /// # Errors
    /// [`Error::Call`] if `offset` is no multiple of 4 inside of it.
    pub fn write32(&self, offset: usize, value: u32) -> Result<(), Error> {
        self.store(offset, value.to_le())
    }

    /// Reads 64 bits.
    ///
    /// # Errors
    /// [`Error::Call`] if `offset` is no multiple of 8 inside of it.
    pub fn read64(&self, offset: usize) -> Result<u64, Error> {
        self.load(offset).map(u64::from_le)
    }

    /// Writes 64 bits.
    ///
    /// # Errors
    /// [`Error::Call`] if `offset` is no multiple of 8 inside of it.
    pub fn write64(&self, offset: usize, value: u64) -> Result<(), Error> {
        self.store(offset, value.to_le())
    }

    /// Sequentially consistent: a doorbell comes after the memory writes before it.
    fn store<T: AtomicAccess>(&self, offset: usize, value: T) -> Result<(), Error> {
        let memory = self.memory.as_volatile_slice();
        memory.store(value, offset, Ordering::SeqCst).map_err(|error| self.error(&error))
    }

    fn load<T: AtomicAccess>(&self, offset: usize) -> Result<T, Error> {
        let memory = self.memory.as_volatile_slice();
        memory.load(offset, Ordering::SeqCst).map_err(|error| self.error(&error))
    }

    fn error(&self, error: &vm_memory::VolatileMemoryError) -> Error {
        let call = VfioCall::AccessBar { bar: self.index };
        Error::Call { address: self.address, call, errno: None, detail: error.to_string() }
    }
}
