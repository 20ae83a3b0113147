//! A NIC that writes into the memory of an accelerator.

use tph::tlp::Hint;
use tph::{DmaBufError, StMode};
use tph_abi::client;

use super::*;
use crate::device::BusMaster;
use crate::dma::SharedMemory;
use crate::engine::registers::{BlockRegister, STEERING_DIRECT, offset_of};
use crate::engine::{Status, pattern};
use crate::host::{Caller, Host, OpenFile};
use crate::profile::Profile;
use crate::scoreboard::{ReceivedScore, Scoreboard};

const IOVA: u64 = 0x1_0000_0000;
const MEMORY: Region = Region::Bar(4);
const PAGES: BarRange = BarRange { offset: 0x3000, length: 0x2000 };

struct Bench {
    host: SharedHost,
    nic: EmuDevice,
    accelerator: Option<EmuDevice>,
}

impl Bench {
    fn new() -> Self {
        let host = SharedHost::new(Host::new(&Profile::peer()));
        let open = |name| {
            let function = host.lock().function_named(name).unwrap();
            EmuDevice::open(&host, function, Caller::anywhere()).unwrap()
        };
        let (nic, accelerator) = (open("nic0"), Some(open("accel0")));
        nic.set_bus_master(BusMaster::On).unwrap();
        client::enable(&mut &nic, StMode::DeviceSpecific).unwrap();
        Self { host, nic, accelerator }
    }

    fn accelerator(&self) -> &EmuDevice {
        self.accelerator.as_ref().unwrap()
    }

    /// A dma-buf of two pages, mapped for the NIC at `IOVA`.
    fn mapped(&self) -> EmuFile {
        let file = self.accelerator().export_dma_buf(MEMORY, &[PAGES]).unwrap();
        self.nic.map_dma_buf(IOVA, file.number()).unwrap();
        file
    }

    /// Queue 0 writes `length` bytes to the start of the dma-buf with this tag.
    fn send(&self, length: u32, tag: u16) -> u32 {
        let write = |register, value: u32| {
            let offset = offset_of(0, register);
            self.nic.region_write(Region::Bar(0), offset, &value.to_le_bytes()).unwrap();
        };
        write(BlockRegister::TargetHigh, 1);
        write(BlockRegister::Length, length);
        write(BlockRegister::Steering, STEERING_DIRECT | u32::from(tag));
        write(BlockRegister::Hint, 2);
        write(BlockRegister::Doorbell, 1);
        let mut status = [0; 4];
        let offset = offset_of(0, BlockRegister::Status);
        self.nic.region_read(Region::Bar(0), offset, &mut status).unwrap();
        u32::from_le_bytes(status)
    }

    fn sent(&self) -> Scoreboard {
        self.host.lock().scoreboard(self.nic.function())
    }

    fn received(&self) -> Vec<ReceivedScore> {
        let host = self.host.lock();
        let accelerator = host.function_named("accel0").unwrap();
        host.received(accelerator).rows
    }
}

const DONE: u32 = Status::Done as u32;
const FAULT: u32 = Status::Fault as u32;

#[test]
fn what_the_nic_sends_is_what_the_accelerator_receives() {
    let bench = Bench::new();
    let _file = bench.mapped();
    assert_eq!((bench.send(0x1200, 0xbea5), bench.send(0x100, 0)), (DONE, DONE));
    let sent = bench.sent().queues[0].clone();
    let received = bench.received();
    assert_eq!((sent.writes, sent.bytes, sent.faults), (0x1300 / 128, 0x1300, 0));
    assert_eq!(sent.hints.len(), received.len());
    for (sent, received) in sent.hints.iter().zip(&received) {
        // Without a prefix nothing on the wire tells a 16-bit tag below 256 from an 8-bit one.
        let bits = |hint: Hint| (hint.tag.entry_bits(), hint.processing);
        assert_eq!(sent.hint.map(bits), received.hint.map(bits));
        assert_eq!((sent.writes, sent.bytes), (received.writes, received.bytes));
        assert_eq!(received.sender, "01:00.0");
    }
    let mut bytes = vec![0; 0x1200];
    bench.accelerator().region_read(MEMORY, PAGES.offset, &mut bytes).unwrap();
    assert_eq!(bytes[..0x100], pattern(0, 2, 0x100));
    assert_eq!(bytes[0x100..], pattern(0, 1, 0x1200)[0x100..]);
}

#[test]
fn several_ranges_are_one_buffer() {
    let bench = Bench::new();
    let ranges = [PAGES, BarRange { offset: 0xf000, length: 0x1000 }];
    let file = bench.accelerator().export_dma_buf(MEMORY, &ranges).unwrap();
    bench.nic.map_dma_buf(IOVA, file.number()).unwrap();
    assert_eq!(bench.send(0x3000, 1), DONE);
    let mut bytes = vec![0; 0x1000];
    bench.accelerator().region_read(MEMORY, 0xf000, &mut bytes).unwrap();
    assert_eq!(bytes, pattern(0, 1, 0x3000)[0x2000..]);
    assert_eq!(bench.send(0x3001, 1), FAULT);
}

