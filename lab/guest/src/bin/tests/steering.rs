//! The main job: each queue's DMA carries the tag of its CPU, seen outside of the guest.

use std::os::fd::BorrowedFd;

use tph::TphCapability;
use tph::{ConfigOffset, Control as ControlRegister, MemoryType, RequesterType, SteeringTag};
use tph_lab_guest::endpoint::{self, Hint};
use tph_lab_guest::{Control, Endpoint, Failure, Nic, Suite};
use vfio_tph::{CpuId, Enabled, StIndex, StMode, TagSource, VfioFd, VfioFunction};

const QUEUES: u16 = 8;

type Outcome = Result<(), Failure>;
type Test = fn(&mut Rig<'_>) -> Outcome;
type Guard<'a> = Enabled<VfioFd<BorrowedFd<'a>>>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    let tests: [(&str, Test); 6] = [
        ("every_queue_carries_the_tag_of_its_cpu_and_its_data_arrives", device_specific),
        ("in_interrupt_vector_mode_the_vector_chooses_the_tag", interrupt_vector),
        ("a_cleared_table_sends_tag_0", cleared),
        ("without_tph_no_request_carries_a_hint", off),
        ("after_a_reset_the_device_sends_the_same_tags", reset),
        ("programming_64_entries_costs_at_most_36_accesses", accesses),
    ];
    for (name, test) in tests {
        suite.test(&format!("steering::{name}"), || {
            let function = VfioFunction::open(nic.address)?;
            test(&mut Rig::new(&nic, control, &function)?)
        });
    }
    suite.test("steering::after_close_the_device_holds_no_mode_and_no_tag", || {
        closed(&nic, control)
    });
}

/// The endpoint, opened; its driver; and the CPU and tag of each of its 64 entries: the CPUs that
/// firmware knows, counted round.
struct Rig<'a> {
    endpoint: &'a Endpoint,
    control: &'a mut Control,
    function: &'a VfioFunction,
    nic: Nic,
    cpus: Vec<(CpuId, SteeringTag)>,
}

impl<'a> Rig<'a> {
    fn new(
        endpoint: &'a Endpoint,
        control: &'a mut Control,
        function: &'a VfioFunction,
    ) -> Result<Self, Failure> {
        let nic = Nic::new(function, QUEUES)?;
        let wide = RequesterType::ExtendedTph;
        let tags = endpoint::tags(control, MemoryType::Volatile, wide)?;
        let cpus = tags.into_iter().cycle().take(64).collect();
        Ok(Self { endpoint, control, function, nic, cpus })
    }

    /// Turns TPH on and programs the first `entries` entries.
    fn enable(&self, mode: StMode, entries: u16) -> Result<Guard<'a>, Failure> {
        let mut tph = self.function.tph().into_enabled(mode)?;
        tph.program(&self.batch(entries))?;
        Ok(tph)
    }

    /// Entry *n* for the CPU of queue *n*, for the first `entries`.
    fn batch(&self, entries: u16) -> Vec<(StIndex, TagSource)> {
        let memory = MemoryType::Volatile;
        let sources = self.cpus.iter().map(|&(cpu, _)| TagSource::Cpu { cpu, memory });
        (0..entries).map(StIndex).zip(sources).collect()
    }

    fn tag(&self, queue: usize) -> Option<u16> {
        self.cpus.get(queue).map(|(_, tag)| tag.entry_bits())
    }

    /// Rings every queue and compares the hint of each with what is expected.
    fn expect(&mut self, expected: impl Fn(&Self, usize) -> Option<u16>) -> Outcome {
        let nic = &mut self.nic;
        let sent = self
            .endpoint
            .sent(self.control, || (0..QUEUES).try_for_each(|queue| nic.ring(queue)))?;
        for queue in 0..QUEUES {
            let row = sent.iter().find(|row| row.queue == queue);
            let row = row.ok_or_else(|| format!("queue {queue} sent nothing"))?;
            let hint =
                row.only_hint().ok_or_else(|| format!("queue {queue} sent {:?}", row.hints))?;
            let tag = expected(self, usize::from(queue));
            let wanted = tag.map(|tag| Hint { tag, tag_bits: 16 });
            if hint != wanted {
                return Err(format!("queue {queue} sent {hint:?}, not {wanted:?}").into());
            }
        }
        Ok(())
    }

    /// The control register and the entries, two in a dword, as the endpoint holds them.
    fn held(&mut self) -> Result<Vec<u32>, Failure> {
        let (at, dwords) = self.registers()?;
        Ok(self.control.registers(&self.endpoint.name, at.get(), dwords)?)
    }

    fn registers(&self) -> Result<(ConfigOffset, u16), Failure> {
        let capability =
            TphCapability::find(&mut self.function.config())?.ok_or("no TPH capability")?;
        let at = capability.control().ok_or("no control register")?;
        Ok((at, 1 + capability.table_entries().div_ceil(2)))
    }
}

