//! Which calls of VFIO's feature ioctl are meant.

use crate::{FEATURE, Fake, GET, NUMBER, PROBE, SET, WIDE, answer, raw};
use tph::Completer;
use tph_abi::{Errno, FeatureCall, FeatureNumber, FeatureRequest, answer_feature};

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
