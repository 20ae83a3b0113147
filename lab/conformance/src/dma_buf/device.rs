//! Which buffers, and what becomes of their tags with their device.

use tph_abi::Errno;

use super::{DmaBufCase, Exporter, MemorySpace, answers, apart, set};
use crate::case::{must, same};

type Outcome = Result<(), String>;

pub(super) const CASES: [DmaBufCase; 6] = [
    DmaBufCase { name: "only_open_dma_bufs_of_this_device_take_a_tag", run: whose },
    DmaBufCase { name: "a_dma_buf_that_nobody_set_a_tag_for_has_none", run: foreign },
    DmaBufCase { name: "memory_out_of_reach_is_no_device_and_keeps_its_tag", run: memory_off },
    DmaBufCase { name: "a_tag_can_be_set_while_the_memory_is_out_of_reach", run: set_while_off },
    DmaBufCase { name: "a_reset_keeps_the_tag", run: reset },
    DmaBufCase { name: "a_closed_device_has_no_buffers_any_more", run: reopen },
];

const TAGS: tph::DmaBufTags = apart(Some(0xa5), Some(0xbea5));
const ANSWERS: [Result<(u16, u8), Errno>; 2] = [Ok((0xa5, 2)), Ok((0xbea5, 2))];
const OUT_OF_REACH: [Result<(u16, u8), Errno>; 2] = [Err(Errno::ENODEV); 2];

fn tagged(subject: &mut dyn Exporter) -> Result<i32, String> {
    let buffer = subject.export();
    must("setting", set(subject, buffer, TAGS))?;
    same("tags", answers(subject, buffer), ANSWERS)?;
    Ok(buffer)
}

/// Descriptors that are no dma-bufs of the device: a closed one, none, a file, host memory, another
/// device's.
fn others(subject: &mut dyn Exporter) -> [(&'static str, i32); 5] {
    let (file, host) = (subject.other_file(), subject.host_buffer());
    let elsewhere = subject.export_elsewhere();
    // Last, so that nothing gets its number.
    let closed = subject.export();
    subject.close(closed);
    [
        ("closed", closed),
        ("none", -1),
        ("no dma-buf", file),
        ("host memory", host),
        ("another device's", elsewhere),
    ]
}

fn whose(subject: &mut dyn Exporter) -> Outcome {
    let errnos = [Errno::EBADF, Errno::EBADF, Errno::EINVAL, Errno::EINVAL, Errno::EINVAL];
    for ((what, descriptor), errno) in others(subject).into_iter().zip(errnos) {
        same(what, set(subject, descriptor, TAGS), Err(errno))?;
    }
    Ok(())
}

fn foreign(subject: &mut dyn Exporter) -> Outcome {
    let errnos = [Errno::EBADF, Errno::EBADF, Errno::EINVAL, Errno::EOPNOTSUPP, Errno::EOPNOTSUPP];
    for ((what, descriptor), errno) in others(subject).into_iter().zip(errnos) {
        same(what, answers(subject, descriptor), [Err(errno); 2])?;
    }
    Ok(())
}

fn memory_off(subject: &mut dyn Exporter) -> Outcome {
    let buffer = tagged(subject)?;
    subject.set_memory_space(MemorySpace::Off);
    same("while off", answers(subject, buffer), OUT_OF_REACH)?;
    subject.set_memory_space(MemorySpace::On);
    same("on again", answers(subject, buffer), ANSWERS)
}

fn set_while_off(subject: &mut dyn Exporter) -> Outcome {
    subject.set_memory_space(MemorySpace::Off);
    let buffer = subject.export();
    must("setting", set(subject, buffer, TAGS))?;
    same("while off", answers(subject, buffer), OUT_OF_REACH)?;
    subject.set_memory_space(MemorySpace::On);
    same("on again", answers(subject, buffer), ANSWERS)
}

fn reset(subject: &mut dyn Exporter) -> Outcome {
    let buffer = tagged(subject)?;
    subject.reset();
    same("tags", answers(subject, buffer), ANSWERS)
}

fn reopen(subject: &mut dyn Exporter) -> Outcome {
    let (buffer, untagged) = (tagged(subject)?, subject.export());
    subject.reopen();
    same("the old buffer", answers(subject, buffer), OUT_OF_REACH)?;
    same("setting", set(subject, buffer, TAGS), Err(Errno::EINVAL))?;
    same("setting", set(subject, untagged, TAGS), Err(Errno::EINVAL))?;
    tagged(subject).map(drop)
}
