//! Tags of dma-bufs: what a completer receives, what an importer is answered.

use tph::{
    Completer, DmaBufError, DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, SteeringTag,
    Tag8, Tag16,
};

const COMPLETERS: [Completer; 4] =
    [Completer::None, Completer::Tph, Completer::Reserved, Completer::ExtendedTph];
const WIDTHS: [RequesterType; 2] = [RequesterType::Tph, RequesterType::ExtendedTph];
const NUMBERS: [u16; 6] = [0, 1, 0xff, 0x100, 0x7fff, 0xffff];

fn all_tags() -> Vec<DmaBufTags> {
    let mut all: Vec<_> = NUMBERS.map(|number| DmaBufTags::Single(Tag16(number))).to_vec();
    for standard in [None, Some(Tag8(0)), Some(Tag8(0xff))] {
        for extended in [None, Some(Tag16(0)), Some(Tag16(7)), Some(Tag16(0xffff))] {
            all.push(DmaBufTags::Apart { standard, extended });
        }
    }
    all
}

#[test]
fn a_device_without_a_completer_gets_no_tags() {
    for tags in all_tags() {
        for completer in [Completer::None, Completer::Reserved] {
            assert_eq!(tags.received_by(completer), Err(DmaBufError::NoCompleter));
        }
        assert_eq!(tags.received_by(Completer::ExtendedTph), Ok(tags));
    }
}

#[test]
fn no_completer_is_sent_a_tag_that_it_does_not_know() {
    for tags in all_tags() {
        for completer in COMPLETERS {
            let Ok(received) = tags.received_by(completer) else { continue };
            for width in WIDTHS {
                let sent = received.tag(width).is_ok();
                assert!(!sent || Some(width) <= completer.requester_type(), "{tags:?} {completer}");
            }
        }
    }
}

#[test]
fn an_extended_tag_wants_an_extended_completer() {
    for number in NUMBERS {
        let refused = Err(DmaBufError::NoExtendedCompleter);
        let apart = DmaBufTags::Apart { standard: Some(Tag8(1)), extended: Some(Tag16(number)) };
        assert_eq!(apart.received_by(Completer::Tph), refused);
        let single = DmaBufTags::Single(Tag16(number)).received_by(Completer::Tph);
        let narrow = u8::try_from(number)
            .map(|tag| DmaBufTags::Apart { standard: Some(Tag8(tag)), extended: None });
        assert_eq!(single, narrow.map_err(|_| DmaBufError::NoExtendedCompleter));
    }
}

#[test]
fn a_single_number_serves_both_widths_where_it_fits() {
    for number in NUMBERS {
        let tags = DmaBufTags::Single(Tag16(number));
        let wide = tags.tag(RequesterType::ExtendedTph);
        assert_eq!(wide, Ok(SteeringTag::Extended(Tag16(number))));
        let narrow = match u8::try_from(number) {
            Ok(tag) => Ok(SteeringTag::Standard(Tag8(tag))),
            Err(_) => Err(DmaBufError::TooWide(Tag16(number))),
        };
        assert_eq!(tags.tag(RequesterType::Tph), narrow);
    }
}

#[test]
fn tags_that_are_apart_never_stand_in_for_each_other() {
    let none = |width| Err(DmaBufError::NoTag(width));
    let (narrow, wide) = (Tag8(0), Tag16(0));
    for standard in [None, Some(narrow)] {
        for extended in [None, Some(wide)] {
            let tags = DmaBufTags::Apart { standard, extended };
            let expected = standard.map_or(none(WIDTHS[0]), |tag| Ok(SteeringTag::Standard(tag)));
            assert_eq!(tags.tag(WIDTHS[0]), expected);
            let expected = extended.map_or(none(WIDTHS[1]), |tag| Ok(SteeringTag::Extended(tag)));
            assert_eq!(tags.tag(WIDTHS[1]), expected);
        }
    }
}

#[test]
fn the_hint_comes_with_the_tag_and_never_without() {
    for width in WIDTHS {
        let none = Err(DmaBufError::NoTag(width));
        assert_eq!(DmaBufHint::answer(None, width), none);
        for hint in ProcessingHint::ALL {
            let cleared = DmaBufHint { tags: DmaBufTags::NONE, hint };
            assert_eq!(DmaBufHint::answer(Some(cleared), width), none);
            for tags in all_tags() {
                let set = DmaBufHint { tags, hint };
                let expected = tags.tag(width).map(|tag| (tag, hint));
                assert_eq!(DmaBufHint::answer(Some(set), width), expected);
            }
        }
    }
}
