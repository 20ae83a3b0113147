//! Whole messages with their file descriptors over a unix socket.

use std::fs::File;
use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::message::{HEADER, Header, MAX_FDS, MAX_MESSAGE};

/// Why a session with a client ended otherwise than by the client's leaving between two messages.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The socket failed.
    #[error("the vfio-user socket failed: {0}")]
    Io(#[from] io::Error),
    /// The client left in the middle of a message.
    #[error("the client left in the middle of a message")]
    CutShort,
    /// A message claims a size that none can have, so its end cannot be found.
    #[error("the client sent a message of {0} bytes; 16 to {max} are possible", max = MAX_MESSAGE)]
    BadSize(u32),
    /// A message that is no command.
    #[error("the client sent a reply to nothing")]
    NotACommand,
}

/// A message as it came in.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) body: Vec<u8>,
    pub(super) files: Vec<File>,
}

/// Takes in the next message; `None` if the client left.
pub(super) fn receive(stream: &UnixStream) -> Result<Option<Message>, SessionError> {
    let mut files = Vec::new();
    let mut header = [0; HEADER];
    let came = fill(stream, &mut header, &mut files)?;
    if came == 0 {
        return Ok(None);
    }
    if came < HEADER {
        return Err(SessionError::CutShort);
    }
    let header = Header::parse(header);
    let size = usize::try_from(header.size).ok().and_then(|size| size.checked_sub(HEADER));
    let Some(size) = size.filter(|size| *size <= MAX_MESSAGE - HEADER) else {
        return Err(SessionError::BadSize(header.size));
    };
    let mut body = vec![0; size];
    if fill(stream, &mut body, &mut files)? < size {
        return Err(SessionError::CutShort);
    }
    if header.is_command() {
        return Ok(Some(Message { header, body, files }));
    }
    Err(SessionError::NotACommand)
}

pub(super) fn send(mut stream: &UnixStream, message: &[u8]) -> Result<(), SessionError> {
    Ok(stream.write_all(message)?)
}

/// Fills `into` as far as the client sends; file descriptors that come along go to `files`.
fn fill(stream: &UnixStream, into: &mut [u8], files: &mut Vec<File>) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received = recvmsg(stream, &mut [IoSliceMut::new(rest)], &mut control, flags);
        let count = match received {
            Ok(message) => message.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                files.extend(rights.map(File::from).take(MAX_FDS));
            }
        }
        if count == 0 {
            break;
        }
        done += count;
    }
    Ok(done)
}
