//! Flit mode (PCIe 6.x, 2.2.1.2 and 2.2.7.1.1): orthogonal header content after the base header.

use super::wire::{kind_of, take, take_address, type_code};
use super::{ByteEnables, DecodeError, EncodeError, HeaderBytes, Hint};
use super::{Extent, LengthDw, MemoryRequest};
use crate::SteeringTag;

/// The type byte of a read with a short address; 0 is a NOP here.
const READ: u8 = 0x03;
/// Byte 1: OHC-A, OHC-B, OHC-C and the size of OHC-E follow the base header, in this order.
const OHC_A: u8 = 0x01;
const OHC_B: u8 = 0x02;
const OHC_C: u8 = 0x04;
/// Hint valid: bits 5:4 of the last byte of OHC-B.
const HINT_NARROW: u8 = 0b01;
const HINT_WIDE: u8 = 0b11;

pub(super) const fn encode(request: &MemoryRequest) -> Result<HeaderBytes, EncodeError> {
    let MemoryRequest { kind, extent, requester_id, tag, hint } = *request;
    let enables = extent.byte_enables;
    if tag > 0x3fff {
        return Err(EncodeError::TagTooLarge);
    }
    if enables.first > 0xf || enables.last > 0xf {
        return Err(EncodeError::ByteEnablesTooLarge);
    }
    let explicit =
        kind.has_byte_enables() && enables.byte() != ByteEnables::implied(extent.length).byte();
    let content = match (explicit, hint) {
        (false, None) => 0,
        (true, None) => OHC_A,
        (false, Some(_)) => OHC_B,
        (true, Some(_)) => OHC_A | OHC_B,
    };
    let [length_high, length_low] = extent.length.field().to_be_bytes();
    let [id_high, id_low] = requester_id.to_be_bytes();
    let [tag_high, tag_low] = tag.to_be_bytes();
    let code = type_code(kind, extent.address, READ);
    let mut header = HeaderBytes::EMPTY
        .then([code, content, length_high, length_low])
        .then([id_high, id_low, tag_high, tag_low])
        .then_address(extent.address, 0);
    if explicit {
        header = header.then([0, 0, 0, enables.byte()]);
    }
    if let Some(hint) = hint {
        let valid = match hint.tag {
            SteeringTag::Standard(_) => HINT_NARROW,
            SteeringTag::Extended(_) => HINT_WIDE,
        };
        let last = hint.processing.bits() << 6 | valid << 4;
        header = header.then([0, hint.high_byte(), hint.low_byte(), last]);
    }
    Ok(header)
}

pub(super) fn decode(bytes: &[u8]) -> Result<(MemoryRequest, usize), DecodeError> {
    let mut rest = bytes;
    let &[code, content, length_high, length_low] = take(&mut rest)?;
    let (kind, long) = kind_of(code, READ)?;
    let &[id_high, id_low, tag_high, tag_low] = take(&mut rest)?;
    let (address, _address_type) = take_address(&mut rest, long)?;
    let length = LengthDw::from_field(u16::from_be_bytes([length_high, length_low]));
    let mut byte_enables = ByteEnables::implied(length);
    if content & OHC_A != 0 {
        let &[.., enables] = take(&mut rest)?;
        if kind.has_byte_enables() {
            byte_enables = ByteEnables::from_byte(enables);
        }
    }
    let mut hint = None;
    if content & OHC_B != 0 {
        let &[_, high, low, last] = take(&mut rest)?;
        hint = match last >> 4 & 3 {
            HINT_NARROW => Some(Hint::narrow(low, last >> 6)),
            HINT_WIDE => Some(Hint::wide(high, low, last >> 6)),
            _ => None,
        };
    }
    let extra_dwords = match content >> 3 & 3 {
        3 => 4,
        dwords => dwords,
    };
    for _ in 0..u8::from(content & OHC_C != 0) + extra_dwords {
        take(&mut rest)?;
    }
    let request = MemoryRequest {
        kind,
        extent: Extent { address, length, byte_enables },
        requester_id: u16::from_be_bytes([id_high, id_low]),
        tag: u16::from_be_bytes([tag_high & 0x3f, tag_low]),
        hint,
    };
    Ok((request, bytes.len() - rest.len()))
}
