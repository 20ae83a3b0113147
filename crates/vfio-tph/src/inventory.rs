//! Many functions.

use crate::FunctionView;

/// The functions of a host or of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inventory {
    /// The functions, in the order of their addresses.
    pub functions: Vec<FunctionView>,
    /// Names of functions whose address has more than 16 bits of domain, which this library has no
    /// type for.
    pub skipped: Vec<String>,
}
