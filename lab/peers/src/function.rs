//! A function that somebody reads.

use tph::{AccessError, ConfigOffset, ConfigSpace};
use tph_lab_hosts::ConfigImage;

/// A configuration space and where it is to be found.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its address, with the domain.
    pub address: String,
    /// Its configuration space: 64, 256 or 4096 bytes.
    pub image: ConfigImage,
}

/// All of them as one dump, which `lspci -F` and this project's command read.
pub fn dump(functions: &[Function]) -> String {
    functions.iter().map(|function| function.image.dump(&function.address)).collect()
}

/// The bytes of a configuration space, to be read only.
#[derive(Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl ConfigSpace for Bytes<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let bytes = self.0.get(usize::from(offset.get())..).and_then(<[u8]>::first_chunk);
        bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(AccessError::Failed)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}
