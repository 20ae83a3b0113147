//! The DMA engine of a function: queues that write a pattern to memory when their doorbell rings.
//!
//! BAR 0 holds its registers, all 32 bits wide and little-endian. An access must be of 4 or 8 bytes
//! and aligned; any other reads as all ones and writes nothing. docs/endpoint.md tells the same story
//! for authors of drivers.
//!
//! | offset | register | |
//! |---|---|---|
//! | 0x000 | `MAGIC` | RO, "TPHE" in little-endian order |
//! | 0x004 | `VERSION` | RO, 1 |
//! | 0x008 | `QUEUES` | RO, how many queues |
//! | 0x00c | `QUEUE_OFFSET` | RO, where the block of queue 0 starts, 0x1000 |
//! | 0x010 | `QUEUE_STRIDE` | RO, from one block to the next, 0x40 |
//! | 0x014 | `VECTORS` | RO, MSI-X vectors |
//! | 0x018 | `MAX_LENGTH` | RO, the most bytes of one doorbell, 1 MiB |
//! | 0x01c | `PAYLOAD` | RO, bytes in one packet at most, as configured now |
//! | 0x020 | `PLACES` | RO, places for tags of the engine's own |
//! | 0x400 | `TAG` | RW, place 0: reads as 0; one register for each place, bits 15:0 |
//!
//! | offset in a block | register | |
//! |---|---|---|
//! | 0x00 | `TARGET_LOW` | RW, I/O virtual address, bits 31:0 |
//! | 0x04 | `TARGET_HIGH` | RW, bits 63:32 |
//! | 0x08 | `LENGTH` | RW, bytes |
//! | 0x0c | `STEERING` | RW, device-specific mode: bits 15:0 are the ST index, with bit 31 the tag itself, with bit 30 the place that holds it |
//! | 0x10 | `HINT` | RW, bits 1:0: processing hint |
//! | 0x14 | `VECTOR` | RW, bits 15:0: the interrupt vector of the queue; bit 31: raise none |
//! | 0x18 | `DOORBELL` | WO, any value: go. The transfer is over when the write is |
//! | 0x1c | `STATUS` | RO, [`Status`] of the last doorbell |
//! | 0x20 | `DOORBELLS` | RO, doorbells since reset |
//! | 0x24 | `PACKETS` | RO, packets sent since reset |
//! | 0x28 | `BYTES_LOW` | RO, bytes sent since reset |
//! | 0x2c | `BYTES_HIGH` | RO |
//! | 0x30 | `INTERRUPTS` | RO, interrupts raised since reset |
//!
//! The data is a [`pattern`] of the queue and the number of the doorbell.

mod pattern;
mod queue;
pub mod registers;
mod span;

pub use pattern::pattern;
pub(crate) use queue::Steering;
pub use queue::{Queue, Status};
pub(crate) use span::packets;

use registers::{BlockRegister, GlobalRegister, Place};

/// The queues of one function and the registers in front of them.
#[derive(Clone, Debug)]
pub struct Engine {
    queues: Vec<Queue>,
    vectors: u16,
    /// Tags in the engine's own places; that in place 0 is not used.
    tags: Vec<u16>,
}

impl Engine {
    pub(crate) fn new(queues: u16, vectors: u16, places: u16) -> Self {
        let queues = vec![Queue::default(); usize::from(queues)];
        Self { queues, vectors, tags: vec![0; usize::from(places)] }
    }

    /// The queues.
    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    pub(crate) fn queue_mut(&mut self, queue: u16) -> Option<&mut Queue> {
        self.queues.get_mut(usize::from(queue))
    }

    pub(crate) fn reset(&mut self) {
        self.queues.fill(Queue::default());
        self.tags.fill(0);
    }

    /// The tag in a place; `None` for place 0, which stands for no tag, and where no place is.
    pub(crate) fn tag(&self, place: u16) -> Option<u16> {
        self.tags.get(usize::from(place)).copied().filter(|_| place != 0)
    }

    /// Reads the register at `offset`; `payload` is what the link is set to now.
    pub(crate) fn read(&self, offset: u64, payload: u32) -> u32 {
        match Place::of(offset) {
            Some(Place::Global(register)) => match register {
                GlobalRegister::Magic => registers::MAGIC,
                GlobalRegister::Version => registers::VERSION,
                GlobalRegister::Queues => u32::try_from(self.queues.len()).unwrap_or(u32::MAX),
                GlobalRegister::QueueOffset => registers::QUEUE_OFFSET,
                GlobalRegister::QueueStride => registers::QUEUE_STRIDE,
                GlobalRegister::Vectors => u32::from(self.vectors),
                GlobalRegister::MaxLength => registers::MAX_LENGTH,
                GlobalRegister::Payload => payload,
                GlobalRegister::Places => u32::try_from(self.tags.len()).unwrap_or(u32::MAX),
            },
            Some(Place::Tag(place)) => self.tag(place).map_or(0, u32::from),
            Some(Place::Block(queue, register)) => {
                self.queues.get(usize::from(queue)).map_or(0, |queue| queue.read(register))
            }
            None => 0,
        }
    }

    /// Writes the register at `offset`; the queue whose doorbell that was, if any.
    pub(crate) fn write(&mut self, offset: u64, value: u32) -> Option<u16> {
        let (number, register) = match Place::of(offset)? {
            Place::Block(number, register) => (number, register),
            Place::Tag(place) => {
                if let Some(tag) = self.tags.get_mut(usize::from(place)) {
                    let [b0, b1, ..] = value.to_le_bytes();
                    *tag = u16::from_le_bytes([b0, b1]);
                }
                return None;
            }
            Place::Global(_) => return None,
        };
        let queue = self.queue_mut(number)?;
        queue.write(register, value);
        (register == BlockRegister::Doorbell).then_some(number)
    }
}
