//! Programs that run inside the lab's guest, and what they share: the way to ask the host about the
//! emulated endpoints and to report tests.

pub mod control;

pub use control::Control;
