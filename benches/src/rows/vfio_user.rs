//! Row 8: a configuration access over vfio-user, beside a bare exchange of as many bytes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use tph_emu::vfio_user::{ServerHandle, serve};
use tph_emu::{Host, Profile, SharedHost};

use crate::count;
use crate::figure::Figure;
use crate::measure::Paired;
use crate::tools::Tools;

const LIMIT: f64 = 1.3;
const ROUNDS: usize = 60;
const MESSAGES: u32 = 1_000;
/// A header and the fixed part of a region access; the reply has the dword behind it.
const REQUEST: usize = 32;
const REPLY: usize = 36;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let _one_cpu = OneCpu::take();
    let (mut ours, mut bare) = (Served::new(), Bare::new());
    let batch = |exchange: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..MESSAGES).for_each(|_| exchange());
        start.elapsed()
    };
    let times =
        Paired::rounds(ROUNDS, || batch(&mut || ours.read()), || batch(&mut || bare.read()));
    let calls = |name| count::system_calls(tools, name, 500);
    let (slower, (low, high)) =
        (times.times_slower(), (1.0 / times.spread.1, 1.0 / times.spread.0));
    let each = |time: Duration| time / MESSAGES;
    vec![
        Figure::new(
            "read of a configuration dword over vfio-user, to the reply",
            format!(
                "{:.2?}, {:.2} system calls; {slower:.2} times ({low:.2} to {high:.2})",
                each(times.ours),
                calls("vfio-user")
            ),
        )
        .peer(format!(
            "{REQUEST} bytes to a thread and {REPLY} back: {:.2?}, {:.2} system calls",
            each(times.peer),
            calls("ping-pong")
        ))
        .limit(format!("{LIMIT} times"), slower <= LIMIT),
    ]
}

pub(crate) fn piece(name: &str) -> Option<Box<dyn FnMut()>> {
    match name {
        "vfio-user" => {
            let mut served = Served::new();
            Some(Box::new(move || served.read()))
        }
        "ping-pong" => {
            let mut bare = Bare::new();
            Some(Box::new(move || bare.read()))
        }
        _ => None,
    }
}

/// This thread, and the threads that it starts, on one CPU. On several, each exchange would be the time that an idle CPU takes
/// to wake, many times its own, or not, as the kernel places the threads.
struct OneCpu(CpuSet);

impl OneCpu {
    fn take() -> Self {
        let before = sched_getaffinity(None).expect("a thread has CPUs");
        let mut one = CpuSet::new();
        one.set(sched_getcpu());
        sched_setaffinity(None, &one).expect("it may stay where it is");
        Self(before)
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        let _ = sched_setaffinity(None, &self.0);
    }
}

/// A client of the emulated function.
struct Served {
    client: UnixStream,
    _server: ServerHandle,
    _folder: tempfile::TempDir,
}

impl Served {
    fn new() -> Self {
        let host = SharedHost::new(Host::new(&Profile::demo()));
        let id = host.lock().function_named("nic0").expect("the demo host has one");
        let folder = tempfile::tempdir().expect("a folder");
        let path: &Path = &folder.path().join("nic0.sock");
        let server = serve(host, id, path).expect("it is served");
        let mut client = UnixStream::connect(path).expect("it listens");
        client.write_all(&message(1, b"\0\0\0\0{}\0")).expect("it takes the version");
        let mut header = [0; 16];
        client.read_exact(&mut header).expect("it answers");
        let size = u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
        let mut rest = vec![0; size as usize - header.len()];
        client.read_exact(&mut rest).expect("it answers in full");
        Self { client, _server: server, _folder: folder }
    }

    fn read(&mut self) {
        let mut body = 0_u64.to_ne_bytes().to_vec();
        body.extend([7_u32, 4].iter().flat_map(|word| word.to_ne_bytes()));
        let reply = exchange(&mut self.client, &message(9, &body));
        assert_eq!(reply[32..], 0x7470_1234_u32.to_le_bytes(), "the IDs of the function");
    }
}

/// A thread that answers any 32 bytes with 36.
struct Bare(UnixStream);

impl Bare {
    fn new() -> Self {
        let (client, mut server) = UnixStream::pair().expect("a pair of sockets");
        std::thread::spawn(move || {
            let mut request = [0; REQUEST];
            while server.read_exact(&mut request).is_ok() {
                server.write_all(&[7; REPLY]).expect("the client reads");
            }
        });
        Self(client)
    }

    fn read(&mut self) {
        let mut body = 0_u64.to_ne_bytes().to_vec();
        body.extend([7_u32, 4].iter().flat_map(|word| word.to_ne_bytes()));
        assert_eq!(exchange(&mut self.0, &message(9, &body)), [7; REPLY]);
    }
}

fn exchange(stream: &mut UnixStream, message: &[u8]) -> [u8; REPLY] {
    stream.write_all(message).expect("the server reads");
    let mut reply = [0; REPLY];
    stream.read_exact(&mut reply).expect("the server answers");
    reply
}

/// A command of vfio-user.
fn message(command: u16, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(16 + body.len()).expect("a small message");
    let mut bytes = [1_u16, command].iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>();
    bytes.extend([size, 0, 0].iter().flat_map(|word| word.to_ne_bytes()));
    bytes.extend(body);
    bytes
}
