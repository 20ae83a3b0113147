//! The vfio-user server as an independent client sees it, and as a broken one does.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tph::{ConfigOffset, StIndex};
use tph_emu::engine::registers::{BlockRegister, STEERING_DIRECT, VECTOR_NONE, offset_of};
use tph_emu::engine::{Status, pattern};
use tph_emu::vfio_user::{ServerHandle, serve};
use tph_emu::{FunctionId, Host, Profile, SharedHost};
use vfio_user::Client;

const CONFIG: u32 = 7;
const IOVA: u64 = 0x1234_0000;

struct Bench {
    host: SharedHost,
    function: FunctionId,
    server: ServerHandle,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let host = SharedHost::new(Host::new(&Profile::demo()));
        let function = host.lock().function_named("nic0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = serve(host.clone(), function, &folder.path().join("nic0.sock")).unwrap();
        Self { host, function, server, _folder: folder }
    }

    fn path(&self) -> PathBuf {
        self.server.path().to_owned()
    }

    fn client(&self) -> Client {
        Client::new(&self.path()).unwrap()
    }

    fn dword(&self, offset: u16) -> u32 {
        self.host.lock().config_dword(self.function, ConfigOffset::new(offset).unwrap())
    }
}

fn write(client: &mut Client, queue: u16, register: BlockRegister, value: u32) {
    client.region_write(0, offset_of(queue, register), &value.to_le_bytes()).unwrap();
}

