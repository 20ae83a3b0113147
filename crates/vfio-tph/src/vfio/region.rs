//! Regions: BARs and configuration space through system calls.

use std::os::fd::AsFd;

use tph_abi::Errno;

use super::VfioFunction;
use crate::{Error, VfioCall};

impl VfioFunction {
    /// How many bytes a region has; 0 if there is none. Regions 0 to 5 are the BARs, 7 is
    /// configuration space.
    pub fn region_size(&self, region: u32) -> u64 {
        self.device.get_region_size(region)
    }

    /// Reads from a region.
    ///
    /// # Errors
    /// [`Error::Call`]; also for an access past its end.
    pub fn read_region(&self, region: u32, offset: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let call = VfioCall::ReadRegion { region };
        let at = self.region_offset(region, offset, bytes.len(), call)?;
        let length = bytes.len();
        let done = rustix::io::pread(self.as_fd(), bytes, at);
        self.check_length(done, length, call)
    }

    /// Writes to a region.
    ///
    /// # Errors
    /// [`Error::Call`]; also for an access past its end.
    pub fn write_region(&self, region: u32, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let call = VfioCall::WriteRegion { region };
        let at = self.region_offset(region, offset, bytes.len(), call)?;
        let done = rustix::io::pwrite(self.as_fd(), bytes, at);
        self.check_length(done, bytes.len(), call)
    }

    fn region_offset(
        &self,
        region: u32,
        offset: u64,
        length: usize,
        call: VfioCall,
    ) -> Result<u64, Error> {
        let size = self.region_size(region);
        let end = u64::try_from(length).ok().and_then(|length| offset.checked_add(length));
        if end.is_none_or(|end| end > size) {
            let detail = format!("{length} bytes at {offset:#x} of {size:#x}");
            return Err(self.detail_error(call, detail));
        }
        Ok(self.device.get_region_offset(region) + offset)
    }

    fn check_length(
        &self,
        done: rustix::io::Result<usize>,
        length: usize,
        call: VfioCall,
    ) -> Result<(), Error> {
        match done {
            Ok(count) if count == length => Ok(()),
            Ok(count) => Err(self.detail_error(call, format!("only {count} of {length} bytes"))),
            Err(errno) => Err(self.errno_error(call, Errno(errno.raw_os_error()))),
        }
    }
}
