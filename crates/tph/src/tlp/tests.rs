//! Packets as they must look, and as they were captured.

mod robust;

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
        (
            RequestKind::Write,
            SHORT,
            NARROW,
            &[0x40, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x87, 0x65, 0x43, 0x22],
        ),
        (
            RequestKind::Write,
            LONG,
            NARROW,
            &[
                0x60, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x12, 0x34, 0x56, 0x78, 0x87, 0x65,
                0x43, 0x22,
            ],
        ),
        (
            RequestKind::Write,
            SHORT,
            WIDE,
            &[
                0x90, 0xbe, 0x00, 0x00, 0x40, 0x01, 0x00, 0x10, 0x04, 0x13, 0xa5, 0xff, 0x87, 0x65,
                0x43, 0x22,
            ],
        ),
        (
            RequestKind::Read,
            SHORT,
            NARROW,
            &[0x00, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x87, 0x65, 0x43, 0x22],
        ),
        (
            RequestKind::Read,
            LONG,
            WIDE,
            &[
                0x90, 0xbe, 0x00, 0x00, 0x20, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x12, 0x34,
                0x56, 0x78, 0x87, 0x65, 0x43, 0x22,
            ],
        ),
        (
            RequestKind::FetchAdd,
            SHORT,
            NARROW,
            &[0x4c, 0x01, 0x00, 0x10, 0x04, 0x13, 0x00, 0xa5, 0x87, 0x65, 0x43, 0x22],
        ),
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

#[test]
fn bytes_that_do_not_fill_their_dwords_read_back() {
    for (kind, hinted) in
        [(RequestKind::Write, true), (RequestKind::Write, false), (RequestKind::Read, false)]
    {
        for bytes in [2, 5] {
            let extent = Extent::of(SHORT, bytes).unwrap();
            let hint = hinted.then(|| Hint::new(NARROW, ProcessingHint::Target));
            let request = MemoryRequest { extent, hint, ..request(kind, SHORT, NARROW) };
            for framing in [Framing::NonFlit, Framing::Flit] {
                let header = encode(&request, framing).unwrap();
                assert_eq!(decode(header.as_bytes(), framing).unwrap().0, request);
            }
        }
    }
}

#[test]
fn a_prefix_of_zeroes_makes_no_tag_wide() {
    let wide = encode(&request(RequestKind::Write, SHORT, WIDE), Framing::NonFlit).unwrap();
    let mut bytes = wide.as_bytes().to_vec();
    bytes[1] = 0;
    let (read, _) = decode(&bytes, Framing::NonFlit).unwrap();
    assert_eq!(read.hint.map(|hint| hint.tag), Some(NARROW));
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
fn what_does_not_fit_in_its_field_is_refused() {
    for (framing, largest) in [(Framing::NonFlit, 0x3ff), (Framing::Flit, 0x3fff)] {
        let mut read = request(RequestKind::Read, LONG, NARROW);
        read.tag = largest;
        let header = encode(&read, framing).unwrap();
        assert_eq!(decode(header.as_bytes(), framing), Ok((read, header.as_bytes().len())));
        read.tag = largest + 1;
        assert_eq!(encode(&read, framing), Err(EncodeError::TagTooLarge));
        for (first, last) in [(0x10, 0xf), (0xf, 0x10)] {
            let mut read = request(RequestKind::Read, LONG, NARROW);
            read.extent.byte_enables = ByteEnables { first, last };
            assert_eq!(encode(&read, framing), Err(EncodeError::ByteEnablesTooLarge));
        }
    }
}

#[test]
fn an_extent_has_1_byte_at_least_and_1024_dwords_at_most() {
    for (address, bytes, dwords) in [
        (0, 0, None),
        (0, 1, Some(1)),
        (3, 1, Some(1)),
        (3, 2, Some(2)),
        (0, 4096, Some(1024)),
        (1, 4095, Some(1024)),
        (1, 4096, None),
        (0, 4097, None),
        (3, u16::MAX, None),
    ] {
        let extent = Extent::of(address, bytes).map(|extent| extent.length.get());
        assert_eq!(extent, dwords, "{bytes} at {address}");
    }
}
