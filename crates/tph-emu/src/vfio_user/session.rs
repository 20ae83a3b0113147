//! One client, from its version message to its leaving.

use std::fs::File;
use std::os::unix::net::UnixStream;

use tph::StIndex;
use tph_abi::Errno;

use super::guest_memory::GuestMemory;
use super::message::{Command, Fields, MAX_DATA};
use super::reply;
use super::stream::{Message, SessionError, receive, send};
use crate::device::Region;
use crate::dma::DmaError;
use crate::endpoint::Endpoint;
use crate::host::{FunctionId, SharedHost};
use crate::interrupt::Interrupt;

/// Serves one client until it leaves.
pub(super) fn run(
    stream: &UnixStream,
    host: &SharedHost,
    function: FunctionId,
) -> Result<(), SessionError> {
    host.lock().endpoint_mut(function).reset();
    let mut greeted = false;
    let outcome = loop {
        let message = match receive(stream) {
            Ok(Some(message)) => message,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let header = message.header;
        let answer = Command::from_number(header.command)
            .ok_or(Errno::EOPNOTSUPP)
            .and_then(|command| {
                greeted |= command == Command::Version;
                if greeted { Ok(command) } else { Err(Errno::EINVAL) }
            })
            .and_then(|command| {
                let mut host = host.lock();
                answer(command, message, host.endpoint_mut(function))
            });
        if header.wants_reply() {
            let errno = |errno: Errno| errno.0.unsigned_abs();
            let reply = header.reply(answer.as_deref().map_err(|error| errno(*error)));
            if let Err(error) = send(stream, &reply) {
                break Err(error);
            }
        }
    };
    let mut host = host.lock();
    host.endpoint_mut(function).io_map_mut().clear();
    host.endpoint_mut(function).disconnect_all();
    outcome
}

fn answer(command: Command, message: Message, endpoint: &mut Endpoint) -> Result<Vec<u8>, Errno> {
    let Message { body, files, .. } = message;
    let fields = Fields(&body);
    match command {
        Command::Version => version(fields).ok_or(Errno::EINVAL),
        Command::DeviceInfo => Ok(reply::device_info()),
        Command::RegionInfo => {
            let index = third_word(fields).ok_or(Errno::EINVAL)?;
            reply::region_info(index, endpoint).ok_or(Errno::EINVAL)
        }
        Command::IrqInfo => {
            let index = third_word(fields).ok_or(Errno::EINVAL)?;
            reply::irq_info(index, endpoint).ok_or(Errno::EINVAL)
        }
        Command::SetIrqs => set_irqs(fields, files, endpoint).map(|()| Vec::new()),
        Command::DmaMap => dma_map(fields, files, endpoint).map(|()| Vec::new()),
        Command::DmaUnmap => {
            dma_unmap(fields, endpoint).ok_or(Errno::EINVAL)?;
            Ok(body)
        }
        Command::RegionRead => region_read(fields, endpoint),
        Command::RegionWrite => region_write(fields, endpoint),
        Command::DeviceReset => {
            endpoint.reset();
            Ok(Vec::new())
        }
    }
}

/// Major version 0, any minor one, and JSON that ends with a NUL.
fn version(mut fields: Fields<'_>) -> Option<Vec<u8>> {
    let (major, _minor) = (fields.u16()?, fields.u16()?);
    let (end, json) = fields.0.split_last()?;
    serde_json::from_slice::<serde::de::IgnoredAny>(json).ok()?;
    (major == 0 && *end == 0).then(reply::version)
}

/// The index in questions about regions and interrupts, after `argsz` and flags.
fn third_word(mut fields: Fields<'_>) -> Option<u32> {
    let (_argsz, _flags) = (fields.u32()?, fields.u32()?);
    fields.u32()
}

const MAP_WRITABLE: u32 = 1 << 1;

fn dma_map(
    mut fields: Fields<'_>,
    mut files: Vec<File>,
    endpoint: &mut Endpoint,
) -> Result<(), Errno> {
    let mut take = || {
        let (_argsz, flags) = (fields.u32()?, fields.u32()?);
        Some((flags, fields.u64()?, fields.u64()?, fields.u64()?))
    };
    let (flags, offset, iova, size) = take().ok_or(Errno::EINVAL)?;
    // What comes without a file, or may not be written, is out of reach: a packet to it is a fault.
    let (Some(file), true) = (files.pop(), flags & MAP_WRITABLE != 0) else {
        return Ok(());
    };
    if !files.is_empty() {
        return Err(Errno::EINVAL);
    }
    let memory = GuestMemory::new(file, offset, size).map_err(|_| Errno::EINVAL)?;
    endpoint.io_map_mut().map(iova, Box::new(memory)).map_err(|error| match error {
        DmaError::TooMany(_) => Errno::ENOMEM,
        _ => Errno::EINVAL,
    })
}

/// Unmap everything: the protocol's bit, and the kernel's, which some clients pass on.
const UNMAP_ALL: u32 = 1 << 1 | 1 << 2;

fn dma_unmap(mut fields: Fields<'_>, endpoint: &mut Endpoint) -> Option<()> {
    let (_argsz, flags) = (fields.u32()?, fields.u32()?);
    let (iova, size) = (fields.u64()?, fields.u64()?);
    if flags & UNMAP_ALL != 0 && size == 0 {
        endpoint.io_map_mut().clear();
    } else {
        endpoint.io_map_mut().unmap(iova, size);
    }
    Some(())
}

const DATA_NONE: u32 = 1 << 0;
const DATA_EVENTFD: u32 = 1 << 2;
const ACTION_TRIGGER: u32 = 1 << 5;

fn set_irqs(
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

/// Offset, region and length of an access; `None` if it is not inside of a region that is there.
fn access(fields: &mut Fields<'_>, endpoint: &Endpoint) -> Option<(u64, Region, usize)> {
    let (offset, index) = (fields.u64()?, fields.u32()?);
    let length = fields.u32()?;
    let region = Region::from_index(index)?;
    let size = match region {
        Region::Config => u64::from(tph::ConfigOffset::SPACE),
        Region::Bar(bar) => u64::from(endpoint.bar_size(bar)),
    };
    let inside = offset.checked_add(u64::from(length)).is_some_and(|end| end <= size);
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_DATA);
    length.filter(|_| inside).map(|length| (offset, region, length))
}

fn region_read(mut fields: Fields<'_>, endpoint: &mut Endpoint) -> Result<Vec<u8>, Errno> {
    let request = fields.0.get(..16).unwrap_or_default();
    let (offset, region, length) = access(&mut fields, endpoint).ok_or(Errno::EINVAL)?;
    let mut body = request.to_vec();
    let mut data = vec![0; length];
    match region {
        Region::Config => endpoint.config_read(offset, &mut data)?,
        Region::Bar(bar) => {
            endpoint.bar_read(bar, offset, &mut data).map_err(|_| Errno::EINVAL)?;
        }
    }
    body.append(&mut data);
    Ok(body)
}

fn region_write(mut fields: Fields<'_>, endpoint: &mut Endpoint) -> Result<Vec<u8>, Errno> {
    let request = fields.0.get(..16).unwrap_or_default();
    let (offset, region, length) = access(&mut fields, endpoint).ok_or(Errno::EINVAL)?;
    let data = fields.0.get(..length).ok_or(Errno::EINVAL)?;
    match region {
        Region::Config => endpoint.config_write(offset, data)?,
        Region::Bar(bar) => endpoint.bar_write(bar, offset, data).map_err(|_| Errno::EINVAL)?,
    }
    Ok(request.to_vec())
}
