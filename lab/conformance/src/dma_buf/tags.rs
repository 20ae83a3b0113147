//! What is set is what is answered.

use tph::{DmaBufHint, DmaBufTags, ProcessingHint};
use tph_abi::Errno;

use super::{DmaBufCase, Exporter, answers, apart, expected, set, set_hint, single};
use crate::case::{must, same};

type Outcome = Result<(), String>;

pub(super) const CASES: [DmaBufCase; 5] = [
    DmaBufCase { name: "before_any_set_no_width_has_a_tag", run: before },
    DmaBufCase { name: "each_width_is_answered_its_own_tag_or_none", run: widths },
    DmaBufCase { name: "each_set_replaces_all_that_was_set", run: replace },
    DmaBufCase { name: "every_hint_comes_back", run: hints },
    DmaBufCase { name: "each_buffer_has_tags_of_its_own", run: two_buffers },
];

/// Tags that would come back wrong if a width were made from the other, cut or widened.
const ALL: [DmaBufTags; 9] = [
    apart(Some(0xa5), None),
    apart(None, Some(0xbea5)),
    apart(Some(0x5a), Some(0xbea5)),
    apart(Some(0), Some(0)),
    apart(Some(0xff), Some(0x00fe)),
    apart(None, Some(0xffff)),
    single(0x7f),
    single(0x1ff),
    single(0),
];

fn before(subject: &mut dyn Exporter) -> Outcome {
    let buffer = subject.export();
    same("tags", answers(subject, buffer), [Err(Errno::EOPNOTSUPP); 2])
}

fn widths(subject: &mut dyn Exporter) -> Outcome {
    for tags in ALL {
        let buffer = subject.export();
        let hint = DmaBufHint { tags, hint: ProcessingHint::TargetWithPriority };
        must("setting", set_hint(subject, buffer, hint))?;
        same(&format!("after {tags:?}"), answers(subject, buffer), expected(hint))?;
        subject.close(buffer);
    }
    Ok(())
}

fn replace(subject: &mut dyn Exporter) -> Outcome {
    let buffer = subject.export();
    for first in ALL {
        for second in ALL.into_iter().chain([DmaBufTags::NONE]) {
            must("setting", set(subject, buffer, first))?;
            let hint = DmaBufHint { tags: second, hint: ProcessingHint::Requester };
            must("setting again", set_hint(subject, buffer, hint))?;
            let what = format!("{second:?} after {first:?}");
            same(&what, answers(subject, buffer), expected(hint))?;
        }
    }
    Ok(())
}

fn hints(subject: &mut dyn Exporter) -> Outcome {
    let buffer = subject.export();
    for hint in ProcessingHint::ALL {
        let hint = DmaBufHint { tags: apart(Some(1), Some(2)), hint };
        must("setting", set_hint(subject, buffer, hint))?;
        same("tags", answers(subject, buffer), expected(hint))?;
    }
    Ok(())
}

fn two_buffers(subject: &mut dyn Exporter) -> Outcome {
    let buffers = [subject.export(), subject.export()];
    must("setting", set(subject, buffers[0], apart(Some(1), None)))?;
    same("the other", answers(subject, buffers[1]), [Err(Errno::EOPNOTSUPP); 2])?;
    must("setting", set(subject, buffers[1], apart(Some(2), None)))?;
    let tags = buffers.map(|buffer| answers(subject, buffer)[0].map(|(tag, _)| tag));
    same("tags", tags, [Ok(1), Ok(2)])
}
