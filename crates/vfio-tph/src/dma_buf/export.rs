//! Exporting memory of a device as a dma-buf.

use std::os::fd::AsFd;

use tph_abi::{Errno, Transport};

use super::{DmaBuf, DmaBufStep};
use crate::{Error, TphDevice, VfioFd, sys};

/// Whatever exports memory of a device: the kernel, an emulated host.
pub trait ExportDmaBuf {
    /// What names the dma-buf.
    type Buffer;

    /// Exports ranges of a BAR, each its offset and length in whole pages, as one dma-buf.
    ///
    /// # Errors
    /// What was answered; `ENOTTY` where no dma-bufs are exported, `EINVAL` for ranges that cannot be.
    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Self::Buffer, Errno>;
}

impl<F: AsFd> ExportDmaBuf for VfioFd<F> {
    type Buffer = DmaBuf;

    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<DmaBuf, Errno> {
        sys::export_dma_buf(self.as_fd(), bar, ranges).map(DmaBuf::from)
    }
}

impl<T: Transport + ExportDmaBuf> TphDevice<T> {
    /// Exports ranges of a BAR, each its offset and length in whole pages, as one dma-buf. Its memory
    /// is out of reach for peers while the device is closed, in reset, in low power, or has its
    /// memory space off. Set its [tags](Self::set_dma_buf_tags) before you hand it on.
    ///
    /// # Errors
    /// [`Error::Request`]; `ENOTTY` where VFIO exports no dma-bufs.
    pub fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<T::Buffer, Error> {
        let exported = self.transport().export_dma_buf(bar, ranges);
        self.told(DmaBufStep::Export { bar }, exported)
    }
}
