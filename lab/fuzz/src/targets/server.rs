//! The vfio-user server: bytes and file descriptors of a client that means no good.
//!
//! The input is a list of messages: with a header in order and a body made of fields, or bytes as
//! they come; some have file descriptors with them, of the right kind and of others. All of it is in
//! the socket before the server looks. It must come to its end, keep no descriptor, and leave a
//! function that has no mapping and that the next client finds as after power-on.

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use arbitrary::Unstructured;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::PipeFlags;
use tph_emu::vfio_user::serve_client;
use tph_emu::{FunctionId, Host, Profile, SharedHost};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "server", run, longest: 640, slice: 15_000 };

/// What a client may share.
const GUEST_MEMORY: u64 = 0x1_0000;
/// The most descriptors that come with a message: more than the server takes.
const MOST_FILES: usize = 18;
/// How long the server waits for a client that reads no replies: all of an input's fit.
const PATIENCE: Duration = Duration::from_millis(200);

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

fn run(bytes: &[u8]) {
    BENCH.with_borrow_mut(|bench| bench.run(bytes));
}

struct Bench {
    host: SharedHost,
    function: FunctionId,
    files: Vec<OwnedFd>,
    /// The configuration space of a function that nobody has used.
    fresh: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        // A file of a client may be a pipe that nobody reads. libFuzzer's program, which is not
        // Rust's, would be ended by the signal.
        let ignored = std::sync::Arc::default();
        signal_hook::flag::register(rustix::process::Signal::PIPE.as_raw(), ignored).unwrap();
        let mut profile = Profile::demo();
        profile.functions[0].bar_size = 0x2000;
        let host = SharedHost::new(Host::new(&profile));
        let function = host.lock().function_named("nic0").unwrap();
        let fresh = config(&host, function);
        Self { host, function, files: files(), fresh }
    }

    fn run(&mut self, bytes: &[u8]) {
        let (client, server) = UnixStream::pair().unwrap();
        server.set_write_timeout(Some(PATIENCE)).unwrap();
        client.set_nonblocking(true).unwrap();
        let mark = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let input = &mut Unstructured::new(bytes);
        if any::<u8>(input) != 0 {
            let _ = send(&client, &message(1, b"\0\0\0\0{}\0"), &[]);
        }
        while !input.is_empty() {
            let files = self.chosen(input, &mark.1);
            let message = Self::message(input, files.len());
            if send(&client, &message, &files).is_err() {
                break;
            }
        }
        client.shutdown(Shutdown::Write).unwrap();
        let _ = serve_client(&server, &self.host, self.function);
        drop(server);
        replies(client);
        given_back(mark);
        self.next_client();
    }

    /// The next client finds a function as after power-on, which still answers.
    fn next_client(&self) {
        let (client, server) = UnixStream::pair().unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let left = serve_client(&server, &self.host, self.function);
        assert!(left.is_ok());
        assert_eq!(config(&self.host, self.function), self.fresh);
        let mut host = self.host.lock();
        assert_eq!(host.endpoint_mut(self.function).io_map_mut().unmap(0, u64::MAX), 0);
    }

    fn message(input: &mut Unstructured<'_>, files: usize) -> Vec<u8> {
        let form: u8 = any(input);
        if form >= 0xf0 {
            let length = below(input, 64) as usize;
            return input.bytes(length.min(input.len())).unwrap_or_default().to_vec();
        }
        let command = u16::from(form % 16);
        let mut message = message(command, &body(input, command, files));
        match any::<u8>(input) {
            // The size in the header is another than that of the message.
            0xf0.. => message[4..8].copy_from_slice(&any::<[u8; 4]>(input)),
            0xe0..0xf0 => message[8..12].copy_from_slice(&any::<[u8; 4]>(input)),
            0xd0..0xe0 => message.truncate(below(input, 64) as usize),
            _ => {}
        }
        message
    }

    /// Some of the files, some of them twice; `mark` is one of them.
    fn chosen<'a>(
        &'a self,
        input: &mut Unstructured<'_>,
        mark: &'a OwnedFd,
    ) -> Vec<BorrowedFd<'a>> {
        let count = usize::from(any::<u8>(input)).saturating_sub(0x60) % (MOST_FILES + 1);
        let first: usize = any::<u8>(input).into();
        let file = |at: usize| self.files.get(at % (self.files.len() + 1)).unwrap_or(mark);
        (0..count).map(|at| file(first + at / 3).as_fd()).collect()
    }
}

