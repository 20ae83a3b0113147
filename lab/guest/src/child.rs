//! Other processes for tests: this program again, in a role that the test gives it.
//!
//! The child talks to its test in lines on its standard output; whatever file it is to inherit is
//! its standard input.

use std::env;
use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{self, ChildStdout, Command, ExitStatus, Stdio};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::Failure;

/// The first argument of a child.
const MARK: &str = "--child";

/// A running child. It is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program in the role that `words` name, with `input` as its standard input.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(words: &[&str], input: impl Into<Stdio>) -> io::Result<Self> {
        let mut process = Command::new("/proc/self/exe")
            .arg(MARK)
            .args(words)
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        Ok(Self { process, output: BufReader::new(output) })
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// If it has ended without another word.
    pub fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the child ended: {}", self.process.wait()?).into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn kill(mut self) -> io::Result<ExitStatus> {
        self.process.kill()?;
        self.process.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The words of this process's role, if it is a child.
pub fn role() -> Option<Vec<String>> {
    let mut words = env::args().skip(1);
    (words.next().as_deref() == Some(MARK)).then(|| words.collect())
}

/// A socket in which `file` waits to be taken out, as the standard input of a child.
///
/// # Errors
/// What the kernel answered.
pub fn socket_with(file: impl AsFd) -> io::Result<OwnedFd> {
    let (ours, theirs) = UnixStream::pair()?;
    let files = [file.as_fd()];
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut room);
    message.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(&ours, &[IoSlice::new(b"!")], &mut message, SendFlags::empty())?;
    Ok(theirs.into())
}

/// In the child, takes the file out of the socket that is its standard input.
///
/// # Errors
/// If none is in it.
pub fn receive_file() -> Result<OwnedFd, Failure> {
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut messages = RecvAncillaryBuffer::new(&mut room);
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    recvmsg(io::stdin(), &mut data, &mut messages, RecvFlags::CMSG_CLOEXEC)?;
    let files = messages.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.ok_or_else(|| "no file came".into())
}
