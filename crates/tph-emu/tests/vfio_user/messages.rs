//! Messages byte by byte, as no client should send them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tph::StIndex;

use crate::{Bench, set_config, until};

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
