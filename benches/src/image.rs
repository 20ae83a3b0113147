//! Bytes as configuration space.

use tph::{AccessError, ConfigOffset, ConfigSpace};

/// The configuration space of a function as it was saved; what lies past its end cannot be read.
pub(crate) struct Image<'a>(pub(crate) &'a [u8]);

impl ConfigSpace for Image<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let bytes = self.0.get(usize::from(offset.get())..).and_then(<[u8]>::first_chunk);
        bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(AccessError::Failed)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}
