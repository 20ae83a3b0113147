//! The crate `vfio_user` as the client.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use tph_emu::engine::registers::{BlockRegister, STEERING_DIRECT, VECTOR_NONE, offset_of};
use tph_emu::engine::{Status, pattern};
use vfio_user::Client;

use crate::{Bench, CONFIG, set_config, until};

const IOVA: u64 = 0x1234_0000;

fn write(client: &mut Client, queue: u16, register: BlockRegister, value: u32) {
    client.region_write(0, offset_of(queue, register), &value.to_le_bytes()).unwrap();
}

fn read(client: &mut Client, queue: u16, register: BlockRegister) -> u32 {
    let mut bytes = [0; 4];
    client.region_read(0, offset_of(queue, register), &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
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
