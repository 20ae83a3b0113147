//! Dma-bufs, as a driver holds them by descriptors.

use tph::Completer;
use tph_abi::{Errno, FeatureNumber, FeatureTransport, answer_feature};

use super::{EmuDevice, Region};
use crate::dma::BarRange;
use crate::host::{ImportError, OpenFile, SharedHost};

/// A descriptor of the emulated host that is open. It has a number, as descriptors have, by which
/// requests name it; dropping this closes it, so it must not be dropped with the host locked. The
/// host is one process, so whoever has the number can use it.
pub struct EmuFile {
    host: SharedHost,
    number: i32,
}

impl EmuFile {
    /// Opens a file that VFIO did not export: what a request about dma-bufs has to refuse.
    ///
    /// # Errors
    /// `EMFILE` if no number is left.
    pub fn open(host: &SharedHost, file: OpenFile) -> Result<Self, Errno> {
        let number = host.lock().open_file(file)?;
        Ok(Self { host: host.clone(), number })
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.number
    }
}

impl Drop for EmuFile {
    fn drop(&mut self) {
        self.host.lock().close_file(self.number);
    }
}

impl std::fmt::Debug for EmuFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmuFile").field("number", &self.number).finish_non_exhaustive()
    }
}

impl EmuDevice {
    /// Exports ranges of a BAR as a dma-buf, as `VFIO_DEVICE_FEATURE_DMA_BUF` does. It outlives the
    /// device, but its memory is out of reach while the device is closed, asleep or has its memory
    /// accesses off.
    ///
    /// # Errors
    /// `ENODEV` for a region that is no BAR; `EINVAL` for no range, one that is empty, not whole
    /// pages or not inside of the BAR, and for a BAR of registers; `EMFILE` if no number is left.
    pub fn export_dma_buf(&self, region: Region, ranges: &[BarRange]) -> Result<EmuFile, Errno> {
        let Region::Bar(bar) = region else { return Err(Errno::ENODEV) };
        let number = self.host().lock().export(self.function(), bar, ranges)?;
        Ok(EmuFile { host: self.host().clone(), number })
    }

    /// Maps the dma-buf of a peer for this device's DMA at `iova`. The mapping keeps it after its
    /// descriptor is closed, and ends when its memory goes out of reach or its device is reset: then
    /// packets to it are faults, until it is mapped anew.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn map_dma_buf(&self, iova: u64, descriptor: i32) -> Result<(), ImportError> {
        self.host().lock().import(self.function(), iova, descriptor)
    }
}

impl FeatureTransport for &EmuDevice {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Ok(self.0.host.lock().dma_buf_feature())
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let caller = self.0.caller();
        let mut host = self.0.host.lock();
        let number = host.dma_buf_feature();
        let mut view = host.view(self.0.function, &caller);
        let completer = Completer::of(&mut view)?;
        answer_feature(request, number, completer, &mut view).unwrap_or(Err(Errno::ENOTTY))
    }
}

impl FeatureTransport for EmuDevice {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        (&*self).dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        (&*self).feature(request)
    }
}

#[cfg(test)]
mod tests;
