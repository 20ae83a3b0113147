//! A driver on the emulated host, from opening to closing.

mod odd;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tph::{ConfigOffset, CpuId, Entry, MemoryType, StMode, TagSource};
use tph_abi::{Operation, StRequest, client};

use super::*;
use crate::dma::SharedMemory;
use crate::engine::registers::{BlockRegister, STEERING_DIRECT, VECTOR_NONE, offset_of};
use crate::engine::{Status, pattern};
use crate::host::{DirectTags, Host};
use crate::profile::{CpuList, Profile, word_of};

const IOVA: u64 = 0x4000_0000;

struct Bench {
    profile: Profile,
    device: EmuDevice,
    memory: SharedMemory,
}

impl Bench {
    fn on(profile: Profile) -> Self {
        let host = SharedHost::new(Host::new(&profile));
        let function = host.lock().function_named("nic0").unwrap();
        let device = EmuDevice::open(&host, function, Caller::anywhere()).unwrap();
        let memory = SharedMemory::new(0x1_0000);
        device.map_dma(IOVA, memory.clone()).unwrap();
        device.set_bus_master(BusMaster::On).unwrap();
        Self { profile, device, memory }
    }

    fn demo() -> Self {
        Self::on(Profile::demo())
    }

    fn odd(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles/");
        Self::on(Profile::read(format!("{folder}{name}.toml").as_ref()).unwrap())
    }

    fn enable(&self, mode: StMode) -> Result<(), Errno> {
        client::enable(&mut &self.device, mode)
    }

    fn program(&self, entries: &[(u16, u32)]) -> Result<(), Errno> {
        let mut bytes = vec![0; 16 + 12 * entries.len()];
        let mut request = StRequest::new(Operation::SetSt, &mut bytes).unwrap();
        for (position, (index, cpu)) in entries.iter().enumerate() {
            let source = TagSource::Cpu { cpu: CpuId(*cpu), memory: MemoryType::Volatile };
            request.set(position, Entry { index: StIndex(*index), source });
        }
        client::call(&mut &self.device, &mut request)
    }

    fn write(&self, queue: u16, register: BlockRegister, value: u32) {
        let offset = offset_of(queue, register);
        self.device.region_write(Region::Bar(0), offset, &value.to_le_bytes()).unwrap();
    }

    fn read(&self, queue: u16, register: BlockRegister) -> u32 {
        let mut bytes = [0; 4];
        self.device.region_read(Region::Bar(0), offset_of(queue, register), &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }

    fn target_of(queue: u16) -> u64 {
        IOVA + 0x1000 * u64::from(queue)
    }

    fn ring(&self, queue: u16, length: u32, steering: u32) -> u32 {
        let [low, high] = [Self::target_of(queue), Self::target_of(queue) >> 32];
        self.write(queue, BlockRegister::TargetLow, u32::try_from(low & 0xffff_ffff).unwrap());
        self.write(queue, BlockRegister::TargetHigh, u32::try_from(high).unwrap());
        self.write(queue, BlockRegister::Length, length);
        self.write(queue, BlockRegister::Steering, steering);
        self.write(queue, BlockRegister::Hint, 2);
        self.write(queue, BlockRegister::Vector, u32::from(queue));
        self.write(queue, BlockRegister::Doorbell, 1);
        self.read(queue, BlockRegister::Status)
    }

    fn bits_sent(&self, queue: u16) -> Option<u16> {
        let host = self.device.host().lock();
        let board = host.scoreboard(self.device.function());
        let hint = board.queue(queue).unwrap().only_hint().expect("one kind of hint");
        hint.map(|hint| hint.tag.entry_bits())
    }

    fn bits_of(&self, cpu: u32, requester: tph::RequesterType) -> u16 {
        let word = word_of(&self.profile, self.profile.firmware.as_ref().unwrap(), cpu);
        word.tag(MemoryType::Volatile, requester).unwrap().entry_bits()
    }

    fn forget(&self) {
        self.device.host().lock().endpoint_mut(self.device.function()).clear_record();
    }

    fn control(&self) -> u32 {
        let host = self.device.host().lock();
        host.config_dword(self.device.function(), ConfigOffset::new(0x108).unwrap())
    }
}

const WIDE: tph::RequesterType = tph::RequesterType::ExtendedTph;
const NARROW: tph::RequesterType = tph::RequesterType::Tph;
const DONE: u32 = Status::Done as u32;

#[test]
fn a_reset_through_device_control_keeps_the_mode_the_table_and_command() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    bench.program(&[(0, 1)]).unwrap();
    let registers = || {
        [0x04, 0x48, 0x108, 0x10c].map(|offset| {
            let mut bytes = [0; 4];
            bench.device.config_read(offset, &mut bytes).unwrap();
            u32::from_le_bytes(bytes)
        })
    };
    let before = registers();
    bench.device.region_write(Region::Config, 0x49, &[0xa8]).unwrap();
    assert_eq!(registers(), before);
    assert_ne!(before[3], 0);
}

