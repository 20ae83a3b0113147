//! The differential test: the same generated requests go to two servers of `VFIO_DEVICE_PCI_TPH`,
//! and all that a user can see of both must be equal after each step: errno, reply bytes, registers.
//!
//! A [`Generator`] makes sequences of [`Step`]s for a [`Target`] from a seed; a [`Campaign`] sends
//! them to a [`Pair`] of [`Side`]s; at the first [`Difference`] it looks for the shortest sequence
//! that shows one and hands that back as a [`Mismatch`]. What the right answer would be, nobody here
//! knows: that is the business of `tph` and of the conformance cases.

mod campaign;
mod emulated;
mod generate;
mod mismatch;
mod pair;
mod random;
mod rights;
mod shrink;
mod side;
mod simplify;
mod step;
mod target;
mod totals;

pub use campaign::Campaign;
pub use emulated::{Emulated, EmulatedError};
pub use generate::Generator;
pub use mismatch::{Difference, Mismatch};
pub use pair::{Look, Pair, Visit};
pub use random::Random;
pub use rights::Rights;
pub use shrink::shrink;
pub use side::Side;
pub use step::Step;
pub use target::Target;
pub use totals::Totals;
