//! The MSI-X capability, as far as an ST table that lies in the MSI-X table needs it.

use crate::{AccessError, ConfigOffset, ConfigSpace, find_capability};

const MSIX_CAPABILITY_ID: u8 = 0x11;

/// The first dword of an MSI-X capability: ID, next pointer and Message Control
/// (PCIe 6.x, 7.7.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsixCapability(pub u32);

impl MsixCapability {
    /// Looks for the MSI-X capability of a function.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn find(
        space: &mut (impl ConfigSpace + ?Sized),
    ) -> Result<Option<(ConfigOffset, Self)>, AccessError> {
        let Some(offset) = find_capability(space, MSIX_CAPABILITY_ID)? else {
            return Ok(None);
        };
        Ok(Some((offset, Self(space.read_config(offset)?))))
    }

    /// How many vectors the MSI-X table has, 1 to 2048.
    pub const fn vectors(self) -> u16 {
        (self.0 >> 16 & 0x7ff) as u16 + 1
    }
}
