//! One queue: what the driver told it, what it did.

use super::registers::{BlockRegister, STEERING_DIRECT, STEERING_PLACE, VECTOR_NONE};
use tph::{ProcessingHint, StIndex};

/// How the last doorbell of a queue went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// There was none since reset.
    #[default]
    Idle = 0,
    /// Everything was sent.
    Done = 1,
    /// `LENGTH` is 0, over the maximum, or reaches past the end of the address space.
    BadLength = 2,
    /// Bus Master Enable is off.
    NotBusMaster = 3,
    /// No memory is mapped at the target; packets up to there were sent.
    Fault = 4,
}

/// Where the tag of a queue comes from in device-specific mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steering {
    /// An entry of the ST table.
    Entry(StIndex),
    /// The driver's own.
    Direct(u16),
    /// A place of the engine.
    Place(u16),
}

/// The registers of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    target: u64,
    length: u32,
    steering: u32,
    hint: u32,
    vector: u32,
    status: Status,
    doorbells: u32,
    packets: u32,
    bytes: u64,
    interrupts: u32,
}

impl Queue {
    /// How the last doorbell went.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Doorbells since reset; the number of the last one.
    pub const fn doorbells(&self) -> u32 {
        self.doorbells
    }

    pub(crate) const fn target(&self) -> u64 {
        self.target
    }

    pub(crate) const fn length(&self) -> u32 {
        self.length
    }

    pub(crate) const fn steering(&self) -> Steering {
        let low = low_half(self.steering);
        match self.steering & (STEERING_DIRECT | STEERING_PLACE) {
            0 => Steering::Entry(StIndex(low)),
            STEERING_PLACE => Steering::Place(low),
            _ => Steering::Direct(low),
        }
    }

    pub(crate) const fn hint(&self) -> ProcessingHint {
        ProcessingHint::from_low_bits(self.hint.to_le_bytes()[0])
    }

    pub(crate) const fn vector(&self) -> StIndex {
        StIndex(low_half(self.vector))
    }

    pub(crate) const fn raises_interrupt(&self) -> bool {
        self.vector & VECTOR_NONE == 0
    }

    pub(crate) const fn sent(&mut self, bytes: u16) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes as u64);
    }

    pub(crate) const fn raised(&mut self) {
        self.interrupts = self.interrupts.wrapping_add(1);
    }

    pub(crate) const fn finish(&mut self, status: Status) {
        self.status = status;
    }

    #[expect(clippy::cast_possible_truncation, reason = "a register is half of a counter")]
    pub(super) const fn read(&self, register: BlockRegister) -> u32 {
        match register {
            BlockRegister::TargetLow => self.target as u32,
            BlockRegister::TargetHigh => (self.target >> 32) as u32,
            BlockRegister::Length => self.length,
            BlockRegister::Steering => self.steering,
            BlockRegister::Hint => self.hint,
            BlockRegister::Vector => self.vector,
            BlockRegister::Doorbell => 0,
            BlockRegister::Status => self.status as u32,
            BlockRegister::Doorbells => self.doorbells,
            BlockRegister::Packets => self.packets,
            BlockRegister::BytesLow => self.bytes as u32,
            BlockRegister::BytesHigh => (self.bytes >> 32) as u32,
            BlockRegister::Interrupts => self.interrupts,
        }
    }

    pub(crate) const fn write(&mut self, register: BlockRegister, value: u32) {
        match register {
            BlockRegister::TargetLow => self.target = self.target >> 32 << 32 | value as u64,
            BlockRegister::TargetHigh => {
                self.target = self.target & 0xffff_ffff | (value as u64) << 32;
            }
            BlockRegister::Length => self.length = value,
            BlockRegister::Steering => {
                self.steering = value & (STEERING_DIRECT | STEERING_PLACE | 0xffff);
            }
            BlockRegister::Hint => self.hint = value & 3,
            BlockRegister::Vector => self.vector = value & (VECTOR_NONE | 0xffff),
            BlockRegister::Doorbell => self.doorbells = self.doorbells.wrapping_add(1),
            BlockRegister::Status
            | BlockRegister::Doorbells
            | BlockRegister::Packets
            | BlockRegister::BytesLow
            | BlockRegister::BytesHigh
            | BlockRegister::Interrupts => {}
        }
    }
}

const fn low_half(register: u32) -> u16 {
    let [b0, b1, ..] = register.to_le_bytes();
    u16::from_le_bytes([b0, b1])
}
