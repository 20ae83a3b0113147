//! A whole driver for the lab's emulated NIC (docs/endpoint.md): queue n writes for the n-th CPU.
//!
//!     steer ADDRESS CPU...            steer 0000:01:00.0 3 7

use vfio_tph::{Bdf, CpuId, MemoryType, StIndex, StMode, TagSource, VfioFunction};

const IOVA: u32 = 0x10_0000;
const LENGTH: u32 = 4096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let address: Bdf = words.next().ok_or("usage: steer ADDRESS CPU...")?.parse()?;
    let cpus = words.map(|cpu| cpu.parse().map(CpuId)).collect::<Result<Vec<_>, _>>()?;

    let function = VfioFunction::open(address)?; // or TphDevice::adopt(your_fd, "nic0")
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let source = |&cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let entries: Vec<_> = (0..).map(StIndex).zip(cpus.iter().map(source)).collect();
    tph.program(&entries)?; // ST entry n gets the tag of the n-th CPU.

    // What every driver does: DMA on, memory for the device, registers, a doorbell.
    function.write_region(7, 4, &[0b110, 0])?;
    let memory = function.dma_buffer(IOVA.into(), 4096)?;
    let registers = function.map_bar(0)?;
    for (queue, cpu) in (0_u32..).zip(&cpus) {
        let block = 0x1000 + 0x40 * queue as usize;
        let go = [(0, IOVA), (4, 0), (8, LENGTH), (0xc, queue), (0x14, 1 << 31), (0x18, 1)];
        go.iter().try_for_each(|&(at, value)| registers.write32(block + at, value))?;
        let mut last = [0];
        memory.read(4095, &mut last)?;
        println!("queue {queue} wrote {:?} for CPU {}", char::from(last[0]), cpu.0);
    }
    Ok(()) // Dropping `tph` clears the entries and turns TPH off.
}
