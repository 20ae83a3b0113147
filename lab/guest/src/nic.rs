//! A small driver for the emulated endpoint: it gives queues memory and rings them.

use tph_emu::engine::registers::{BlockRegister, MAGIC, VECTOR_NONE, offset_of};
use tph_emu::engine::{Status, pattern};
use vfio_tph::{Bar, DmaBuffer, Error, StIndex, VfioFunction};

/// Where the device finds the memory of queue 0.
const FIRST_IOVA: u32 = 0x1234_0000;
/// What each queue has.
const LENGTH: u32 = 0x1000;
const QUEUE_BYTES: usize = LENGTH as usize;

/// The endpoint, with memory for some of its queues.
#[derive(Debug)]
pub struct Nic {
    bar: Bar,
    buffers: Vec<DmaBuffer>,
    rung: Vec<u32>,
}

impl Nic {
    /// Maps the registers and gives memory to queues 0 to `queues - 1`; queue *n* takes its tag from
    /// ST entry *n* and raises no interrupt.
    ///
    /// # Errors
    /// What the kernel answered.
    ///
    /// # Panics
    /// If the function is no emulated endpoint.
    pub fn new(function: &VfioFunction, queues: u16) -> Result<Self, Error> {
        set_bus_master(function)?;
        let bar = function.map_bar(0)?;
        assert_eq!(bar.read32(0)?, MAGIC, "an emulated endpoint");
        let mut nic = Self { bar, buffers: Vec::new(), rung: Vec::new() };
        for queue in 0..queues {
            let iova = FIRST_IOVA + u32::from(queue) * LENGTH;
            nic.buffers.push(function.dma_buffer(iova.into(), QUEUE_BYTES)?);
            nic.rung.push(0);
        }
        nic.set_up()?;
        Ok(nic)
    }

    /// Tells the engine of the queues' memory, as when it is new; a reset makes it forget.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn set_up(&self) -> Result<(), Error> {
        for (queue, iova) in (0..).zip((FIRST_IOVA..).step_by(QUEUE_BYTES)).take(self.rung.len()) {
            self.write(queue, BlockRegister::TargetLow, iova)?;
            self.write(queue, BlockRegister::TargetHigh, 0)?;
            self.write(queue, BlockRegister::Length, LENGTH)?;
            self.write(queue, BlockRegister::Vector, VECTOR_NONE | u32::from(queue))?;
            self.steer(queue, StIndex(queue))?;
        }
        Ok(())
    }

    /// Makes a queue take its tag from an entry of the ST table.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn steer(&self, queue: u16, index: StIndex) -> Result<(), Error> {
        self.write(queue, BlockRegister::Steering, index.0.into())
    }

    /// Makes a queue raise MSI-X vector `vector` when it is done.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn interrupt(&self, queue: u16, vector: u16) -> Result<(), Error> {
        self.write(queue, BlockRegister::Vector, vector.into())
    }

    /// Clears a queue's memory, rings its doorbell, and checks that the data came.
    ///
    /// # Errors
    /// What the kernel answered, or what is wrong with the data.
    pub fn ring(&mut self, queue: u16) -> Result<(), Box<dyn std::error::Error>> {
        let at = usize::from(queue);
        let buffer = &self.buffers[at];
        buffer.write(0, &[0; QUEUE_BYTES])?;
        self.write(queue, BlockRegister::Doorbell, 1)?;
        let status = self.read(queue, BlockRegister::Status)?;
        if status != Status::Done as u32 {
            return Err(format!("queue {queue}: status {status}").into());
        }
        self.rung[at] = self.read(queue, BlockRegister::Doorbells)?;
        let mut found = vec![0; QUEUE_BYTES];
        buffer.read(0, &mut found)?;
        if found != pattern(queue, self.rung[at], QUEUE_BYTES) {
            return Err(format!("queue {queue}: its memory holds something else").into());
        }
        Ok(())
    }

    fn write(&self, queue: u16, register: BlockRegister, value: u32) -> Result<(), Error> {
        self.bar.write32(at(queue, register), value)
    }

    fn read(&self, queue: u16, register: BlockRegister) -> Result<u32, Error> {
        self.bar.read32(at(queue, register))
    }
}

fn at(queue: u16, register: BlockRegister) -> usize {
    usize::try_from(offset_of(queue, register)).expect("a BAR fits in memory")
}

/// Lets the device access memory: Memory Space and Bus Master Enable of the Command register.
fn set_bus_master(function: &VfioFunction) -> Result<(), Error> {
    const CONFIG: u32 = 7;
    const COMMAND: u64 = 4;
    let mut command = [0; 2];
    function.read_region(CONFIG, COMMAND, &mut command)?;
    command[0] |= 0b110;
    function.write_region(CONFIG, COMMAND, &command)
}