#[test]
fn a_mapping_outlives_the_descriptor() {
    let bench = Bench::new();
    let number = bench.mapped().number();
    assert_eq!(bench.send(0x100, 1), DONE);
    let again = bench.nic.map_dma_buf(IOVA + 0x10_0000, number);
    assert_eq!(again, Err(DmaBufError::NotOpen.into()));
}

/// Memory accesses off and on again, in the Command register.
fn memory_enable(device: &EmuDevice, on: bool) {
    let command = if on { [6, 0] } else { [4, 0] };
    device.region_write(Region::Config, 4, &command).unwrap();
}

#[test]
fn memory_that_is_turned_off_is_out_of_reach_until_it_is_mapped_again() {
    let bench = Bench::new();
    let file = bench.mapped();
    memory_enable(bench.accelerator(), false);
    assert_eq!(bench.send(0x100, 1), FAULT);
    let map = || bench.nic.map_dma_buf(IOVA + 0x10_0000, file.number());
    assert_eq!(map(), Err(DmaBufError::Revoked.into()));
    memory_enable(bench.accelerator(), true);
    assert_eq!(bench.send(0x100, 1), FAULT, "the old mapping stays invalid");
    bench.nic.unmap_dma(IOVA, PAGES.length);
    bench.nic.map_dma_buf(IOVA, file.number()).unwrap();
    assert_eq!(bench.send(0x100, 1), DONE);
}

#[test]
fn a_reset_makes_mappings_invalid() {
    let bench = Bench::new();
    let file = bench.mapped();
    bench.accelerator().reset().unwrap();
    assert_eq!(bench.send(0x100, 1), FAULT);
    bench.nic.map_dma_buf(IOVA + 0x10_0000, file.number()).unwrap();
}

#[test]
fn a_device_that_is_closed_takes_its_memory_along_for_good() {
    let mut bench = Bench::new();
    let file = bench.mapped();
    let function = bench.accelerator().function();
    bench.accelerator = None;
    assert_eq!(bench.send(0x100, 1), FAULT);
    let again = EmuDevice::open(&bench.host, function, Caller::anywhere()).unwrap();
    let map = bench.nic.map_dma_buf(IOVA + 0x10_0000, file.number());
    assert_eq!(map, Err(DmaBufError::Revoked.into()));
    assert!(bench.received().is_empty());
    drop(again);
}

#[test]
fn only_pages_of_memory_can_be_exported() {
    let bench = Bench::new();
    let export = |region, ranges: &[(u64, u64)]| {
        let ranges: Vec<_> =
            ranges.iter().map(|&(offset, length)| BarRange { offset, length }).collect();
        bench.accelerator().export_dma_buf(region, &ranges).map(drop)
    };
    export(MEMORY, &[(0, 0x1_0000), (0x1000, 0x1000)]).unwrap();
    assert_eq!(export(Region::Config, &[(0, 0x1000)]), Err(Errno::ENODEV));
    for region in [Region::Bar(0), Region::Bar(1), Region::Bar(2)] {
        assert_eq!(export(region, &[(0, 0x1000)]), Err(Errno::EINVAL));
    }
    for bad in [
        (0, 0),
        (0x800, 0x1000),
        (0, 0x800),
        (0xf000, 0x2000),
        (0x1_0000, 0x1000),
        (!0xfff, 0x1000),
    ] {
        assert_eq!(export(MEMORY, &[(0, 0x1000), bad]), Err(Errno::EINVAL), "{bad:x?}");
    }
    assert_eq!(export(MEMORY, &[]), Err(Errno::EINVAL));
}

#[test]
fn what_is_no_dma_buf_of_a_function_is_not_mapped() {
    let bench = Bench::new();
    let host_buffer = EmuFile::open(&bench.host, OpenFile::HostBuffer).unwrap();
    let other = EmuFile::open(&bench.host, OpenFile::Other).unwrap();
    let map = |number| bench.nic.map_dma_buf(IOVA, number);
    assert_eq!(map(host_buffer.number()), Err(ImportError::HostMemory));
    assert_eq!(map(other.number()), Err(DmaBufError::NotADmaBuf.into()));
    assert_eq!(map(-1), Err(DmaBufError::NotOpen.into()));
    let file = bench.mapped();
    assert_eq!(
        bench.nic.map_dma_buf(IOVA + 1, file.number()),
        Err(ImportError::Unaligned(IOVA + 1))
    );
    let taken = bench.nic.map_dma_buf(IOVA + 0x1000, file.number());
    assert!(matches!(taken, Err(ImportError::Place(_))), "{taken:?}");
    bench.nic.map_dma(IOVA - 0x1000, SharedMemory::new(0x1000)).unwrap();
}

#[test]
fn buffers_that_are_gone_are_not_remembered() {
    let bench = Bench::new();
    for _ in 0..10_000 {
        let file = bench.accelerator().export_dma_buf(MEMORY, &[PAGES]).unwrap();
        assert_eq!(file.number(), 3, "the number of the one before is free again");
    }
    let host = bench.host.lock();
    assert!(host.exports_remembered(bench.accelerator().function()) <= 64);
}
