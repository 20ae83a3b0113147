//! Memory of a device for its peers.

use tph::{Control, RequesterEnable, RequesterType, TphCapability};

use super::VfioFunction;
use crate::{DmaBuf, Error, VfioCall};

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
        let Some(capability) = TphCapability::find(&mut config).map_err(failed)? else {
            return Ok(None);
        };
        let Some(at) = capability.control() else { return Ok(None) };
        let control = tph::ConfigSpace::read_config(&mut config, at).map_err(failed)?;
        Ok(match Control(control).enable() {
            RequesterEnable::On(requester) => Some(requester),
            _ => None,
        })
    }
}
