//! The way to a device, whatever its kind.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

use tph::{AccessError, ConfigOffset, ConfigSpace};
use vfio_tph::{Descriptor, Errno, ExportDmaBuf, FeatureNumber, FeatureTransport, Transport};
use vfio_tph::{VfioConfig, VfioFd, VfioFunction};

/// What a [`Device`](crate::Device) needs of what it stands for: a way for requests, and
/// configuration space to read.
pub trait Link: Transport + FeatureTransport + ConfigSpace + Send {
    /// The device's VFIO file, if it has one.
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Exports ranges of a BAR, each its offset and length, as a dma-buf, whose descriptor is the
    /// caller's.
    ///
    /// # Errors
    /// What was answered.
    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno>;
}

/// Through the device's file.
fn export(file: BorrowedFd<'_>, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
    let buffer = VfioFd::new(file).export_dma_buf(bar, ranges)?;
    Ok(Descriptor(OwnedFd::from(buffer).into_raw_fd()))
}

/// A device that somebody else opened.
pub(crate) struct Adopted {
    file: OwnedFd,
    config: VfioConfig<OwnedFd>,
}

impl Adopted {
    /// Takes a file of its own for the same device.
    pub(crate) fn new(file: BorrowedFd<'_>) -> Result<Self, Errno> {
        let own = || {
            let own = file.try_clone_to_owned();
            own.map_err(|error| Errno(error.raw_os_error().unwrap_or(Errno::EBADF.0)))
        };
        Ok(Self { file: own()?, config: VfioConfig::new(own()?)? })
    }
}

impl Transport for Adopted {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        VfioFd::new(self.file.as_fd()).call(request)
    }
}

impl FeatureTransport for Adopted {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        VfioFd::new(self.file.as_fd()).dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        VfioFd::new(self.file.as_fd()).feature(request)
    }
}

impl ConfigSpace for Adopted {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.config.read_config(offset)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.config.write_config(offset, value)
    }
}

impl Link for Adopted {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        export(self.file.as_fd(), bar, ranges)
    }
}

/// A device that this library opened.
pub(crate) struct Opened(pub(crate) VfioFunction);

impl Transport for Opened {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        VfioFd::new(self.0.as_fd()).call(request)
    }
}

impl FeatureTransport for Opened {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        VfioFd::new(self.0.as_fd()).dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        VfioFd::new(self.0.as_fd()).feature(request)
    }
}

impl ConfigSpace for Opened {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.0.config().read_config(offset)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.0.config().write_config(offset, value)
    }
}

impl Link for Opened {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }

    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        export(self.0.as_fd(), bar, ranges)
    }
}
