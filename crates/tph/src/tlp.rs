//! Tagged packets, byte by byte: how a memory request says which cache its data should go to.
//!
//! A link runs in one of two [`Framing`]s. In non-flit mode (PCIe 6.x, 2.2.7.1.1) the header has no
//! room for a tag, so the tag takes the place of another field and its upper byte travels in a
//! prefix; in flit mode a dword of extra header content, OHC-B, carries all of it. Here, and only
//! here, is written down which bits of a tag of which width go where.
//!
//! [`encode`] makes the header of a [`MemoryRequest`], [`decode`] reads one. Neither allocates, and
//! no input makes them panic.

mod flit;
mod hint;
mod non_flit;
mod request;
mod wire;

pub use hint::Hint;
pub use request::{ByteEnables, Extent, LengthDw, MemoryRequest, RequestKind};
pub use wire::{DecodeError, EncodeError, HeaderBytes};

/// How the packets of a link are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Up to PCIe 5.0 always, from 6.0 where the link negotiated it: prefixes, a TH bit.
    NonFlit,
    /// From PCIe 6.0: orthogonal header content, no prefixes, no TH bit.
    Flit,
}

/// The header of `request` as it goes on the wire, its prefixes or header content included.
///
/// # Errors
/// [`EncodeError`] if this framing cannot say what the request says.
pub const fn encode(request: &MemoryRequest, framing: Framing) -> Result<HeaderBytes, EncodeError> {
    match framing {
        Framing::NonFlit => non_flit::encode(request),
        Framing::Flit => flit::encode(request),
    }
}

/// Reads the header at the start of `bytes`, and says how many bytes it takes; the data, if any,
/// follow it.
///
/// What a hint displaced reads as it is implied: the tag of a hinted write as 0, the byte enables
/// of a hinted read as full. Byte enables of an atomic operation, which has none, read as full too.
/// Prefixes and header content of other purposes are passed over.
///
/// # Errors
/// [`DecodeError`] if it is no memory request or ends too early.
pub fn decode(bytes: &[u8], framing: Framing) -> Result<(MemoryRequest, usize), DecodeError> {
    match framing {
        Framing::NonFlit => non_flit::decode(bytes),
        Framing::Flit => flit::decode(bytes),
    }
}

#[cfg(test)]
mod tests;
