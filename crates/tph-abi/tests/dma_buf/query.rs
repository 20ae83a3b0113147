//! Asking.

use crate::{Fake, WIDE, answer, apart};
use tph::RequesterType;
use tph_abi::{DmaBufQuery, Errno, Operation, answer_dma_buf};

#[test]
fn a_query_says_which_width_and_leaves_nothing_else_in_it() {
    let mut fake = Fake::default();
    let query = DmaBufQuery { descriptor: -1, requester: RequesterType::Tph };
    for (at, value) in [(12, 0), (12, 9), (12, 32), (13, 1), (14, 1), (15, 0x80)] {
        let mut bytes = query.bytes();
        bytes[at] = value;
        assert!(answer_dma_buf(&mut bytes, &mut fake).is_none());
        assert_eq!(tph_abi::Request::parse(&mut bytes).err(), Some(Errno::EINVAL), "{at} {value}");
    }
    for argsz in 0..20 {
        let mut bytes = query.bytes();
        bytes[0] = argsz;
        assert_eq!(tph_abi::needed(&bytes), Err(Errno::EINVAL));
    }
    for width in 0..=u8::MAX {
        let bits = RequesterType::from_tag_bits(width).map(RequesterType::tag_bits);
        assert_eq!(bits, (width == 8 || width == 16).then_some(width));
    }
}

#[test]
fn other_operations_are_not_answered_here() {
    let mut head = [8_u32.to_le_bytes(), Operation::Disable.number().to_le_bytes()].concat();
    assert!(answer_dma_buf(&mut head, &mut Fake::default()).is_none());
    assert!(answer_dma_buf(&mut head[..7], &mut Fake::default()).is_none());
}

#[test]
fn only_tag_and_hint_go_back() {
    let mut fake = Fake::default();
    assert_eq!(answer(&apart(3, 2, 0xabcd, 0, 3), WIDE, &mut fake), Ok(()));
    let query = DmaBufQuery { descriptor: 3, requester: RequesterType::ExtendedTph };
    let mut bytes = query.bytes();
    bytes[16..].fill(0xff);
    let range = answer_dma_buf(&mut bytes, &mut fake).unwrap().unwrap();
    assert_eq!((range.clone(), &bytes[range]), (16..20, &[0xcd, 0xab, 3, 0][..]));
}
