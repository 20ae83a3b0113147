//! The memory that a function's DMA reaches, by I/O virtual address.

mod buffer;
mod map;
mod memory;

pub use buffer::BarRange;
pub(crate) use buffer::Buffer;
pub use map::{DmaError, IoMap};
pub use memory::{Memory, Packet, SharedMemory};
