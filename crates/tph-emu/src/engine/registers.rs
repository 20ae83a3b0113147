//! Where the registers of the engine lie.

/// `MAGIC`: "TPHE" in little-endian order.
pub const MAGIC: u32 = u32::from_le_bytes(*b"TPHE");
/// `VERSION` of this layout.
pub const VERSION: u32 = 1;
/// Where the block of queue 0 starts.
pub const QUEUE_OFFSET: u32 = 0x1000;
/// From one block to the next.
pub const QUEUE_STRIDE: u32 = 0x40;
/// The most bytes that one doorbell moves.
pub const MAX_LENGTH: u32 = 0x10_0000;
/// `STEERING`: the low half is the tag itself, not an ST index.
pub const STEERING_DIRECT: u32 = 1 << 31;
/// `STEERING`: the low half is a place of the engine's own that holds the tag.
pub const STEERING_PLACE: u32 = 1 << 30;
/// Where the places for tags start.
pub const PLACE_OFFSET: u32 = 0x400;
/// The most places for tags.
pub const MAX_PLACES: u16 = 256;
/// `VECTOR`: raise no interrupt.
pub const VECTOR_NONE: u32 = 1 << 31;

/// The offset of a place for a tag in BAR 0.
pub const fn place_offset(place: u16) -> u64 {
    PLACE_OFFSET as u64 + 4 * place as u64
}

/// How large BAR 0 must be for this many queues.
pub const fn bar_bytes(queues: u16) -> u32 {
    QUEUE_OFFSET + QUEUE_STRIDE * queues as u32
}

/// The offset of a register of a queue in BAR 0.
pub const fn offset_of(queue: u16, register: BlockRegister) -> u64 {
    QUEUE_OFFSET as u64 + QUEUE_STRIDE as u64 * queue as u64 + register as u64
}

/// Registers of the whole engine, by their offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GlobalRegister {
    /// [`MAGIC`].
    Magic = 0x00,
    /// [`VERSION`].
    Version = 0x04,
    /// How many queues.
    Queues = 0x08,
    /// [`QUEUE_OFFSET`].
    QueueOffset = 0x0c,
    /// [`QUEUE_STRIDE`].
    QueueStride = 0x10,
    /// MSI-X vectors.
    Vectors = 0x14,
    /// [`MAX_LENGTH`].
    MaxLength = 0x18,
    /// Bytes in one packet at most.
    Payload = 0x1c,
    /// Places for tags.
    Places = 0x20,
}

/// Registers of one queue, by their offset in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockRegister {
    /// Bits 31:0 of the I/O virtual address.
    TargetLow = 0x00,
    /// Bits 63:32 of the I/O virtual address.
    TargetHigh = 0x04,
    /// Bytes to write.
    Length = 0x08,
    /// ST index, with [`STEERING_DIRECT`] the tag, with [`STEERING_PLACE`] the place that holds it.
    Steering = 0x0c,
    /// Processing hint.
    Hint = 0x10,
    /// Interrupt vector, and [`VECTOR_NONE`].
    Vector = 0x14,
    /// Go.
    Doorbell = 0x18,
    /// [`Status`](super::Status) of the last doorbell.
    Status = 0x1c,
    /// Doorbells since reset.
    Doorbells = 0x20,
    /// Packets since reset.
    Packets = 0x24,
    /// Bytes since reset, bits 31:0.
    BytesLow = 0x28,
    /// Bytes since reset, bits 63:32.
    BytesHigh = 0x2c,
    /// Interrupts since reset.
    Interrupts = 0x30,
}

const GLOBAL: [GlobalRegister; 9] = [
    GlobalRegister::Magic,
    GlobalRegister::Version,
    GlobalRegister::Queues,
    GlobalRegister::QueueOffset,
    GlobalRegister::QueueStride,
    GlobalRegister::Vectors,
    GlobalRegister::MaxLength,
    GlobalRegister::Payload,
    GlobalRegister::Places,
];

const BLOCK: [BlockRegister; 13] = [
    BlockRegister::TargetLow,
    BlockRegister::TargetHigh,
    BlockRegister::Length,
    BlockRegister::Steering,
    BlockRegister::Hint,
    BlockRegister::Vector,
    BlockRegister::Doorbell,
    BlockRegister::Status,
    BlockRegister::Doorbells,
    BlockRegister::Packets,
    BlockRegister::BytesLow,
    BlockRegister::BytesHigh,
    BlockRegister::Interrupts,
];

/// What lies at an offset of BAR 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Global(GlobalRegister),
    Tag(u16),
    Block(u16, BlockRegister),
}

impl Place {
    pub(super) fn of(offset: u64) -> Option<Self> {
        let offset = u32::try_from(offset).ok()?;
        let place = offset.checked_sub(PLACE_OFFSET).and_then(|at| u16::try_from(at / 4).ok());
        if let (Some(place @ 0..MAX_PLACES), 0) = (place, offset % 4) {
            return Some(Self::Tag(place));
        }
        let Some(inside) = offset.checked_sub(QUEUE_OFFSET) else {
            let register = GLOBAL.into_iter().find(|register| *register as u32 == offset)?;
            return Some(Self::Global(register));
        };
        let queue = u16::try_from(inside / QUEUE_STRIDE).ok()?;
        let register = inside % QUEUE_STRIDE;
        let register = BLOCK.into_iter().find(|known| *known as u32 == register)?;
        Some(Self::Block(queue, register))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_is_found_where_it_lies() {
        for queue in [0, 1, 7, 2047] {
            for register in BLOCK {
                let offset = offset_of(queue, register);
                assert_eq!(Place::of(offset), Some(Place::Block(queue, register)));
                assert!(offset < u64::from(bar_bytes(queue + 1)));
            }
        }
        for register in GLOBAL {
            assert_eq!(Place::of(register as u64), Some(Place::Global(register)));
        }
        for place in [0, 1, MAX_PLACES - 1] {
            assert_eq!(Place::of(place_offset(place)), Some(Place::Tag(place)));
        }
        for offset in [0x24, 0x402, place_offset(MAX_PLACES), 0xffc, 0x1034, 0x103c, u64::MAX] {
            assert_eq!(Place::of(offset), None, "{offset:#x}");
        }
    }
}
