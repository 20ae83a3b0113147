//! Tags of dma-bufs on the wire: set by a feature, asked for by an operation.

use std::collections::BTreeMap;

use tph::{
    Completer, DmaBufError, DmaBufHint, DmaBufTags, DmaBufs, ProcessingHint, RequesterType, Tag8,
    Tag16,
};
use tph_abi::{
    DmaBufQuery, DmaBufSet, Errno, FeatureCall, FeatureNumber, FeatureRequest, Operation,
    Transport, answer_dma_buf, answer_feature,
};

const NUMBER: FeatureNumber = FeatureNumber::DEFAULT;
const WIDE: Completer = Completer::ExtendedTph;
const FEATURE: u32 = 0xd;
const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;

/// Descriptors from 0 to 9 are dma-bufs of the device.
#[derive(Default)]
struct Fake {
    set: BTreeMap<i32, DmaBufHint>,
    fails: Option<DmaBufError>,
}

impl DmaBufs for Fake {
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, DmaBufError> {
        match self.fails {
            Some(error) => Err(error),
            None => Ok(self.set.get(&descriptor).copied()),
        }
    }

    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), DmaBufError> {
        match (self.fails, descriptor) {
            (Some(error), _) => Err(error),
            (None, 0..10) => {
                self.set.insert(descriptor, hint);
                Ok(())
            }
            (None, _) => Err(DmaBufError::NotOpen),
        }
    }
}

impl Transport for Fake {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let size = tph_abi::needed(request)?;
        answer_dma_buf(&mut request[..size], self).expect("a DMA_BUF_GET").map(|_| ())
    }
}

fn raw(argsz: usize, flags: u32, payload: &[u8]) -> Vec<u8> {
    let head = [u32::try_from(argsz).unwrap().to_le_bytes(), flags.to_le_bytes()];
    [head.concat(), payload.to_vec()].concat()
}

fn apart(descriptor: i32, flags: u32, extended: u16, standard: u8, ph: u8) -> Vec<u8> {
    let mut payload = [descriptor.to_le_bytes(), flags.to_le_bytes()].concat();
    payload.extend(extended.to_le_bytes());
    payload.extend([standard, ph]);
    raw(20, FEATURE | SET, &payload)
}

fn single(descriptor: i32, tag: u16, ph: u8, reserved: u8) -> Vec<u8> {
    let mut payload = descriptor.to_le_bytes().to_vec();
    payload.extend(tag.to_le_bytes());
    payload.extend([ph, reserved]);
    raw(16, FEATURE | SET, &payload)
}

fn answer(request: &[u8], completer: Completer, fake: &mut Fake) -> Result<(), Errno> {
    answer_feature(request, NUMBER, completer, fake).expect("DMA_BUF_TPH")
}

fn get(fake: &mut Fake, descriptor: i32, requester: RequesterType) -> Result<(u16, u8), Errno> {
    let (tag, hint) = DmaBufQuery { descriptor, requester }.ask(fake)?;
    assert_eq!(tag.requester_type(), requester);
    Ok((tag.entry_bits(), hint.bits()))
}

fn both(fake: &mut Fake, descriptor: i32) -> [Result<(u16, u8), Errno>; 2] {
    [RequesterType::Tph, RequesterType::ExtendedTph].map(|width| get(fake, descriptor, width))
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
fn a_probe_says_what_setting_would_say_of_the_device() {
    let mut fake = Fake::default();
    for (completer, expected) in [
        (Completer::None, Err(Errno::EOPNOTSUPP)),
        (Completer::Reserved, Err(Errno::EOPNOTSUPP)),
        (Completer::Tph, Ok(())),
        (WIDE, Ok(())),
    ] {
        let mut probe = FeatureRequest::probe(NUMBER);
        assert_eq!(answer(probe.bytes(), completer, &mut fake), expected);
        let undirected = raw(8, FEATURE | PROBE, &[]);
        assert_eq!(answer(&undirected, completer, &mut fake), expected);
    }
    let all = raw(8, FEATURE | PROBE | SET | GET, &[]);
    assert_eq!(answer(&all, WIDE, &mut fake), Err(Errno::EINVAL));
}

#[test]
fn a_head_that_vfio_has_read_is_as_good_as_its_bytes() {
    for flags in [FEATURE | SET, FEATURE | PROBE, FEATURE | GET, 0xe | SET] {
        for payload in [0, 7, 8, 12, 100] {
            let call = FeatureCall::new(flags, payload);
            assert_eq!(FeatureCall::read(&raw(8 + payload, flags, &[])), Ok(call));
        }
    }
}

#[test]
fn only_setting_its_number_is_this_feature() {
    let mut fake = Fake::default();
    let mut ask = |flags, number| {
        let number = FeatureNumber::new(number).unwrap();
        answer_feature(&raw(20, flags, &[0; 12]), number, WIDE, &mut fake)
    };
    for flags in [FEATURE | GET, FEATURE | GET | PROBE, 0xc | SET, 0xe | SET] {
        assert_eq!(ask(flags, 13), None, "{flags:#x}");
    }
    assert_eq!(ask(0xe | SET | GET | PROBE, 13), None);
    assert_eq!(ask(0xe | SET, 14), Some(Ok(())));
    assert_eq!(ask(FEATURE | SET, 14), None);
    // VFIO's own checks come first, whosever feature it is.
    for flags in [FEATURE | SET | 1 << 19, FEATURE | SET | GET, 0xe | SET | GET] {
        assert_eq!(ask(flags, 13), Some(Err(Errno::EINVAL)), "{flags:#x}");
    }
    let numbers = [0, 12, 13, 0xffff, 0x1_0000, u32::MAX].map(FeatureNumber::new);
    let numbers = numbers.map(|number| number.map(FeatureNumber::get));
    assert_eq!(numbers, [None, None, Some(13), Some(0xffff), None, None]);
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

#[test]
fn what_the_host_cannot_do_has_its_number() {
    for (error, errno) in [
        (DmaBufError::Revoked, Errno::ENODEV),
        (DmaBufError::NotOpen, Errno::EBADF),
        (DmaBufError::NotADmaBuf, Errno::EINVAL),
        (DmaBufError::NotExportedHere, Errno::EINVAL),
        (DmaBufError::Interrupted, Errno::EINTR),
        (DmaBufError::NoMemory, Errno::ENOMEM),
        (DmaBufError::NoExport, Errno::ENOTTY),
    ] {
        let mut fake = Fake { fails: Some(error), ..Fake::default() };
        assert_eq!(answer(&apart(3, 1, 0, 0, 0), WIDE, &mut fake), Err(errno));
        assert_eq!(get(&mut fake, 3, RequesterType::Tph), Err(errno));
    }
}
