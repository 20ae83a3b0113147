//! The way to whoever answers: a kernel's file descriptor, or an emulated function.

use crate::{Errno, FeatureNumber};

/// Carries one request to the function and its answer back.
pub trait Transport {
    /// Sends the request in `request`, whose `argsz` is at most its length. On success the answer
    /// is in the same bytes.
    ///
    /// # Errors
    /// The errno that the other side answers; `request` is unchanged then.
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno>;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        (**self).call(request)
    }
}

/// Carries `VFIO_DEVICE_FEATURE` requests too.
pub trait FeatureTransport: Transport {
    /// The number that the feature `DMA_BUF_TPH` has on the other side.
    ///
    /// # Errors
    /// `ENOTTY` if the other side does not say, which means that it does not serve it.
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno>;

    /// Sends the request in `request`, whose `argsz` is at most its length.
    ///
    /// # Errors
    /// The errno that the other side answers.
    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno>;
}

impl<T: FeatureTransport + ?Sized> FeatureTransport for &mut T {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        (**self).dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        (**self).feature(request)
    }
}