#[test]
fn every_queue_carries_the_tag_of_its_cpu_and_none_when_tph_is_off() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    let entries: Vec<_> = (0..8).map(|queue| (queue, 15 - u32::from(queue))).collect();
    bench.program(&entries).unwrap();
    for queue in 0..8 {
        assert_eq!(bench.ring(queue, 600, u32::from(queue)), DONE);
        assert_eq!(bench.bits_sent(queue), Some(bench.bits_of(15 - u32::from(queue), WIDE)));
        let data = bench.memory.read(0x1000 * usize::from(queue), 600).unwrap();
        assert_eq!(data, pattern(queue, 1, 600));
    }
    let board = bench.device.host().lock().scoreboard(bench.device.function());
    for row in &board.queues {
        assert_eq!((row.writes, row.bytes, row.faults), (5, 600, 0));
        assert_eq!(row.hints[0].cpus, [15 - u32::from(row.queue)]);
        assert_eq!(row.hints[0].caches.len(), 2);
    }
    client::disable(&mut &bench.device).unwrap();
    bench.forget();
    for queue in 0..8 {
        assert_eq!(bench.ring(queue, 64, u32::from(queue)), DONE);
        assert_eq!(bench.bits_sent(queue), None);
    }
}

#[test]
fn interrupt_vector_mode_takes_the_entry_of_the_vector() {
    let bench = Bench::demo();
    let count = Arc::new(AtomicU64::new(0));
    bench.device.set_interrupt(StIndex(3), Some(Box::new(Arc::clone(&count)))).unwrap();
    bench.enable(StMode::InterruptVector).unwrap();
    bench.program(&[(3, 9), (5, 2)]).unwrap();
    bench.ring(3, 64, 5);
    assert_eq!(bench.bits_sent(3), Some(bench.bits_of(9, WIDE)));
    assert_eq!(count.load(Ordering::Acquire), 1);
    assert_eq!(bench.read(3, BlockRegister::Interrupts), 1);
    bench.write(3, BlockRegister::Vector, 3 | VECTOR_NONE);
    bench.write(3, BlockRegister::Doorbell, 1);
    assert_eq!(count.load(Ordering::Acquire), 1);
}

#[test]
fn the_rights_of_the_caller_can_change() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    bench.device.set_caller(Caller::on("1".parse().unwrap()));
    assert_eq!((bench.program(&[(0, 1)]), bench.program(&[(0, 2)])), (Ok(()), Err(Errno::EINVAL)));
    bench.device.set_caller(Caller::on("1".parse().unwrap()).with_sys_nice());
    assert_eq!(bench.program(&[(0, 2)]), Ok(()));
}

#[test]
fn without_a_table_the_driver_hands_the_tag_over_where_that_is_allowed() {
    let bench = Bench::odd("no-table");
    assert_eq!(bench.enable(StMode::DeviceSpecific), Err(Errno::EOPNOTSUPP));
    bench.device.host().lock().set_direct_tags(DirectTags::Allowed);
    bench.enable(StMode::DeviceSpecific).unwrap();
    bench.ring(0, 64, STEERING_DIRECT | 0xbea5);
    assert_eq!(bench.bits_sent(0), Some(0xbea5));
}

#[test]
fn a_reset_keeps_what_the_user_set_and_a_close_does_not() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    bench.program(&[(63, 4)]).unwrap();
    bench.ring(0, 64, 63);
    let control = bench.control();
    assert_eq!(control, 0x302);
    bench.device.reset().unwrap();
    assert_eq!(bench.read(0, BlockRegister::Doorbells), 0);
    assert_eq!(bench.control(), control);
    bench.forget();
    assert_eq!(bench.ring(0, 64, 63), DONE);
    assert_eq!(bench.bits_sent(0), Some(bench.bits_of(4, WIDE)));
    let (host, function) = (bench.device.host().clone(), bench.device.function());
    drop(bench);
    let host = host.lock();
    assert_eq!(host.endpoint(function).control(), Some(tph::Control(0)));
    assert_eq!(host.endpoint(function).st_entry(StIndex(63)), Some(0));
}

