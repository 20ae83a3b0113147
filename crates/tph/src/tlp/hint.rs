//! The tag and the processing hint of one request.

use crate::{ProcessingHint, SteeringTag, Tag8, Tag16};

/// What a request with the hint turned on says about its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    /// Where the data should go. A tag of 0 states no preference.
    ///
    /// A non-flit packet does not tell an 8-bit tag from a 16-bit tag whose upper byte is 0; it is
    /// decoded as the 8-bit one.
    pub tag: SteeringTag,
    /// Who will use the data.
    pub processing: ProcessingHint,
}

impl Hint {
    /// A hint that steers to `tag`.
    pub const fn new(tag: SteeringTag, processing: ProcessingHint) -> Self {
        Self { tag, processing }
    }

    /// ST\[7:0\].
    pub(super) const fn low_byte(self) -> u8 {
        self.tag.entry_bits().to_le_bytes()[0]
    }

    /// ST\[15:8\], 0 for an 8-bit tag.
    pub(super) const fn high_byte(self) -> u8 {
        self.tag.entry_bits().to_le_bytes()[1]
    }

    /// The hint of an 8-bit tag and the low two bits of `processing`.
    pub(super) const fn narrow(tag: u8, processing: u8) -> Self {
        Self::new(SteeringTag::Standard(Tag8(tag)), ProcessingHint::from_low_bits(processing))
    }

    /// The hint of a 16-bit tag and the low two bits of `processing`.
    pub(super) const fn wide(high: u8, low: u8, processing: u8) -> Self {
        Self::new(
            SteeringTag::Extended(Tag16(u16::from_le_bytes([low, high]))),
            ProcessingHint::from_low_bits(processing),
        )
    }
}
