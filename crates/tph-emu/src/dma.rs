//! The memory that a function's DMA reaches, by I/O virtual address.

mod map;
mod memory;

pub use map::{DmaError, IoMap};
pub use memory::{Memory, SharedMemory};
