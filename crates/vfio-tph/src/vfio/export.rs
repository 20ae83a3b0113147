//! Exporting memory of a device.

use std::os::fd::OwnedFd;

use tph::{Control, RequesterEnable, RequesterType, TphCapability};
use tph_abi::Errno;
use vfio_ioctls::{VfioError, VfioRegionDmaRange};

use super::VfioFunction;
use crate::{DmaBuf, Error, VfioCall};

/// `O_CLOEXEC | O_RDWR`: whoever has it may write to the memory.
const OPEN_FLAGS: u32 = 0o2_000_000 | 2;

impl VfioFunction {
    /// Exports ranges of a BAR, each its offset and length in whole pages, as one dma-buf. Its memory
    /// is out of reach for peers while the device is closed, in reset, in low power, or has its
    /// memory space off. Set its [tags](crate::TphDevice::set_dma_buf_tags) before you hand it on.
    ///
    /// # Errors
    /// [`Error::Call`]; also where VFIO exports no dma-bufs.
    pub fn export_dma_buf(&self, bar: u32, ranges: &[(u64, u64)]) -> Result<DmaBuf, Error> {
        let call = VfioCall::ExportDmaBuf { bar };
        let range = |&(offset, length): &(u64, u64)| VfioRegionDmaRange { offset, length };
        let ranges: Vec<_> = ranges.iter().map(range).collect();
        match self.device().export_dma_buf(bar, &ranges, OPEN_FLAGS) {
            Ok(Some(file)) => Ok(DmaBuf::from(OwnedFd::from(file))),
            Ok(None) => Err(Error::Call {
                address: self.address(),
                call,
                errno: Some(Errno::ENOTTY),
                detail: "VFIO of this kernel exports no dma-bufs".into(),
            }),
            Err(error) => Err(self.not_exported(call, &error)),
        }
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

    fn not_exported(&self, call: VfioCall, error: &VfioError) -> Error {
        let mut error = self.call_error(call, error);
        if let Error::Call { errno: Some(Errno::EINVAL), detail, .. } = &mut error {
            "each range must be whole pages inside of the BAR, and there must be one"
                .clone_into(detail);
        }
        error
    }
}
