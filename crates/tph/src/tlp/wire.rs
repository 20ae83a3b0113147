//! What both framings share: type codes, the bytes of a header, errors.

use core::fmt;

use super::RequestKind;

/// The bytes of a header, with its prefixes or its header content: 12 to 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderBytes {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl HeaderBytes {
    /// Four dwords of header, and OHC-A and OHC-B.
    const MAX: usize = 24;

    pub(super) const EMPTY: Self = Self { bytes: [0; Self::MAX], len: 0 };

    /// The bytes in the order in which they are sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The same bytes and one dword more; a dword beyond the longest header has no place.
    pub(super) const fn then(mut self, dword: [u8; 4]) -> Self {
        if let Some((_, free)) = self.bytes.split_at_mut_checked(self.len) {
            if let Some((place, _)) = free.split_first_chunk_mut() {
                *place = dword;
                self.len += 4;
            }
        }
        self
    }

    /// The same bytes and an address: one dword below 4 GiB, else two. `low_bits` replace the
    /// lowest two bits.
    pub(super) const fn then_address(self, address: u64, low_bits: u8) -> Self {
        let [h3, h2, h1, h0, l3, l2, l1, l0] = address.to_be_bytes();
        let low = [l3, l2, l1, l0 & !3 | low_bits & 3];
        if is_long(address) { self.then([h3, h2, h1, h0]).then(low) } else { self.then(low) }
    }
}

/// A request cannot be said in this framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncodeError {
    /// In non-flit mode the hint of this request takes the place of its byte enables, and they are
    /// not the implied ones.
    ByteEnablesDisplaced,
    /// The transaction tag does not fit in its field.
    TagTooLarge,
    /// A byte enable field has more than four bits.
    ByteEnablesTooLarge,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteEnablesDisplaced => {
                "a hint takes the place of the byte enables, which are not the implied ones"
            }
            Self::TagTooLarge => "the transaction tag does not fit in its field",
            Self::ByteEnablesTooLarge => "a byte enable field has four bits",
        })
    }
}

impl core::error::Error for EncodeError {}

/// Bytes are not the header of a memory request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// They end before the header does.
    TooShort,
    /// The type byte names another kind of packet.
    NotAMemoryRequest {
        /// The type byte.
        code: u8,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("the packet ends before its header does"),
            Self::NotAMemoryRequest { code } => {
                write!(f, "the packet (type {code:#04x}) is no memory request")
            }
        }
    }
}

impl core::error::Error for DecodeError {}

/// Takes a dword off the front of `bytes`.
pub(super) fn take<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8; 4], DecodeError> {
    let (dword, rest) = bytes.split_first_chunk().ok_or(DecodeError::TooShort)?;
    *bytes = rest;
    Ok(dword)
}

/// Takes an address off the front of `bytes`; its lowest two bits come apart.
pub(super) fn take_address(bytes: &mut &[u8], long: bool) -> Result<(u64, u8), DecodeError> {
    let high = if long { u32::from_be_bytes(*take(bytes)?) } else { 0 };
    let low = u32::from_be_bytes(*take(bytes)?);
    Ok((u64::from(high) << 32 | u64::from(low & !3), low.to_le_bytes()[0] & 3))
}

/// Whether a request to `address` needs the longer header.
pub(super) const fn is_long(address: u64) -> bool {
    address >> 32 != 0
}

/// The bit of a type byte that says that the header is the longer one.
const LONG: u8 = 0x20;

/// The type byte, the same in both framings but for a read: in flit mode 0 is a NOP.
pub(super) const fn type_code(kind: RequestKind, address: u64, read: u8) -> u8 {
    let long = is_long(address);
    let code = match kind {
        RequestKind::Read => return if long { LONG } else { read },
        RequestKind::Write => 0x40,
        RequestKind::DeferrableWrite => 0x5b,
        RequestKind::FetchAdd => 0x4c,
        RequestKind::Swap => 0x4d,
        RequestKind::CompareAndSwap => 0x4e,
    };
    if long { code | LONG } else { code }
}

/// What the type byte `code` means, and whether the header is the longer one.
pub(super) fn kind_of(code: u8, read: u8) -> Result<(RequestKind, bool), DecodeError> {
    [0, 1 << 32]
        .into_iter()
        .flat_map(|address| RequestKind::ALL.map(|kind| (kind, address)))
        .find(|&(kind, address)| type_code(kind, address, read) == code)
        .map(|(kind, address)| (kind, is_long(address)))
        .ok_or(DecodeError::NotAMemoryRequest { code })
}
