//! Setting: both forms, and what is refused.

use crate::{FEATURE, Fake, NUMBER, SET, WIDE, answer, apart, both, raw};
use tph::{Completer, DmaBufHint, DmaBufTags, ProcessingHint, Tag8, Tag16};
use tph_abi::{DmaBufSet, Errno};

fn single(descriptor: i32, tag: u16, ph: u8, reserved: u8) -> Vec<u8> {
    let mut payload = descriptor.to_le_bytes().to_vec();
    payload.extend(tag.to_le_bytes());
    payload.extend([ph, reserved]);
    raw(16, FEATURE | SET, &payload)
}

#[test]
fn each_width_gets_its_own_tag_and_each_set_replaces_everything() {
    let mut fake = Fake::default();
    let none = Err(Errno::EOPNOTSUPP);
    assert_eq!(both(&mut fake, 3), [none, none]);
    for (flags, expected) in [
        (3, [Ok((0x5a, 2)), Ok((0x1234, 2))]),
        (1, [Ok((0x5a, 2)), none]),
        (2, [none, Ok((0x1234, 2))]),
        (0, [none, none]),
    ] {
        assert_eq!(answer(&apart(3, flags, 0x1234, 0x5a, 2), WIDE, &mut fake), Ok(()));
        assert_eq!(both(&mut fake, 3), expected, "flags {flags}");
        assert_eq!(both(&mut fake, 4), [none, none]);
    }
}

#[test]
fn the_older_form_gives_one_number_to_both_widths() {
    let mut fake = Fake::default();
    assert_eq!(answer(&single(3, 0xff, 3, 0), WIDE, &mut fake), Ok(()));
    assert_eq!(both(&mut fake, 3), [Ok((0xff, 3)), Ok((0xff, 3))]);
    assert_eq!(answer(&single(3, 0x100, 1, 0), WIDE, &mut fake), Ok(()));
    assert_eq!(both(&mut fake, 3), [Err(Errno::EINVAL), Ok((0x100, 1))]);
}

#[test]
fn the_forms_are_told_apart_by_size() {
    let tagged = |argsz: usize| {
        let mut fake = Fake::default();
        // As the older form a tag of 2 with hint 0; as the newer one a tag of 16 bits.
        let payload = [3, 0, 0, 0, 2, 0, 0, 0, 0xcd, 0xab, 0, 1];
        let size = argsz.min(20) - 8;
        answer(&raw(argsz, FEATURE | SET, &payload[..size]), WIDE, &mut fake)
            .map(|()| both(&mut fake, 3))
    };
    let (older, newer) = ([Ok((2, 0)), Ok((2, 0))], [Err(Errno::EOPNOTSUPP), Ok((0xabcd, 1))]);
    for argsz in 8..64 {
        let expected = match argsz {
            ..16 => Err(Errno::EINVAL),
            16..20 => Ok(older),
            20.. => Ok(newer),
        };
        assert_eq!(tagged(argsz), expected, "argsz {argsz}");
    }
}

#[test]
fn what_is_wrong_is_said_in_the_order_of_the_series() {
    let bad_flags = apart(99, 4, 0, 0, 0);
    let bad_hint = apart(99, 0, 0, 0, 4);
    let wide = apart(99, 2, 0, 0, 0);
    let not_open = apart(99, 1, 0xffff, 0, 0);
    let bad_reserved = single(99, 0, 0, 1);
    let bad_older_hint = single(99, 0, 4, 0);
    let wide_older = single(99, 0x100, 0, 0);
    let (no, einval, ebadf) = (Errno::EOPNOTSUPP, Errno::EINVAL, Errno::EBADF);
    for (request, none, narrow, extended) in [
        (&raw(15, FEATURE | SET, &[0; 7]), no, einval, einval),
        (&raw(20, 13, &[0; 12]), no, einval, einval),
        (&raw(20, FEATURE | SET, &[0; 11]), no, Errno::EFAULT, Errno::EFAULT),
        (&bad_flags, no, einval, einval),
        (&bad_hint, no, einval, einval),
        (&wide, no, no, ebadf),
        (&not_open, no, ebadf, ebadf),
        (&bad_reserved, no, einval, einval),
        (&bad_older_hint, no, einval, einval),
        (&wide_older, no, no, ebadf),
    ] {
        let mut fake = Fake::default();
        for (completer, errno) in [
            (Completer::None, none),
            (Completer::Reserved, none),
            (Completer::Tph, narrow),
            (WIDE, extended),
        ] {
            assert_eq!(answer(request, completer, &mut fake), Err(errno), "{request:?}");
        }
        assert!(fake.set.is_empty());
    }
}

#[test]
fn a_client_s_requests_are_read_as_they_were_meant() {
    let all = [
        DmaBufTags::NONE,
        DmaBufTags::Single(Tag16(0xfedc)),
        DmaBufTags::Apart { standard: Some(Tag8(0x81)), extended: None },
        DmaBufTags::Apart { standard: None, extended: Some(Tag16(0x8182)) },
        DmaBufTags::Apart { standard: Some(Tag8(0)), extended: Some(Tag16(0)) },
    ];
    for tags in all {
        for hint in ProcessingHint::ALL {
            let mut fake = Fake::default();
            let hint = DmaBufHint { tags, hint };
            let mut request = DmaBufSet { descriptor: 9, hint }.request(NUMBER);
            assert_eq!(answer(request.bytes(), WIDE, &mut fake), Ok(()));
            assert_eq!(fake.set.get(&9), Some(&hint));
        }
    }
}
