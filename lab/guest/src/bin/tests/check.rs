//! Short ways to say what a test expects.

use std::fmt::Debug;

use tph_abi::Errno;
use tph_lab_guest::Failure;
use vfio_tph::Error;

/// What the interface itself answered.
///
/// # Panics
/// If the request did not get that far.
pub(crate) fn errno<T>(outcome: Result<T, Error>) -> Result<T, Errno> {
    outcome.map_err(|error| match error {
        Error::Request { errno, .. } => errno,
        other => panic!("{other}"),
    })
}

/// Fails with what was found, if it is not what was expected.
#[expect(clippy::needless_pass_by_value, reason = "reads as a sentence where it is called")]
pub(crate) fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:x?}, expected {expected:x?}").into())
}
