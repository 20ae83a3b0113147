//! Memory of a device for its peers.

use tph::RequesterType;

use super::VfioFunction;
use crate::{DmaBuf, Error, TphView, VfioCall};

impl VfioFunction {
    /// As [`TphDevice::export_dma_buf`](crate::TphDevice::export_dma_buf).
    ///
    /// # Errors
    /// As there.
    pub fn export_dma_buf(&self, bar: u32, ranges: &[(u64, u64)]) -> Result<DmaBuf, Error> {
        self.tph().export_dma_buf(bar, ranges)
    }

    /// Which tags the device sends now: those of dma-bufs that it writes to are asked for in this
    /// width. `None` while TPH is off.
    ///
    /// # Errors
    /// [`Error::Call`] if its configuration space cannot be read.
    pub fn requester_type(&self) -> Result<Option<RequesterType>, Error> {
        let mut config = self.config();
        let failed = |_| self.detail_error(VfioCall::ReadRegion { region: 7 }, "failed".into());
        let on = TphView::when_on(&mut config).map_err(failed)?;
        Ok(on.map(|(_, requester)| requester))
    }
}