fn read(client: &mut Client, queue: u16, register: BlockRegister) -> u32 {
    let mut bytes = [0; 4];
    client.region_read(0, offset_of(queue, register), &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

fn set_config(client: &mut Client, offset: u16, value: u32) {
    client.region_write(CONFIG, u64::from(offset), &value.to_le_bytes()).unwrap();
}

fn guest_memory(size: u64) -> File {
    let fd = rustix::fs::memfd_create("guest", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let file = File::from(fd);
    file.set_len(size).unwrap();
    file
}

#[test]
fn a_client_programs_the_device_and_finds_tagged_data_in_its_memory() {
    let bench = Bench::new();
    let mut client = bench.client();
    assert_eq!(client.region(CONFIG).unwrap().size, 0x1000);
    assert_eq!(client.region(0).unwrap().size, 0x4000);
    assert_eq!(client.get_irq_info(2).unwrap().count, 16);

    let memory = guest_memory(0x3000);
    client.dma_map(0x1000, IOVA, 0x1000, memory.as_raw_fd()).unwrap();
    client.dma_map(0x2000, IOVA + 0x1000, 0x1000, memory.as_raw_fd()).unwrap();
    set_config(&mut client, 0x04, 0x6);
    set_config(&mut client, 0x10c, 0xbea5_0000);
    set_config(&mut client, 0x108, 0x302);

    write(&mut client, 2, BlockRegister::TargetLow, u32::try_from(IOVA).unwrap() + 0xff0);
    write(&mut client, 2, BlockRegister::Length, 0x20);
    write(&mut client, 2, BlockRegister::Steering, 1);
    write(&mut client, 2, BlockRegister::Vector, VECTOR_NONE);
    write(&mut client, 2, BlockRegister::Doorbell, 1);
    assert_eq!(read(&mut client, 2, BlockRegister::Status), Status::Done as u32);

    let mut data = [0; 0x20];
    memory.read_exact_at(&mut data, 0x1ff0).unwrap();
    assert_eq!(data, pattern(2, 1, 0x20)[..]);
    let hint = bench.host.lock().scoreboard(bench.function).queue(2).unwrap().only_hint();
    assert_eq!(hint.unwrap().unwrap().tag.entry_bits(), 0xbea5);

    client.dma_unmap(IOVA, 0x1000).unwrap();
    write(&mut client, 2, BlockRegister::Steering, STEERING_DIRECT | 7);
    write(&mut client, 2, BlockRegister::Doorbell, 1);
    assert_eq!(read(&mut client, 2, BlockRegister::Status), Status::Fault as u32);
}

#[test]
fn eventfds_are_told_of_interrupts() {
    let bench = Bench::new();
    let mut client = bench.client();
    let flags = rustix::event::EventfdFlags::NONBLOCK;
    let lines: Vec<_> =
        (0..4).map(|_| File::from(rustix::event::eventfd(0, flags).unwrap())).collect();
    let fds: Vec<_> = lines.iter().map(AsRawFd::as_raw_fd).collect();
    client.set_irqs(2, 0x24, 4, 4, &fds).unwrap();
    set_config(&mut client, 0x04, 0x6);
    write(&mut client, 0, BlockRegister::Vector, 6);
    write(&mut client, 0, BlockRegister::Doorbell, 1);
    let mut count = [0; 8];
    (&lines[2]).read_exact(&mut count).unwrap();
    assert_eq!(u64::from_ne_bytes(count), 1);
    client.set_irqs(2, 0x21, 0, 0, &[]).unwrap();
    write(&mut client, 0, BlockRegister::Doorbell, 1);
    assert!((&lines[2]).read_exact(&mut count).is_err());
}

#[test]
fn a_reset_turns_tph_off_and_so_does_the_bit_in_device_control() {
    let bench = Bench::new();
    let mut client = bench.client();
    let function_reset = |client: &mut Client| set_config(client, 0x48, 0x8000);
    let resets: [&dyn Fn(&mut Client); 2] =
        [&|client| client.reset().unwrap(), &|client| function_reset(client)];
    for reset in resets {
        set_config(&mut client, 0x10c, 0x1234_5678);
        set_config(&mut client, 0x108, 0x302);
        assert_eq!((bench.dword(0x108), bench.dword(0x10c)), (0x302, 0x1234_5678));
        reset(&mut client);
        assert_eq!((bench.dword(0x108), bench.dword(0x10c)), (0, 0));
    }
}

#[test]
fn a_client_that_leaves_can_be_looked_at_and_the_next_finds_a_fresh_device() {
    let bench = Bench::new();
    let mut client = bench.client();
    set_config(&mut client, 0x108, 0x301);
    client.shutdown().unwrap();
    drop(client);
    until(|| !bench.server.is_connected());
    assert_eq!(bench.dword(0x108), 0x301);
    let mut next = bench.client();
    assert_eq!(bench.dword(0x108), 0);
    let mut id = [0; 4];
    next.region_read(CONFIG, 0, &mut id).unwrap();
    assert_eq!(u32::from_le_bytes(id), 0x7470_1234);
    assert_eq!(bench.server.sessions(), 2);
}

#[test]
fn accesses_are_counted_where_they_arrive() {
    let bench = Bench::new();
    let mut client = bench.client();
    bench.host.lock().endpoint_mut(bench.function).take_counts();
    let mut bytes = [0; 4];
    client.region_read(CONFIG, 0x104, &mut bytes).unwrap();
    client.region_read(CONFIG, 0, &mut bytes).unwrap();
    set_config(&mut client, 0x18c, 0);
    let counts = bench.host.lock().endpoint_mut(bench.function).take_counts();
    assert_eq!((counts.config_reads, counts.tph_reads), (2, 1));
    assert_eq!((counts.config_writes, counts.tph_writes), (1, 0));
}

#[test]
fn an_access_outside_of_a_region_is_refused_and_the_next_one_works() {
    let bench = Bench::new();
    let mut stream = greeted(&bench);
    for (offset, region, count, ok) in [
        (0xffc_u64, 7_u32, 4_u32, true),
        (0xffd, 7, 4, false),
        (u64::MAX, 7, 4, false),
        (0, 6, 4, false),
        (0, 99, 4, false),
        (0, 0, u32::MAX, false),
        (0x4000, 0, 1, false),
        (0, 7, 0, true),
    ] {
        let mut body = offset.to_ne_bytes().to_vec();
        body.extend(region.to_ne_bytes());
        body.extend(count.to_ne_bytes());
        send(&mut stream, 9, &body);
        let (error, _) = receive(&mut stream);
        assert_eq!(error, if ok { 0 } else { 22 }, "{count} bytes at {offset:#x} of {region}");
    }
    send(&mut stream, 10, &[0; 15]);
    assert_eq!(receive(&mut stream).0, 22);
    send(&mut stream, 15, &[]);
    assert_eq!(receive(&mut stream).0, 95);
}

#[test]
fn the_device_says_that_it_is_pci_and_can_be_reset() {
    let bench = Bench::new();
    let mut stream = greeted(&bench);
    send(&mut stream, 4, &[0; 16]);
    let (error, body) = receive(&mut stream);
    assert_eq!((error, &body[4..8]), (0, &3_u32.to_ne_bytes()[..]));
}

#[test]
fn nothing_is_answered_before_the_version() {
    let bench = Bench::new();
    let mut stream = UnixStream::connect(bench.path()).unwrap();
    send(&mut stream, 4, &[0; 16]);
    assert_eq!(receive(&mut stream).0, 22);
    for body in [&b""[..], b"\0\0\0\0", b"\0\0\0\0{}", b"\0\0\0\0{\0", b"\x01\0\0\0{}\0"] {
        send(&mut stream, 1, body);
        assert_eq!(receive(&mut stream).0, 22, "{body:?}");
    }
    send(&mut stream, 1, b"\0\0\0\0{}\0");
    assert_eq!(receive(&mut stream).0, 0);
}

#[test]
fn a_message_of_an_impossible_size_ends_the_session_only() {
    let bench = Bench::new();
    for size in [0_u32, 15, 0x20_0000, u32::MAX] {
        let mut stream = greeted(&bench);
        let mut message = [1, 0, 9, 0].to_vec();
        message.extend(size.to_ne_bytes());
        message.extend([0; 8]);
        stream.write_all(&message).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        until(|| !bench.server.is_connected());
        assert!(bench.server.take_error().is_some(), "{size}");
    }
    bench.client();
}

#[test]
fn a_client_that_talks_nonsense_does_not_stop_the_server() {
    let bench = Bench::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for round in 0..24 {
        let mut stream = greeted(&bench);
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        for _ in 0..20 {
            let command = u16::try_from(random() % 17).unwrap();
            let length = usize::try_from(random() % 64).unwrap();
            let mask = if random() % 2 == 0 { 0xff } else { 0x07 };
            let body: Vec<u8> = (0..length).map(|_| random().to_ne_bytes()[1] & mask).collect();
            if try_send(&mut stream, command, &body, round % 2 * 0x10).is_err() {
                break;
            }
            let _ = stream.read(&mut [0; 4096]);
        }
        if round % 3 == 0 {
            let _ = stream.write_all(&[0; 7]);
        }
    }
    let mut client = bench.client();
    set_config(&mut client, 0x108, 0x302);
    assert_eq!(bench.dword(0x108), 0x302);
    let entry = bench.host.lock().endpoint(bench.function).st_entry(StIndex(0));
    assert_eq!(entry, Some(0));
}

#[test]
fn the_server_ends_while_a_client_is_silent() {
    let bench = Bench::new();
    let path = bench.path();
    let _silent = UnixStream::connect(&path).unwrap();
    until(|| bench.server.is_connected());
    let start = Instant::now();
    bench.server.stop();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(!path.exists());
}

#[test]
fn a_socket_that_exists_is_not_taken_over() {
    let bench = Bench::new();
    let error = serve(bench.host.clone(), bench.function, &bench.path()).unwrap_err();
    assert!(error.to_string().contains("nic0.sock"), "{error}");
    bench.client();
}

fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "it did not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn greeted(bench: &Bench) -> UnixStream {
    let mut stream = UnixStream::connect(bench.path()).unwrap();
    send(&mut stream, 1, b"\0\0\0\0{\"capabilities\":{}}\0");
    assert_eq!(receive(&mut stream).0, 0);
    stream
}

fn send(stream: &mut UnixStream, command: u16, body: &[u8]) {
    try_send(stream, command, body, 0).unwrap();
}

fn try_send(stream: &mut UnixStream, command: u16, body: &[u8], flags: u32) -> std::io::Result<()> {
    let mut message = 1_u16.to_ne_bytes().to_vec();
    message.extend(command.to_ne_bytes());
    message.extend(u32::try_from(16 + body.len()).unwrap().to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(body);
    stream.write_all(&message)
}

/// The error number and the body of a reply.
fn receive(stream: &mut UnixStream) -> (u32, Vec<u8>) {
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap());
    let mut body = vec![0; usize::try_from(word(4)).unwrap() - 16];
    stream.read_exact(&mut body).unwrap();
    (word(12), body)
}
