//! One of the two that are compared.

use tph_abi::Errno;
use tph_conformance::Subject;

/// A device behind the interface whose user may also write to its configuration space.
pub trait Side: Subject {
    /// Writes configuration space as a user of the device does.
    ///
    /// # Errors
    /// What the write was answered.
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno>;
}
