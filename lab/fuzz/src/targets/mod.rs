//! The targets, a file for each.

pub mod atomic;
pub mod capi;
pub mod decoder;
pub mod dispatcher;
pub mod dump;
pub mod guest;
pub mod plan;
pub mod plan_file;
pub mod profile;
pub mod server;
pub mod slots;
pub mod sysroot;
pub mod wire;

/// A number from the input below `end`, which is not 0.
fn below(input: &mut arbitrary::Unstructured<'_>, end: u32) -> u32 {
    input.int_in_range(0..=end - 1).unwrap_or(0)
}

/// A number of few bits from the input.
fn any<T: for<'a> arbitrary::Arbitrary<'a> + Default>(
    input: &mut arbitrary::Unstructured<'_>,
) -> T {
    input.arbitrary().unwrap_or_default()
}
