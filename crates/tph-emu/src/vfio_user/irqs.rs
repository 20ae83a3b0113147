//! Which eventfd is told of which vector.

use std::fs::File;

use tph::StIndex;
use tph_abi::Errno;

use super::message::Fields;
use super::reply;
use crate::endpoint::Endpoint;
use crate::interrupt::Interrupt;

const DATA_NONE: u32 = 1 << 0;
const DATA_EVENTFD: u32 = 1 << 2;
const ACTION_TRIGGER: u32 = 1 << 5;

pub(super) fn set_irqs(
    mut fields: Fields<'_>,
    files: Vec<File>,
    endpoint: &mut Endpoint,
) -> Result<(), Errno> {
    let mut take = || {
        let (_argsz, flags) = (fields.u32()?, fields.u32()?);
        Some((flags, fields.u32()?, fields.u32()?, fields.u32()?))
    };
    let (flags, index, start, count) = take().ok_or(Errno::EINVAL)?;
    let vectors = u32::from(endpoint.profile().msix_vectors);
    let inside = start.checked_add(count).is_some_and(|end| end <= vectors);
    // An interrupt that is not there can be turned off all the same.
    if index != reply::MSIX {
        return if count == 0 || files.is_empty() { Ok(()) } else { Err(Errno::EINVAL) };
    }
    if !inside || flags & ACTION_TRIGGER == 0 {
        return Err(Errno::EINVAL);
    }
    if flags & DATA_NONE != 0 && count == 0 {
        endpoint.disconnect_all();
        return Ok(());
    }
    let expected = usize::try_from(count).unwrap_or(usize::MAX);
    if flags & DATA_EVENTFD == 0 || !(files.is_empty() || files.len() == expected) {
        return Err(Errno::EINVAL);
    }
    let mut files = files.into_iter();
    for vector in start..start + count {
        let vector = StIndex(u16::try_from(vector).unwrap_or(u16::MAX));
        let line = files.next().map(eventfd).transpose()?;
        endpoint.connect(vector, line);
    }
    Ok(())
}

/// A client's eventfd, made such that raising it never waits.
fn eventfd(file: File) -> Result<Box<dyn Interrupt>, Errno> {
    let flags = rustix::fs::fcntl_getfl(&file).map_err(|_| Errno::EBADF)?;
    rustix::fs::fcntl_setfl(&file, flags | rustix::fs::OFlags::NONBLOCK)
        .map_err(|_| Errno::EBADF)?;
    Ok(Box::new(file))
}
