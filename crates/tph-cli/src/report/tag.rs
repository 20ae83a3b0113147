//! A tag as the command shows it.

use serde::Serialize;
use tph::SteeringTag;

/// A tag in JSON: the number, and how many bits its namespace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Tag {
    pub(crate) value: u16,
    pub(crate) bits: u8,
}

impl From<SteeringTag> for Tag {
    fn from(tag: SteeringTag) -> Self {
        Self { value: tag.entry_bits(), bits: tag.requester_type().tag_bits() }
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = 2 + usize::from(self.bits) / 4;
        write!(f, "{:#0width$x}", self.value)
    }
}
