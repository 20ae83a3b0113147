//! Packets as they must look, and as they were captured.

use super::*;
use crate::{ProcessingHint, SteeringTag, Tag8, Tag16};

const NARROW: SteeringTag = SteeringTag::Standard(Tag8(0xa5));
const WIDE: SteeringTag = SteeringTag::Extended(Tag16(0xbea5));
const SHORT: u64 = 0x8765_4320;
const LONG: u64 = 0x1234_5678_8765_4320;

fn request(kind: RequestKind, address: u64, tag: SteeringTag) -> MemoryRequest {
    MemoryRequest {
        kind,
        extent: Extent::of(address, 64).unwrap(),
        requester_id: 0x0413,
        tag: 0,
        hint: Some(Hint::new(tag, ProcessingHint::Target)),
    }
}

#[test]
fn the_captured_write_reads_as_its_analyser_said_and_is_made_again() {
    // Cover letter of "vfio/dma-buf: add TPH support for peer-to-peer access" v7, 2026-06-11.
    let captured = [
        0x60, 0x02, 0x00, 0x08, 0x04, 0x00, 0x00, 0xf0, 0x00, 0x00, 0x20, 0xe0, 0x06, 0x00, 0x08,
        0x00, 0x00, 0x00, 0xf0, 0x90,
    ];
    let (request, length) = decode(&captured, Framing::Flit).unwrap();
    assert_eq!(length, captured.len());
    assert_eq!((request.kind, request.requester_id), (RequestKind::Write, 0x0400));
    assert_eq!((request.tag, request.extent.length.get()), (0xf0, 8));
    assert_eq!(request.extent.address, 0x20e0_0600_0800);
    let hint = Hint::new(SteeringTag::Standard(Tag8(0xf0)), ProcessingHint::Target);
    assert_eq!(request.hint, Some(hint));
    assert_eq!(encode(&request, Framing::Flit).unwrap().as_bytes(), captured);
}

#[test]
fn a_hint_takes_the_place_of_the_tag_or_of_the_byte_enables() {
    let cases: [(RequestKind, u64, SteeringTag, &[u8]); 6] = [
        (RequestKind::Write, SHORT, NARROW, &[
            0x40, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x87, 0x65, 0x43, 0x22,
        ]),
        (RequestKind::Write, LONG, NARROW, &[
            0x60, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x12, 0x34, 0x56, 0x78, 0x87, 0x65,
            0x43, 0x22,
        ]),
        (RequestKind::Write, SHORT, WIDE, &[
            0x90, 0xbe, 0x00, 0x00, 0x40, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x87, 0x65,
            0x43, 0x22,
        ]),
        (RequestKind::Read, SHORT, NARROW, &[
            0x00, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x87, 0x65, 0x43, 0x22,
        ]),
        (RequestKind::Read, LONG, WIDE, &[
            0x90, 0xbe, 0x00, 0x00, 0x20, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x12, 0x34,
            0x56, 0x78, 0x87, 0x65, 0x43, 0x22,
        ]),
        (RequestKind::FetchAdd, SHORT, NARROW, &[
            0x4c, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x87, 0x65, 0x43, 0x22,
        ]),
    ];
    for (kind, address, tag, bytes) in cases {
        let request = request(kind, address, tag);
        let header = encode(&request, Framing::NonFlit).unwrap();
        assert_eq!(header.as_bytes(), bytes, "{kind:?} {tag:?}");
    }
}

#[test]
fn in_flit_mode_the_hint_has_a_dword_of_its_own() {
    let cases: [(SteeringTag, [u8; 4]); 2] =
        [(NARROW, [0, 0, 0xa5, 0x90]), (WIDE, [0, 0xbe, 0xa5, 0xb0])];
    for (tag, last) in cases {
        let header = encode(&request(RequestKind::Write, SHORT, tag), Framing::Flit).unwrap();
        assert_eq!(header.as_bytes()[..4], [0x40, 0x02, 0x00, 0x10]);
        assert_eq!(header.as_bytes()[12..], last);
    }
}

#[test]
fn every_request_reads_back_as_it_was_made() {
    let tags = [None, Some(NARROW), Some(WIDE)];
    for kind in RequestKind::ALL {
        for (address, bytes) in [(SHORT, 4), (SHORT, 64), (LONG, 4096), (u64::MAX - 7, 8)] {
            for (tag, processing) in tags.into_iter().zip(ProcessingHint::ALL) {
                let request = MemoryRequest {
                    extent: Extent::of(address, bytes).unwrap(),
                    hint: tag.map(|tag| Hint::new(tag, processing)),
                    ..request(kind, address, NARROW)
                };
                for framing in [Framing::NonFlit, Framing::Flit] {
                    let header = encode(&request, framing).unwrap();
                    let length = header.as_bytes().len();
                    assert_eq!(decode(header.as_bytes(), framing), Ok((request, length)));
                }
            }
        }
    }
}

