//! Memory that can be mapped for DMA.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tph::tlp::{Framing, HeaderBytes};

/// The packet that data comes in, as it left the function that sent it.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Its header.
    pub header: HeaderBytes,
    /// How the link of the sender frames packets.
    pub framing: Framing,
}

/// A piece of memory that a function can write to.
pub trait Memory: Send {
    /// How many bytes it has.
    fn size(&self) -> u64;

    /// Writes `data` at `offset`, all of it or nothing. The memory of a host has no use for the
    /// packet that it came in; that of a peer reads it.
    ///
    /// # Errors
    /// If it does not fit or the memory is gone.
    fn write(&mut self, offset: u64, data: &[u8], packet: &Packet) -> std::io::Result<()>;
}

/// Memory of this process that a driver and a function share. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<Mutex<Vec<u8>>>);

impl SharedMemory {
    /// `size` bytes, all 0.
    pub fn new(size: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![0; size])))
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.bytes().len()
    }

    /// A copy of the `length` bytes at `offset`, `None` if there are not so many.
    pub fn read(&self, offset: usize, length: usize) -> Option<Vec<u8>> {
        let end = offset.checked_add(length)?;
        self.bytes().get(offset..end).map(<[u8]>::to_vec)
    }

    /// Sets every byte to `value`.
    pub fn fill(&self, value: u8) {
        self.bytes().fill(value);
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for SharedMemory {
    fn size(&self) -> u64 {
        self.bytes().len() as u64
    }

    fn write(&mut self, offset: u64, data: &[u8], _: &Packet) -> std::io::Result<()> {
        let mut bytes = self.bytes();
        let target = usize::try_from(offset)
            .ok()
            .and_then(|start| bytes.get_mut(start..start.checked_add(data.len())?));
        match target {
            Some(target) => target.copy_from_slice(data),
            None => return Err(std::io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }
}
