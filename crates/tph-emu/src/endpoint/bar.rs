//! BAR accesses.

use super::{Endpoint, memory, msix};

/// A BAR access that no register answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function has no BAR {0}; BAR 0 has the engine, 2 the MSI-X table, 4 memory")]
pub struct NoSuchBar(pub u8);

impl Endpoint {
    /// How many bytes a BAR has; 0 for none.
    pub fn bar_size(&self, bar: u8) -> u32 {
        match bar {
            0 => self.profile.bar_size,
            memory::BAR => self.profile.memory,
            msix::BAR if self.msix.vectors() > 0 => msix::bar_bytes(self.profile.msix_vectors),
            _ => 0,
        }
    }

    /// Reads a BAR. Registers are 32 bits wide; what is not aligned to them reads as all ones.
    /// Memory is read as it is asked for.
    ///
    /// # Errors
    /// [`NoSuchBar`] if there is none.
    pub fn bar_read(&mut self, bar: u8, offset: u64, into: &mut [u8]) -> Result<(), NoSuchBar> {
        if self.bar_size(bar) == 0 {
            return Err(NoSuchBar(bar));
        }
        if bar == memory::BAR {
            self.memory.read(offset, into);
            return Ok(());
        }
        into.fill(0xff);
        if offset.is_multiple_of(4) {
            for (offset, place) in (offset..).step_by(4).zip(into.chunks_exact_mut(4)) {
                let value = match bar {
                    0 => self.engine.read(offset, self.payload()),
                    _ => self.msix.read(offset),
                };
                place.copy_from_slice(&value.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Writes a BAR, and carries out what that starts. Registers are 32 bits wide; what is not
    /// aligned to them is dropped.
    ///
    /// # Errors
    /// [`NoSuchBar`] if there is none.
    pub fn bar_write(&mut self, bar: u8, offset: u64, data: &[u8]) -> Result<(), NoSuchBar> {
        if self.bar_size(bar) == 0 {
            return Err(NoSuchBar(bar));
        }
        if bar == memory::BAR {
            self.memory.write(offset, data);
            return Ok(());
        }
        if !offset.is_multiple_of(4) {
            return Ok(());
        }
        let (dwords, _) = data.as_chunks();
        for (offset, dword) in (offset..).step_by(4).zip(dwords) {
            let value = u32::from_le_bytes(*dword);
            if bar != 0 {
                self.msix.write(offset, value);
            } else if let Some(queue) = self.engine.write(offset, value) {
                self.transfer(queue);
            }
        }
        Ok(())
    }
}
