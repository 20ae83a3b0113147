//! Which bytes are refused, and in which order, whatever the device takes.

use tph::{Completer, DmaBufHint, DmaBufTags, ProcessingHint};
use tph_abi::layout::dma_buf::{apart, feature, get, single};
use tph_abi::layout::{Field, op};
use tph_abi::{DmaBufQuery, DmaBufSet, Errno, FeatureRequest};

use super::{DmaBufCase, Exporter, WIDTHS, answers, expected, set_hint};
use crate::case::same;

type Outcome = Result<(), String>;

pub(super) const CASES: [DmaBufCase; 5] = [
    DmaBufCase { name: "a_probe_tells_whether_the_device_takes_hints", run: probe },
    DmaBufCase { name: "a_device_takes_the_tags_that_it_can_receive", run: completer },
    DmaBufCase { name: "a_device_that_takes_no_hints_says_so_first", run: order },
    DmaBufCase { name: "a_bad_set_is_refused_and_changes_nothing", run: bad_set },
    DmaBufCase { name: "a_bad_question_is_refused", run: bad_question },
];

const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;

/// Nothing, or that the device takes no hints.
fn gate(completer: Completer) -> Result<(), Errno> {
    DmaBufTags::NONE.received_by(completer).map(drop).map_err(Errno::from)
}

/// What is wrong with bytes, unless the device takes no hints.
fn refusal(completer: Completer, errno: Errno) -> Result<(), Errno> {
    gate(completer).and(Err(errno))
}

fn good(subject: &mut dyn Exporter, tags: DmaBufTags) -> Result<FeatureRequest, String> {
    let number = subject.dma_buf_tph().map_err(|errno| format!("its number: {errno}"))?;
    let hint = DmaBufHint { tags, hint: ProcessingHint::Target };
    Ok(DmaBufSet { descriptor: subject.export(), hint }.request(number))
}

fn probe(subject: &mut dyn Exporter) -> Outcome {
    let completer = subject.completer();
    let number = subject.dma_buf_tph().map_err(|errno| format!("its number: {errno}"))?;
    same("probe", subject.feature(FeatureRequest::probe(number).bytes()), gate(completer))?;
    let mut bare = FeatureRequest::probe(number);
    feature::FLAGS.write(bare.bytes(), 0, PROBE | u32::from(number.get()));
    same("probe of no direction", subject.feature(bare.bytes()), gate(completer))
}

fn completer(subject: &mut dyn Exporter) -> Outcome {
    let completer = subject.completer();
    for tags in [
        super::apart(Some(0xa5), None),
        super::apart(None, Some(0xbea5)),
        super::apart(Some(0x5a), Some(0xbea5)),
        DmaBufTags::NONE,
        super::single(0x7f),
        super::single(0x1ff),
    ] {
        let (buffer, hint) = (subject.export(), ProcessingHint::Target);
        let received = tags.received_by(completer);
        let outcome = set_hint(subject, buffer, DmaBufHint { tags, hint });
        let set = received.map(drop).map_err(Errno::from);
        same(&format!("setting {tags:?}"), outcome, set)?;
        let found = answers(subject, buffer);
        let none = [Err(Errno::EOPNOTSUPP); 2];
        let expected = received.map_or(none, |tags| expected(DmaBufHint { tags, hint }));
        same(&format!("after {tags:?}"), found, expected)?;
    }
    Ok(())
}

fn order(subject: &mut dyn Exporter) -> Outcome {
    let completer = subject.completer();
    let mut both = good(subject, super::apart(Some(1), None))?;
    flag(&mut both, GET);
    same("getting and setting", subject.feature(both.bytes()), Err(Errno::EINVAL))?;
    let mut neither = good(subject, super::apart(Some(1), None))?;
    flag(&mut neither, SET);
    same("neither", subject.feature(neither.bytes()), refusal(completer, Errno::EINVAL))?;
    let mut short = good(subject, super::single(1))?;
    feature::ARGSZ.write(short.bytes(), 0, 15);
    same("short", subject.feature(short.bytes()), refusal(completer, Errno::EINVAL))
}

/// Turns a flag of the head over.
fn flag(request: &mut FeatureRequest, bit: u32) {
    let flags = feature::FLAGS.read(request.bytes(), 0).unwrap_or(0);
    feature::FLAGS.write(request.bytes(), 0, flags ^ bit);
}

fn bad_set(subject: &mut dyn Exporter) -> Outcome {
    let completer = subject.completer();
    let spoilt: [(&str, DmaBufTags, Field, u32); 5] = [
        ("hint 4", super::apart(Some(1), None), apart::PH, 4),
        ("hint 4 of no tag", DmaBufTags::NONE, apart::PH, 4),
        ("flag 2", super::apart(Some(1), None), apart::FLAGS, 1 << 2 | 1),
        ("hint 4 of one number", super::single(1), single::PH, 4),
        ("reserved", super::single(1), single::RESERVED, 1),
    ];
    for (what, tags, field, value) in spoilt {
        let mut request = good(subject, tags)?;
        let descriptor = single::DMABUF_FD.read(request.bytes(), feature::SIZE).unwrap_or(0);
        field.write(request.bytes(), feature::SIZE, value);
        same(what, subject.feature(request.bytes()), refusal(completer, Errno::EINVAL))?;
        let descriptor = i32::from_le_bytes(descriptor.to_le_bytes());
        let none = [Err(Errno::EOPNOTSUPP); 2];
        same("nothing was set", answers(subject, descriptor), none)?;
    }
    for bit in 19..32 {
        let mut request = good(subject, super::apart(Some(1), None))?;
        flag(&mut request, 1 << bit);
        same("unknown flag", subject.feature(request.bytes()), Err(Errno::EINVAL))?;
    }
    Ok(())
}

fn bad_question(subject: &mut dyn Exporter) -> Outcome {
    let descriptor = subject.export();
    let spoilt = [
        ("7 bits", get::WIDTH, 7),
        ("0 bits", get::WIDTH, 0),
        ("reserved", get::RESERVED, 1),
        ("short", op::ARGSZ, 19),
    ];
    for requester in WIDTHS {
        for (what, field, value) in spoilt {
            let mut request = DmaBufQuery { descriptor, requester }.bytes();
            let width = Field { size: field.size * field.count, count: 1, ..field };
            width.write(&mut request, 0, value);
            same(what, subject.call(&mut request), Err(Errno::EINVAL))?;
        }
    }
    Ok(())
}