#[test]
fn a_device_is_open_once() {
    let bench = Bench::demo();
    let (host, function) = (bench.device.host().clone(), bench.device.function());
    let again = || EmuDevice::open(&host, function, Caller::anywhere());
    assert_eq!(again().unwrap_err(), OpenError::Busy);
    let clone = bench.device.clone();
    drop(bench);
    assert_eq!(again().unwrap_err(), OpenError::Busy);
    drop(clone);
    again().unwrap();
}

#[test]
fn writes_to_the_capability_through_the_region_are_dropped() {
    let bench = Bench::demo();
    bench.device.region_write(Region::Config, 0x108, &0x301_u32.to_le_bytes()).unwrap();
    assert_eq!(bench.control(), 0);
    let mut read = [0; 4];
    bench.device.config_read(0x100, &mut read).unwrap();
    assert_eq!(u32::from_le_bytes(read), 0x0001_0017);
    bench.device.region_write(Region::Config, 0x3c, &[7]).unwrap();
    bench.device.config_read(0x3c, &mut read).unwrap();
    assert_eq!(read[0], 7);
}

#[test]
fn a_batch_of_64_entries_costs_36_accesses_at_most() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    let function = bench.device.function();
    bench.device.host().lock().endpoint_mut(function).take_counts();
    bench
        .program(&(0..64).map(|index| (index, u32::from(index % 16))).collect::<Vec<_>>())
        .unwrap();
    let counts = bench.device.host().lock().endpoint_mut(function).take_counts();
    assert!(counts.config_reads + counts.config_writes <= 36, "{counts:?}");
    assert_eq!(counts.tph_writes, counts.config_writes);
}

#[test]
fn doorbells_that_cannot_be_carried_out_say_why() {
    let bench = Bench::demo();
    bench.enable(StMode::DeviceSpecific).unwrap();
    for length in [0, 0x10_0001] {
        assert_eq!(bench.ring(0, length, 0), Status::BadLength as u32);
    }
    assert_eq!(bench.ring(15 % 8, 0x9001, 0), Status::Fault as u32);
    assert_eq!(bench.device.unmap_dma(IOVA, 0x1_0000), 0x1_0000);
    assert_eq!(bench.ring(1, 64, 0), Status::Fault as u32);
    bench.device.set_bus_master(BusMaster::Off).unwrap();
    assert_eq!(bench.ring(2, 64, 0), Status::NotBusMaster as u32);
    let board = bench.device.host().lock().scoreboard(bench.device.function());
    assert_eq!(board.queues.iter().map(|row| row.faults).collect::<Vec<_>>()[..3], [0, 1, 0]);
}

#[test]
fn a_caller_steers_to_its_own_cpus_only() {
    let host = SharedHost::new(Host::new(&Profile::demo()));
    let function = host.lock().function_named("nic0").unwrap();
    let own = "2-3".parse::<CpuList>().unwrap();
    for (caller, expected) in [
        (Caller::on(own.clone()), Err(Errno::EINVAL)),
        (Caller::on(own).with_sys_nice(), Ok(())),
        (Caller::anywhere(), Ok(())),
    ] {
        let device = EmuDevice::open(&host, function, caller).unwrap();
        let bench = Bench { profile: Profile::demo(), device, memory: SharedMemory::new(1) };
        bench.enable(StMode::DeviceSpecific).unwrap();
        bench.program(&[(0, 2), (1, 3)]).unwrap();
        assert_eq!(bench.program(&[(0, 2), (1, 4)]), expected);
    }
}

#[test]
fn an_access_that_fails_leaves_the_batch_zero() {
    for after in 1..6 {
        let bench = Bench::demo();
        bench.enable(StMode::DeviceSpecific).unwrap();
        let function = bench.device.function();
        let inject = crate::Injection::FailOnce { after };
        bench.device.host().lock().endpoint_mut(function).inject(inject);
        let entries: Vec<_> = (0..8).map(|index| (index, u32::from(index))).collect();
        if bench.program(&entries).is_err() {
            let host = bench.device.host().lock();
            let table = (0..8).map(|index| host.endpoint(function).st_entry(StIndex(index)));
            assert!(table.flatten().all(|entry| entry == 0), "{after}");
        }
    }
}

#[test]
fn a_device_that_is_gone_says_so() {
    let bench = Bench::demo();
    let function = bench.device.function();
    let gone = crate::Injection::Gone { after: 0 };
    bench.device.host().lock().endpoint_mut(function).inject(gone);
    assert_eq!(bench.enable(StMode::DeviceSpecific), Err(Errno::ENODEV));
}