fn send(client: &UnixStream, message: &[u8], files: &[BorrowedFd<'_>]) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(files)));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    sendmsg(client, &[IoSlice::new(message)], &mut control, flags).map(|_| ())
}

/// A body as the command has it, out of numbers that mean something and of others; `files` come with it.
fn body(input: &mut Unstructured<'_>, command: u16, files: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let small = |input: &mut Unstructured<'_>, most| below(input, most).to_ne_bytes();
    let wide = |input: &mut Unstructured<'_>| match any::<u8>(input) {
        0xff => any::<u64>(input),
        pages => u64::from(pages) << 12,
    };
    match command {
        // Where memory lies, and how much.
        2 | 3 => {
            body.extend(32_u32.to_ne_bytes());
            body.extend(small(input, 8));
            let numbers = if command == 2 { 3 } else { 2 };
            (0..numbers).for_each(|_| body.extend(wide(input).to_ne_bytes()));
        }
        4..=7 => {
            body.extend([0; 8]);
            body.extend(small(input, 10));
            body.extend([0; 4]);
        }
        8 => {
            body.extend(20_u32.to_ne_bytes());
            body.extend([0x24_u32, 0x21, 0x22, any(input)][below(input, 4) as usize].to_ne_bytes());
            body.extend(small(input, 4));
            body.extend(small(input, 20));
            let count = [files as u32, below(input, 20)][below(input, 2) as usize];
            body.extend(count.to_ne_bytes());
        }
        9 | 10 => access(input, command, &mut body),
        _ => {
            let length = below(input, 40) as usize;
            body.extend(input.bytes(length.min(input.len())).unwrap_or_default());
        }
    }
    body
}

/// A read or a write: mostly of registers that do something.
fn access(input: &mut Unstructured<'_>, command: u16, body: &mut Vec<u8>) {
    let region = [7_u32, 0, 0, 2, any::<u8>(input).into()][below(input, 5) as usize];
    let offset = match (region, below(input, 8)) {
        (_, 0) => any::<u64>(input),
        (7, _) => u64::from(below(input, 0x200)),
        (0, _) => 0x1000 + 4 * u64::from(below(input, 0x88)),
        _ => u64::from(below(input, 0x400)),
    };
    let length = if any::<u8>(input) == 0xff { any(input) } else { below(input, 12) };
    body.extend(offset.to_ne_bytes());
    body.extend(region.to_ne_bytes());
    body.extend(length.to_ne_bytes());
    if command == 10 {
        let length = (length as usize).min(16);
        body.extend((0..length).map(|_| any::<u8>(input)));
    }
}

fn message(command: u16, body: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 0];
    message.extend(command.to_ne_bytes());
    message.extend(u32::try_from(16 + body.len()).unwrap().to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// What came back must be whole replies, each as long as it says.
fn replies(mut client: UnixStream) {
    let mut bytes = Vec::new();
    // What the server did not read makes the end of the stream a reset.
    let _ = client.read_to_end(&mut bytes);
    let mut rest = bytes.as_slice();
    while let Some((header, _)) = rest.split_first_chunk::<16>() {
        let word = |at: usize| u32::from_ne_bytes(*header[at..].first_chunk().unwrap());
        let size = word(4) as usize;
        assert!((16..=0x10_1000).contains(&size), "a reply of {size} bytes");
        assert_eq!(word(8) & 0xf, 1, "no reply");
        assert_eq!(word(8) & 0x20 != 0, word(12) != 0, "errno {}", word(12));
        let Some((_, later)) = rest.split_at_checked(size) else { return };
        rest = later;
    }
}

/// Guest memory, an eventfd, and what is neither.
fn files() -> Vec<OwnedFd> {
    let memory = |size: u64| {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(rustix::fs::memfd_create("guest", flags).unwrap());
        file.set_len(size).unwrap();
        // Whoever writes past the end makes it no longer.
        rustix::fs::fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SHRINK).unwrap();
        OwnedFd::from(file)
    };
    let eventfd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let (_, orphan) = rustix::pipe::pipe().unwrap();
    let folder = File::open("/proc/self").unwrap();
    let null = File::open("/dev/null").unwrap();
    let files = [memory(GUEST_MEMORY), eventfd, memory(0), null.into()];
    files.into_iter().chain([reader, writer, orphan, folder.into()]).collect()
}

fn config(host: &SharedHost, function: FunctionId) -> Vec<u8> {
    let mut bytes = vec![0; tph::ConfigOffset::SPACE.into()];
    host.lock().endpoint(function).config().read(0, &mut bytes);
    bytes
}

/// Whether nobody has a copy of the pipe's end that was handed out: the other end is at its end then.
/// Descriptors that the server never took in go when the kernel gets to it.
fn given_back((reader, writer): (OwnedFd, OwnedFd)) {
    drop(writer);
    let mut reader = File::from(reader);
    let mut told = [0; 64];
    loop {
        match reader.read(&mut told) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let patience = Timespec { tv_sec: 10, tv_nsec: 0 };
                let left = poll(&mut [PollFd::new(&reader, PollFlags::IN)], Some(&patience));
                assert_ne!(left, Ok(0), "a descriptor was kept");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
