//! One of the two that are compared.

use tph_abi::Errno;
use tph_conformance::Subject;

use crate::Rights;

/// A device behind the interface whose user may also write to its configuration space.
pub trait Side: Subject {
    /// Writes configuration space as a user of the device does.
    ///
    /// # Errors
    /// What the write was answered.
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno>;
    /// Sets up MSI-X vectors 0 to `count` - 1 as a user of the device does.
    ///
    /// # Errors
    /// What was answered.
    fn set_up_vectors(&mut self, count: u16) -> Result<(), Errno>;
    /// Frees all MSI-X vectors.
    ///
    /// # Errors
    /// What was answered.
    fn free_vectors(&mut self) -> Result<(), Errno>;
    /// Makes requests with these rights from now on, also after closing and opening.
    fn set_rights(&mut self, rights: Rights);
    /// The tags of the first `count` MSI-X vectors, as the device's table holds them. It is asked
    /// only while memory accesses are on.
    fn tags(&mut self, count: u16) -> Vec<u16>;
}
