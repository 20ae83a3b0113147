//! One client, from its version message to its leaving.

use std::os::unix::net::UnixStream;

use tph_abi::Errno;

use super::access::{region_read, region_write};
use super::irqs::set_irqs;
use super::mapping::{dma_map, dma_unmap};
use super::message::{Command, Fields};
use super::reply;
use super::stream::{Message, SessionError, receive, send};
use crate::endpoint::Endpoint;
use crate::host::{FunctionId, SharedHost};

/// Serves one client that is connected already until it leaves, in the calling thread.
/// [`serve`](super::serve) does so for one after the other.
///
/// # Errors
/// [`SessionError`] unless the client left between two messages.
///
/// # Panics
/// If `function` is of another host with more functions.
pub fn serve_client(
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
