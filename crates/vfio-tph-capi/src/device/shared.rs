//! The link of a device, for all who use it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vfio_tph::{Descriptor, Errno, ExportDmaBuf, FeatureNumber, FeatureTransport, Transport};

use crate::Link;

/// The link, which the guard that turns TPH off again needs too. Only ever used with the device's
/// state locked.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Box<dyn Link>>>);

impl Shared {
    pub(super) fn new(link: impl Link + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(link))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Box<dyn Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Shared {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.lock().call(request)
    }
}

impl FeatureTransport for Shared {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.lock().dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.lock().feature(request)
    }
}

impl ExportDmaBuf for Shared {
    type Buffer = Descriptor;

    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        self.lock().export_dma_buf(bar, ranges)
    }
}
