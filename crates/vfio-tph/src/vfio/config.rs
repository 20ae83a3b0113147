//! Configuration space through VFIO.

use tph::{AccessError, ConfigOffset, ConfigSpace};
use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use super::VfioFunction;

/// The configuration space of a function as VFIO shows it to its user. Some of it is virtual, and
/// writes to the TPH capability change nothing.
#[derive(Debug)]
pub struct ConfigRegion<'a> {
    function: &'a VfioFunction,
}

impl<'a> ConfigRegion<'a> {
    pub(super) fn new(function: &'a VfioFunction) -> Self {
        Self { function }
    }
}

impl ConfigSpace for ConfigRegion<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        self.function
            .read_region(VFIO_PCI_CONFIG_REGION_INDEX, offset.get().into(), &mut bytes)
            .map_err(|_| AccessError::Failed)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let bytes = value.to_le_bytes();
        self.function
            .write_region(VFIO_PCI_CONFIG_REGION_INDEX, offset.get().into(), &bytes)
            .map_err(|_| AccessError::Failed)
    }
}
