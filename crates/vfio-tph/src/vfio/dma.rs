//! Memory that a device reaches.

use std::sync::Arc;

use tph::Bdf;
use vm_memory::{Bytes, MmapRegion, VolatileMemory, VolatileMemoryError};

use super::{Iommu, call_error};
use crate::{Error, VfioCall, sys};

/// Memory of this process that every device of an [`Iommu`] reaches at one address, until it is
/// dropped. Drop it before the device: memory whose mapping cannot be taken down is never reused.
#[derive(Debug)]
pub struct DmaBuffer {
    address: Bdf,
    iommu: Iommu,
    iova: u64,
    memory: Arc<MmapRegion>,
}

impl DmaBuffer {
    pub(super) fn new(address: Bdf, iommu: &Iommu, iova: u64, size: usize) -> Result<Self, Error> {
        let memory: MmapRegion = MmapRegion::new(size).map_err(|error| Error::Call {
            address,
            call: VfioCall::AllocateDma,
            errno: None,
            detail: error.to_string(),
        })?;
        sys::map_dma(iommu.ops().as_ref(), iova, &memory)
            .map_err(|error| call_error(address, VfioCall::MapDma, &error))?;
        Ok(Self { address, iommu: iommu.clone(), iova, memory: Arc::new(memory) })
    }

    /// Where devices find it.
    pub fn iova(&self) -> u64 {
        self.iova
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.memory.size()
    }

    /// Copies bytes out of it.
    ///
    /// # Errors
    /// [`Error::Call`] past its end.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), Error> {
        let memory = self.memory.as_volatile_slice();
        memory.read_slice(bytes, offset).map_err(|error| self.error(&error))
    }

    /// Copies bytes into it.
    ///
    /// # Errors
    /// [`Error::Call`] past its end.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        let memory = self.memory.as_volatile_slice();
        memory.write_slice(bytes, offset).map_err(|error| self.error(&error))
    }

    fn error(&self, error: &VolatileMemoryError) -> Error {
        Error::Call {
            address: self.address,
            call: VfioCall::AccessDma,
            errno: None,
            detail: error.to_string(),
        }
    }
}

impl Drop for DmaBuffer {
    /// Memory that a device may still write to is kept for good rather than given to someone else.
    fn drop(&mut self) {
        if let Err(error) = self.iommu.unmap(self.iova, self.memory.size()) {
            let (device, error) = (self.address, error.to_string());
            tracing::warn!(%device, iova = self.iova, error, "memory that could not be unmapped is kept for good");
            std::mem::forget(Arc::clone(&self.memory));
        }
    }
}