fn device_specific(rig: &mut Rig<'_>) -> Outcome {
    let _tph = rig.enable(StMode::DeviceSpecific, QUEUES)?;
    rig.expect(Rig::tag)?;
    // Queues choose their entry; swap two.
    rig.nic.steer(0, StIndex(1))?;
    rig.nic.steer(1, StIndex(0))?;
    rig.expect(|rig, queue| rig.tag(if queue < 2 { 1 - queue } else { queue }))
}

fn interrupt_vector(rig: &mut Rig<'_>) -> Outcome {
    let _tph = rig.enable(StMode::InterruptVector, QUEUES)?;
    for queue in 0..QUEUES {
        // The queue's own choice of entry does not count in this mode; its vector does.
        rig.nic.steer(queue, StIndex(0))?;
        rig.nic.interrupt(queue, QUEUES - 1 - queue)?;
    }
    rig.expect(|rig, queue| rig.tag(usize::from(QUEUES) - 1 - queue))
}

fn cleared(rig: &mut Rig<'_>) -> Outcome {
    let mut tph = rig.enable(StMode::DeviceSpecific, QUEUES)?;
    let indices: Vec<_> = (0..QUEUES).map(StIndex).collect();
    tph.clear(&indices)?;
    rig.expect(|_, _| Some(0))
}

fn off(rig: &mut Rig<'_>) -> Outcome {
    rig.expect(|_, _| None)?;
    rig.enable(StMode::DeviceSpecific, QUEUES)?.disable()?;
    rig.expect(|_, _| None)
}

fn reset(rig: &mut Rig<'_>) -> Outcome {
    let _tph = rig.enable(StMode::DeviceSpecific, QUEUES)?;
    let before = rig.held()?;
    rig.function.reset()?;
    let after = rig.held()?;
    if before != after {
        return Err(format!("it held {before:x?}, and {after:x?} after the reset").into());
    }
    // The reset has taken the engine's own registers.
    rig.nic.set_up()?;
    rig.expect(Rig::tag)
}

fn accesses(rig: &mut Rig<'_>) -> Outcome {
    let mut tph = rig.function.tph().into_enabled(StMode::DeviceSpecific)?;
    let before = rig.control.accesses(&rig.endpoint.name)?;
    tph.program(&rig.batch(64))?;
    let after = rig.control.accesses(&rig.endpoint.name)?;
    let reads = after.config_reads - before.config_reads;
    let writes = after.config_writes - before.config_writes;
    if reads + writes > 36 {
        return Err(format!("{reads} reads and {writes} writes").into());
    }
    Ok(())
}

fn closed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let mut rig = Rig::new(endpoint, control, &function)?;
    let tph = rig.enable(StMode::DeviceSpecific, 64)?;
    // A user who dies leaves no guard that cleans up.
    std::mem::forget(tph);
    let open = rig.held()?;
    if open.contains(&0) || ControlRegister(open[0]).mode() != Some(StMode::DeviceSpecific) {
        return Err(format!("while open it holds {open:x?}").into());
    }
    let (at, dwords) = rig.registers()?;
    drop(rig.nic);
    drop(function);
    let closed = control.registers(&endpoint.name, at.get(), dwords)?;
    if closed.iter().any(|dword| *dword != 0) {
        return Err(format!("after close it holds {closed:x?}").into());
    }
    Ok(())
}
