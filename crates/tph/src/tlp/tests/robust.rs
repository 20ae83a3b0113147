//! Packets that say more than we need, less than they should, or nonsense.

use super::*;

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
fn an_atomic_operation_has_no_byte_enables_whatever_its_bytes_say() {
    let flit = [0x4d, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb1];
    let non_flit = [0x4d, 0, 0, 2, 0, 0, 0, 0xb1, 0, 0, 0, 0];
    for (bytes, framing) in [(&flit[..], Framing::Flit), (&non_flit[..], Framing::NonFlit)] {
        let (swap, _) = decode(bytes, framing).unwrap();
        assert_eq!(swap.kind, RequestKind::Swap);
        assert_eq!(swap.extent.byte_enables, ByteEnables::implied(swap.extent.length));
        let header = encode(&swap, framing).unwrap();
        assert_eq!(decode(header.as_bytes(), framing).unwrap().0, swap);
    }
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
