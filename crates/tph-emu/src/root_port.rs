//! The port above a function.

use crate::endpoint::ConfigImage;
use crate::endpoint::layout;
use crate::profile::RootPortProfile;
use tph::{AccessError, ConfigOffset, ConfigSpace};

/// A root port and its configuration space.
#[derive(Clone, Debug)]
pub(crate) struct RootPort {
    config: ConfigImage,
}

impl RootPort {
    pub(crate) fn new(profile: &RootPortProfile) -> Self {
        Self { config: layout::root_port(profile) }
    }
}

impl ConfigSpace for RootPort {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        Ok(self.config.dword(offset.get()))
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.config.write(u64::from(offset.get()), &value.to_le_bytes());
        Ok(())
    }
}
