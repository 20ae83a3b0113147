//! The way to a function of an emulated host, for C tests and for the fuzzer.

use tph::{AccessError, ConfigOffset, ConfigSpace};
use tph_emu::{BarRange, EmuDevice, EmuFile, Region};
use vfio_tph::{Descriptor, Errno, FeatureNumber, FeatureTransport, Transport};
use vfiotph::Link;

/// An open function, and what it exported.
pub(crate) struct Emulated {
    device: EmuDevice,
    /// Open until the device is closed: C has numbers and no way to close them.
    exported: Vec<EmuFile>,
}

impl Emulated {
    /// The function that `device` has open.
    pub(crate) fn new(device: EmuDevice) -> Self {
        Self { device, exported: Vec::new() }
    }
}

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device.call(request)
    }
}

impl ConfigSpace for Emulated {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        let read = self.device.config_read(offset.get().into(), &mut bytes);
        read.map(|()| u32::from_le_bytes(bytes)).map_err(|_| AccessError::Failed)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let written =
            self.device.region_write(Region::Config, offset.get().into(), &value.to_le_bytes());
        written.map_err(|_| AccessError::Failed)
    }
}

impl FeatureTransport for Emulated {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.device.dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device.feature(request)
    }
}

impl Link for Emulated {
    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        let region = Region::from_index(bar).ok_or(Errno::ENODEV)?;
        let ranges: Vec<_> =
            ranges.iter().map(|&(offset, length)| BarRange { offset, length }).collect();
        let file = self.device.export_dma_buf(region, &ranges)?;
        let number = file.number();
        self.exported.push(file);
        Ok(Descriptor(number))
    }
}
