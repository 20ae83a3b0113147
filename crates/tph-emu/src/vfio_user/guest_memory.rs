//! Guest memory, as a file that the client shares.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::dma::{Memory, Packet};

/// A piece of a file that backs guest memory.
#[derive(Debug)]
pub(super) struct GuestMemory {
    file: File,
    offset: u64,
    size: u64,
}

impl GuestMemory {
    /// The `size` bytes at `offset` of `file`.
    ///
    /// # Errors
    /// If the file does not have them.
    pub(super) fn new(file: File, offset: u64, size: u64) -> io::Result<Self> {
        let end = offset.checked_add(size).ok_or(io::ErrorKind::InvalidInput)?;
        if file.metadata()?.len() < end {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self { file, offset, size })
    }
}

impl Memory for GuestMemory {
    fn size(&self) -> u64 {
        self.size
    }

    fn write(&mut self, offset: u64, data: &[u8], _: &Packet) -> io::Result<()> {
        let end = offset.checked_add(data.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.file.write_all_at(data, self.offset + offset)
    }
}
