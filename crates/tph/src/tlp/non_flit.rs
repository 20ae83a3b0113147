//! Non-flit mode (PCIe 6.x, 2.2.7.1.1 and 2.2.10.4): TH, displaced fields, the TPH prefix.

use super::wire::{kind_of, take, take_address, type_code};
use super::{ByteEnables, DecodeError, EncodeError, HeaderBytes, Hint};
use super::{Extent, LengthDw, MemoryRequest, RequestKind};

/// The type byte of a read with a short address.
const READ: u8 = 0x00;
/// The type byte of the end-to-end prefix that carries ST\[15:8\].
const TPH_PREFIX: u8 = 0x90;
/// Byte 1: a hint is there.
const TH: u8 = 0x01;
/// Byte 1: bits 9 and 8 of the transaction tag.
const TAG_9: u8 = 0x80;
const TAG_8: u8 = 0x08;

pub(super) const fn encode(request: &MemoryRequest) -> Result<HeaderBytes, EncodeError> {
    let MemoryRequest { kind, extent, requester_id, tag, hint } = *request;
    if tag > 0x3ff {
        return Err(EncodeError::TagTooLarge);
    }
    let (tag_byte, enables_byte) = match fields(request) {
        Ok(fields) => fields,
        Err(error) => return Err(error),
    };
    let written = hint.is_some() && displaces_tag(kind);
    let tag_bits = match (written, tag & 0x200 != 0, tag & 0x100 != 0) {
        (true, ..) | (false, false, false) => 0,
        (false, true, false) => TAG_9,
        (false, false, true) => TAG_8,
        (false, true, true) => TAG_9 | TAG_8,
    };
    let [length_high, length_low] = extent.length.field().to_be_bytes();
    let [id_high, id_low] = requester_id.to_be_bytes();
    let code = type_code(kind, extent.address, READ);
    let (prefix, th, processing) = match hint {
        Some(hint) if hint.high_byte() != 0 => (
            HeaderBytes::EMPTY.then([TPH_PREFIX, hint.high_byte(), 0, 0]),
            TH,
            hint.processing.bits(),
        ),
        Some(hint) => (HeaderBytes::EMPTY, TH, hint.processing.bits()),
        None => (HeaderBytes::EMPTY, 0, 0),
    };
    Ok(prefix
        .then([code, tag_bits | th, length_high, length_low])
        .then([id_high, id_low, tag_byte, enables_byte])
        .then_address(extent.address, processing))
}

/// Bytes 6 and 7: where ST\[7:0\] goes, and what it displaces.
const fn fields(request: &MemoryRequest) -> Result<(u8, u8), EncodeError> {
    let MemoryRequest { kind, extent, tag, hint, .. } = *request;
    let enables = extent.byte_enables;
    if enables.first > 0xf || enables.last > 0xf {
        return Err(EncodeError::ByteEnablesTooLarge);
    }
    let tag_byte = tag.to_le_bytes()[0];
    match hint {
        None => Ok((tag_byte, enables.byte())),
        Some(hint) if displaces_tag(kind) => Ok((hint.low_byte(), enables.byte())),
        Some(_)
            if kind.has_byte_enables()
                && enables.byte() != ByteEnables::implied(extent.length).byte() =>
        {
            Err(EncodeError::ByteEnablesDisplaced)
        }
        Some(hint) => Ok((tag_byte, hint.low_byte())),
    }
}

/// A posted write needs no transaction tag; everything else needs no byte enables.
const fn displaces_tag(kind: RequestKind) -> bool {
    matches!(kind, RequestKind::Write)
}

pub(super) fn decode(bytes: &[u8]) -> Result<(MemoryRequest, usize), DecodeError> {
    let mut rest = bytes;
    let mut upper = None;
    let &[code, traffic, length_high, length_low] = loop {
        let dword = take(&mut rest)?;
        match dword {
            [TPH_PREFIX, high, ..] => upper = Some(*high),
            [code, ..] if code >> 5 == 0b100 => {}
            _ => break dword,
        }
    };
    let (kind, long) = kind_of(code, READ)?;
    let &[id_high, id_low, tag_byte, enables_byte] = take(&mut rest)?;
    let (address, processing) = take_address(&mut rest, long)?;
    let length = LengthDw::from_field(u16::from_be_bytes([length_high, length_low]));
    let tag = u16::from_be_bytes([(traffic & TAG_9) >> 6 | (traffic & TAG_8) >> 3, tag_byte]);
    let (hinted, displaced) = (traffic & TH != 0, displaces_tag(kind));
    let steering = if displaced { tag_byte } else { enables_byte };
    let hint = hinted.then(|| match upper {
        Some(high) if high != 0 => Hint::wide(high, steering, processing),
        _ => Hint::narrow(steering, processing),
    });
    let byte_enables = if hinted && !displaced || !kind.has_byte_enables() {
        ByteEnables::implied(length)
    } else {
        ByteEnables::from_byte(enables_byte)
    };
    let request = MemoryRequest {
        kind,
        extent: Extent { address, length, byte_enables },
        requester_id: u16::from_be_bytes([id_high, id_low]),
        tag: if hinted && displaced { 0 } else { tag },
        hint,
    };
    Ok((request, bytes.len() - rest.len()))
}
