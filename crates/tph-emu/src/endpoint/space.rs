//! Accesses to configuration space, and what outlives a reset.

use tph::{AccessError, TableLocation};

use super::{Endpoint, layout, msix};
use crate::profile::PowerManagement;

impl Endpoint {
    /// Reads configuration space as software does.
    ///
    /// # Errors
    /// [`AccessError`] if that was asked for with [`inject`](Self::inject).
    pub fn config_read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), AccessError> {
        self.injection.pass()?;
        self.counts.config_reads += 1;
        self.counts.tph_reads += u64::from(self.in_capability(offset, into.len()));
        self.config.read(offset, into);
        Ok(())
    }

    /// Writes configuration space as software does.
    ///
    /// # Errors
    /// [`AccessError`] if that was asked for with [`inject`](Self::inject).
    pub fn config_write(&mut self, offset: u64, data: &[u8]) -> Result<(), AccessError> {
        self.injection.pass()?;
        self.counts.config_writes += 1;
        self.counts.tph_writes += u64::from(self.in_capability(offset, data.len()));
        let slept = self.sleeps();
        self.config.write(offset, data);
        if slept && !self.sleeps() && self.profile.power == PowerManagement::Resets {
            self.reset();
        }
        let byte = Self::reset_byte(offset).and_then(|at| data.get(at));
        if byte.is_some_and(|byte| byte & layout::FUNCTION_RESET != 0) {
            self.reset();
        }
        Ok(())
    }

    /// Whether it is in D3hot.
    pub(crate) fn sleeps(&self) -> bool {
        self.profile.power != PowerManagement::None
            && self.config.dword(layout::POWER_CONTROL) & layout::D3HOT == layout::D3HOT
    }

    /// Which byte of a write to `offset` holds the bit that resets the function, if the write is so
    /// long.
    pub(crate) fn reset_byte(offset: u64) -> Option<usize> {
        let byte = u64::from(layout::DEVICE_CONTROL) + 1;
        usize::try_from(byte.checked_sub(offset)?).ok()
    }

    /// Sets bits of the Command register, without counting.
    pub(crate) fn set_command(&mut self, bits: u32) {
        let command = self.config.dword(layout::COMMAND) | bits;
        self.config.write(u64::from(layout::COMMAND), &command.to_le_bytes());
    }

    /// What the PCI core saves before a reset: everything but the extended capabilities.
    pub(crate) fn save(&self) -> Saved {
        let mut registers = vec![0; usize::from(layout::FIRST_EXTENDED)];
        self.config.read(0, &mut registers);
        Saved { registers, msix: self.msix.clone() }
    }

    /// What the PCI core restores after a reset.
    pub(crate) fn restore(&mut self, saved: Saved) {
        self.config.write(0, &saved.registers);
        self.msix = saved.msix;
        if self.answers_memory() {
            self.write_back_tags();
        }
    }

    /// Whether any of these bytes of configuration space belongs to the TPH capability, whose
    /// registers only the kernel writes.
    pub(crate) fn owned_by_kernel(&self, offset: u64, length: usize) -> bool {
        self.in_capability(offset, length)
    }

    fn in_capability(&self, offset: u64, length: usize) -> bool {
        let Some(tph) = self.profile.tph else {
            return false;
        };
        let register = tph.register();
        let entries = match register.table_location() {
            TableLocation::Capability => register.table_size(),
            _ => 0,
        };
        let start = u64::from(tph.offset);
        let end = start + u64::from(layout::TABLE) + 2 * u64::from(entries);
        offset < end && offset.saturating_add(length as u64) > start
    }
}

/// Registers that outlive a reset.
pub(crate) struct Saved {
    registers: Vec<u8>,
    msix: msix::MsixTable,
}
