//! Row 9: tagged DMA writes of the emulated function, each recorded.

use tph::{CpuId, MemoryType, StIndex, StMode, TagSource};
use tph_emu::engine::Status;
use tph_emu::engine::registers::{BlockRegister, MAX_LENGTH, VECTOR_NONE, offset_of};
use tph_emu::{BusMaster, Caller, EmuDevice, Host, Profile, Region, SharedHost, SharedMemory};
use vfio_tph::TphDevice;

use crate::count;
use crate::figure::Figure;
use crate::measure::least;
use crate::tools::Tools;

const LIMIT: f64 = 2.0;
const IOVA: u64 = 0x4000_0000;
const ROUNDS: u32 = 30;
/// A name, and how many bytes a doorbell moves.
const CASES: [(&str, u32); 2] = [("dma-long", MAX_LENGTH), ("dma-short", 64)];

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    CASES
        .into_iter()
        .map(|(name, length)| {
            let mut nic = Nic::new(length);
            nic.ring();
            let packets = nic.packets();
            let doorbells = (100_000 / packets).max(10);
            let time = least(ROUNDS, || (0..doorbells).for_each(|_| nic.ring()));
            let sent = f64::from(u32::try_from(packets * doorbells).expect("a small number"));
            nic.check(1 + u64::from(ROUNDS) * doorbells, packets);
            let millions = sent / time.as_secs_f64() / 1e6;
            let instructions = count::instructions(tools, name, 20) / packets;
            let what = format!("tagged DMA writes, {packets} packets a doorbell, of CPU time");
            let ours = format!("{millions:.1} million a second, {instructions} instructions each");
            let figure = Figure::new(what, ours);
            let limited = length == MAX_LENGTH;
            if limited {
                figure.limit(format!("{LIMIT} million"), millions > LIMIT)
            } else {
                figure
            }
        })
        .collect()
}

pub(crate) fn piece(name: &str) -> Option<Box<dyn FnMut()>> {
    let (_, length) = CASES.into_iter().find(|case| case.0 == name)?;
    let mut nic = Nic::new(length);
    Some(Box::new(move || nic.ring()))
}

/// A function whose queue 0 is steered to CPU 3 and moves so many bytes at each doorbell.
struct Nic {
    device: EmuDevice,
}

impl Nic {
    fn new(length: u32) -> Self {
        let host = SharedHost::new(Host::new(&Profile::demo()));
        let id = host.lock().function_named("nic0").expect("the demo host has one");
        let device = EmuDevice::open(&host, id, Caller::anywhere()).expect("it opens");
        let memory = SharedMemory::new(MAX_LENGTH as usize);
        device.map_dma(IOVA, memory).expect("there is room");
        device.set_bus_master(BusMaster::On).expect("it answers");
        let mut tph = TphDevice::new(&device, "nic0");
        let mut enabled = tph.enable(StMode::DeviceSpecific).expect("TPH turns on");
        let source = TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile };
        enabled.program(&[(StIndex(0), source)]).expect("the entry is programmed");
        enabled.leave_on();
        let nic = Self { device };
        nic.write(BlockRegister::TargetLow, u32::try_from(IOVA).expect("it is low"));
        nic.write(BlockRegister::Length, length);
        nic.write(BlockRegister::Vector, VECTOR_NONE);
        nic
    }

    fn write(&self, register: BlockRegister, value: u32) {
        let offset = offset_of(0, register);
        self.device.region_write(Region::Bar(0), offset, &value.to_le_bytes()).expect("a register");
    }

    fn ring(&mut self) {
        self.write(BlockRegister::Doorbell, 1);
    }

    /// What the scoreboard counted, all of it with one hint.
    fn packets(&self) -> u64 {
        let host = self.device.host().lock();
        let board = host.scoreboard(self.device.function());
        let row = board.queue(0).expect("queue 0");
        assert_eq!((row.hints.len(), row.faults), (1, 0), "one tag, no fault");
        assert_eq!(row.hints[0].cpus, [3], "the tag of the CPU that it was steered to");
        row.writes
    }

    /// So many doorbells were carried out, each with all of its packets.
    fn check(&self, doorbells: u64, packets_per_doorbell: u64) {
        let mut status = [0; 4];
        for (register, expected) in [
            (BlockRegister::Status, u64::from(Status::Done as u32)),
            (BlockRegister::Doorbells, doorbells),
        ] {
            let offset = offset_of(0, register);
            self.device.region_read(Region::Bar(0), offset, &mut status).expect("a register");
            assert_eq!(u64::from(u32::from_le_bytes(status)), expected, "{register:?}");
        }
        assert_eq!(self.packets(), packets_per_doorbell * doorbells);
    }
}