#[test]
fn the_transaction_tag_stays_where_no_hint_displaces_it() {
    for (framing, tag) in [(Framing::NonFlit, 0x3a5), (Framing::Flit, 0x2fa5)] {
        let read = MemoryRequest { tag, ..request(RequestKind::Read, SHORT, WIDE) };
        let header = encode(&read, framing).unwrap();
        assert_eq!(decode(header.as_bytes(), framing).unwrap().0.tag, tag);
    }
    let write = MemoryRequest { tag: 0x3ff, ..request(RequestKind::Write, SHORT, NARROW) };
    let header = encode(&write, Framing::NonFlit).unwrap();
    assert_eq!(decode(header.as_bytes(), Framing::NonFlit).unwrap().0.tag, 0);
    for (framing, tag) in [(Framing::NonFlit, 0x400), (Framing::Flit, 0x4000)] {
        let read = MemoryRequest { tag, ..read_of(4) };
        assert_eq!(encode(&read, framing), Err(EncodeError::TagTooLarge));
    }
}

fn read_of(bytes: u16) -> MemoryRequest {
    MemoryRequest {
        extent: Extent::of(SHORT, bytes).unwrap(),
        ..request(RequestKind::Read, SHORT, NARROW)
    }
}

#[test]
fn a_hinted_read_of_odd_bytes_can_be_said_in_flit_mode_only() {
    let read = read_of(5);
    assert_eq!(encode(&read, Framing::NonFlit), Err(EncodeError::ByteEnablesDisplaced));
    let header = encode(&read, Framing::Flit).unwrap();
    assert_eq!(header.as_bytes()[1], 0x03);
    assert_eq!(header.as_bytes()[12..], [0, 0, 0, 0x1f, 0, 0, 0xa5, 0x90]);
    assert_eq!(decode(header.as_bytes(), Framing::Flit), Ok((read, 20)));
}

#[test]
fn an_extent_names_exactly_its_bytes() {
    let cases = [
        (0, 4, Some((0, 1, 0xf, 0x0))),
        (1, 2, Some((0, 1, 0x6, 0x0))),
        (3, 2, Some((0, 2, 0x8, 0x1))),
        (4, 4096, Some((4, 1024, 0xf, 0xf))),
        (0x1002, 5, Some((0x1000, 2, 0xc, 0x7))),
        (1, 4096, None),
        (0, 0, None),
        (0, u16::MAX, None),
    ];
    for (address, bytes, expected) in cases {
        let found = Extent::of(address, bytes).map(|extent| {
            let ByteEnables { first, last } = extent.byte_enables;
            (extent.address, extent.length.get(), first, last)
        });
        assert_eq!(found, expected, "{bytes} bytes at {address:#x}");
    }
}

#[test]
fn other_prefixes_and_header_content_are_passed_over() {
    let plain = encode(&request(RequestKind::Write, SHORT, NARROW), Framing::NonFlit).unwrap();
    let mut bytes = std::vec![0x91, 1, 2, 3];
    bytes.extend(plain.as_bytes());
    let (found, length) = decode(&bytes, Framing::NonFlit).unwrap();
    assert_eq!((found, length), (request(RequestKind::Write, SHORT, NARROW), 16));
    let with_c_and_e4 = [&[0x40, 0x1c, 0, 1][..], &[0; 28]].concat();
    assert_eq!(decode(&with_c_and_e4, Framing::Flit).unwrap().1, 32);
    assert_eq!(decode(&with_c_and_e4[..28], Framing::Flit), Err(DecodeError::TooShort));
}

#[test]
fn a_reserved_hint_valid_field_is_no_hint() {
    for (last, hinted) in [(0x80, false), (0x90, true), (0xa0, false), (0xb0, true)] {
        let bytes = [0x40, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, last];
        assert_eq!(decode(&bytes, Framing::Flit).unwrap().0.hint.is_some(), hinted, "{last:#x}");
    }
}

#[test]
fn no_bytes_make_it_panic_and_what_decodes_can_be_made_again() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40_000_usize {
        let mut bytes = [0; 40];
        for byte in &mut bytes {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            *byte = seed.to_le_bytes()[3];
        }
        if round % 2 == 0 {
            bytes[0] = [0x00, 0x20, 0x40, 0x60, 0x90, 0x4c, 0x7b, 0x03][round / 2 % 8];
        }
        for framing in [Framing::NonFlit, Framing::Flit] {
            let Ok((request, length)) = decode(&bytes[..round % 41], framing) else { continue };
            assert!(length <= round % 41);
            let header = encode(&request, framing).unwrap();
            // An address below 4 GiB is written with the short header, whatever was read.
            let (again, _) = decode(header.as_bytes(), framing).unwrap();
            assert_eq!(again.extent.address, request.extent.address);
            assert_eq!(again.hint, request.hint);
        }
    }
}

#[test]
fn every_shorter_piece_of_a_header_is_too_short() {
    for framing in [Framing::NonFlit, Framing::Flit] {
        let header = encode(&request(RequestKind::Write, LONG, WIDE), framing).unwrap();
        for length in 0..header.as_bytes().len() {
            let piece = &header.as_bytes()[..length];
            assert_eq!(decode(piece, framing), Err(DecodeError::TooShort), "{length}");
        }
    }
    assert_eq!(
        decode(&[0x05, 0, 0, 0], Framing::NonFlit),
        Err(DecodeError::NotAMemoryRequest { code: 0x05 })
    );
}
