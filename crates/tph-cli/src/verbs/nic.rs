//! A driver for the emulated NIC, as far as demonstration and experiment need one.

use std::borrow::Borrow;

use tph::{ProcessingHint, StIndex};
use tph_abi::Errno;
use tph_emu::engine::registers::{BlockRegister, GlobalRegister, STEERING_PLACE, VECTOR_NONE};
use tph_emu::engine::registers::{offset_of, place_offset};
use tph_emu::engine::{Status, pattern};
use tph_emu::{BusMaster, EmuDevice, Region, SharedMemory};

use crate::failure::Failure;

/// Above 4 GiB, so that packets have 64-bit addresses.
const IOVA: u64 = 0x1_0000_0000;
/// How much each doorbell writes.
pub(super) const LENGTH: u32 = 4096;
const BAR: Region = Region::Bar(0);

/// The NIC with memory for each of its queues, and ST entry *n* chosen for queue *n*.
pub(super) struct Nic<D: Borrow<EmuDevice> = EmuDevice> {
    device: D,
    memory: SharedMemory,
    queues: u16,
}

impl<D: Borrow<EmuDevice>> Nic<D> {
    pub(super) fn open(device: D) -> Result<Self, Failure> {
        let mut nic = Self { device, memory: SharedMemory::new(0), queues: 0 };
        let on = nic.device().set_bus_master(BusMaster::On);
        on.map_err(|errno| nic.failed("starting", errno))?;
        let queues = nic.read(GlobalRegister::Queues as u64)?;
        nic.queues = u16::try_from(queues).unwrap_or(u16::MAX);
        nic.memory = SharedMemory::new(usize::from(nic.queues) * LENGTH as usize);
        nic.device()
            .map_dma(IOVA, nic.memory.clone())
            .map_err(|error| nic.failure(&format!("mapping memory: {error}")))?;
        for queue in 0..nic.queues {
            nic.set_up(queue)?;
        }
        Ok(nic)
    }

    pub(super) fn device(&self) -> &EmuDevice {
        self.device.borrow()
    }

    pub(super) fn queues(&self) -> u16 {
        self.queues
    }

    /// Rings the doorbell of each queue once and waits until its data was sent.
    pub(super) fn ring_all(&self) -> Result<(), Failure> {
        self.memory.fill(0);
        (0..self.queues).try_for_each(|queue| self.write_all(queue))
    }

    /// Rings the doorbell of a queue; an error unless all its data was sent.
    pub(super) fn write_all(&self, queue: u16) -> Result<(), Failure> {
        let status = self.ring(queue)?;
        if status == Status::Done as u32 {
            return Ok(());
        }
        Err(self.failure(&format!("queue {queue} stopped with status {status}")))
    }

    /// Rings the doorbell of a queue and waits until its data was sent; its status then.
    pub(super) fn ring(&self, queue: u16) -> Result<u32, Failure> {
        self.write(queue, BlockRegister::Doorbell, 1)?;
        self.read(offset_of(queue, BlockRegister::Status))
    }

    /// Has a queue send the tag of this entry: of the table in device-specific mode, of the vector in
    /// interrupt-vector mode. It raises no interrupt.
    pub(super) fn steer(&self, queue: u16, entry: StIndex) -> Result<(), Failure> {
        self.write(queue, BlockRegister::Steering, entry.0.into())?;
        self.write(queue, BlockRegister::Vector, VECTOR_NONE | u32::from(entry.0))
    }

    /// Aims a queue at an address, with the place of the NIC that holds its tag; 0 is no tag.
    pub(super) fn aim(
        &self,
        queue: u16,
        target: u64,
        place: u16,
        hint: ProcessingHint,
    ) -> Result<(), Failure> {
        self.write_target(queue, target)?;
        self.write(queue, BlockRegister::Steering, STEERING_PLACE | u32::from(place))?;
        self.write(queue, BlockRegister::Hint, hint.bits().into())
    }

    /// Puts a tag in a place of the NIC.
    pub(super) fn write_tag(&self, place: u16, tag: u16) -> Result<(), Errno> {
        self.device().region_write(BAR, place_offset(place), &u32::from(tag).to_le_bytes())
    }

    /// How many places for tags it has, with place 0.
    pub(super) fn places(&self) -> Result<u16, Failure> {
        let places = self.read(GlobalRegister::Places as u64)?;
        Ok(u16::try_from(places).unwrap_or(u16::MAX))
    }

    /// What the last doorbell of a queue wrote.
    pub(super) fn data(&self, queue: u16) -> Result<Vec<u8>, Failure> {
        let doorbell = self.read(offset_of(queue, BlockRegister::Doorbells))?;
        Ok(pattern(queue, doorbell, LENGTH as usize))
    }

    /// Whether the memory of a queue holds what its last doorbell wrote.
    pub(super) fn data_arrived(&self, queue: u16) -> bool {
        let length = LENGTH as usize;
        let data = self.memory.read(usize::from(queue) * length, length);
        data.is_some() && data == self.data(queue).ok()
    }

    fn set_up(&self, queue: u16) -> Result<(), Failure> {
        let target = IOVA + u64::from(queue) * u64::from(LENGTH);
        self.write_target(queue, target)?;
        self.write(queue, BlockRegister::Length, LENGTH)?;
        self.write(queue, BlockRegister::Steering, u32::from(queue))
    }

    fn write_target(&self, queue: u16, target: u64) -> Result<(), Failure> {
        let offset = offset_of(queue, BlockRegister::TargetLow);
        let done = self.device().region_write(BAR, offset, &target.to_le_bytes());
        done.map_err(|errno| self.failed("writing a register", errno))
    }

    fn read(&self, offset: u64) -> Result<u32, Failure> {
        let mut bytes = [0; 4];
        let done = self.device().region_read(BAR, offset, &mut bytes);
        done.map_err(|errno| self.failed("reading a register", errno))?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write(&self, queue: u16, register: BlockRegister, value: u32) -> Result<(), Failure> {
        let offset = offset_of(queue, register);
        let done = self.device().region_write(BAR, offset, &value.to_le_bytes());
        done.map_err(|errno| self.failed("writing a register", errno))
    }

    fn failed(&self, what: &str, errno: Errno) -> Failure {
        self.failure(&format!("{what}: {errno}"))
    }

    pub(super) fn failure(&self, reason: &str) -> Failure {
        let device = self.device();
        let device = device.host().lock().endpoint(device.function()).bdf().to_string();
        Failure::Emulated { device, reason: reason.to_owned() }
    }
}
