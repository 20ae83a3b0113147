//! The main job: each queue's DMA carries the tag of its CPU, seen outside of the guest.

use tph::{Control as ControlRegister, MemoryType, RequesterType, SteeringTag, TphCapability};
use tph_lab_guest::endpoint::{self, Hint};
use tph_lab_guest::{Control, Endpoint, Failure, Nic, Suite};
use vfio_tph::{CpuId, StIndex, StMode, TagSource, VfioFunction};

const QUEUES: u16 = 8;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint, &mut Control) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    let tests: [(&str, Test); 7] = [
        ("every_queue_carries_the_tag_of_its_cpu_and_its_data_arrives", device_specific),
        ("in_interrupt_vector_mode_the_vector_chooses_the_tag", interrupt_vector),
        ("a_cleared_table_sends_tag_0", cleared),
        ("without_tph_no_request_carries_a_hint", off),
        ("after_close_the_device_holds_no_mode_and_no_tag", closed),
        ("after_a_reset_the_device_sends_the_same_tags", reset),
        ("programming_64_entries_costs_at_most_36_accesses", accesses),
    ];
    for (name, test) in tests {
        suite.test(&format!("steering::{name}"), || test(&nic, control));
    }
}

/// The CPU of a queue and its tag: the CPUs that firmware knows, counted round.
fn steered(control: &mut Control, queues: u16) -> Result<Vec<(CpuId, SteeringTag)>, Failure> {
    let wide = RequesterType::ExtendedTph;
    let tags = endpoint::tags(control, MemoryType::Volatile, wide)?;
    Ok(tags.into_iter().cycle().take(usize::from(queues)).collect())
}

fn source(cpu: CpuId) -> TagSource {
    TagSource::Cpu { cpu, memory: MemoryType::Volatile }
}

/// Entry *n* for queue *n*.
fn batch(cpus: &[(CpuId, SteeringTag)]) -> Vec<(StIndex, TagSource)> {
    (0..).map(StIndex).zip(cpus.iter().map(|(cpu, _)| source(*cpu))).collect()
}

fn ring_all(nic: &mut Nic) -> Outcome {
    (0..QUEUES).try_for_each(|queue| nic.ring(queue))
}

/// Rings every queue and compares the hint of each with what is expected.
fn expect(
    (endpoint, control): (&Endpoint, &mut Control),
    nic: &mut Nic,
    expected: impl Fn(usize) -> Option<u16>,
) -> Outcome {
    let sent = endpoint.sent(control, || ring_all(nic))?;
    for queue in 0..QUEUES {
        let row = sent.iter().find(|row| row.queue == queue);
        let row = row.ok_or_else(|| format!("queue {queue} sent nothing"))?;
        let hint = row.only_hint().ok_or_else(|| format!("queue {queue} sent {:?}", row.hints))?;
        let wanted = expected(usize::from(queue)).map(|tag| Hint { tag, tag_bits: 16 });
        if hint != wanted {
            return Err(format!("queue {queue} sent {hint:?}, not {wanted:?}").into());
        }
    }
    Ok(())
}

fn device_specific(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let mut nic = Nic::new(&function, QUEUES)?;
    let cpus = steered(control, QUEUES)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&batch(&cpus))?;
    expect((endpoint, control), &mut nic, |queue| Some(cpus[queue].1.entry_bits()))?;
    // Queues choose their entry; swap two.
    nic.steer(0, StIndex(1))?;
    nic.steer(1, StIndex(0))?;
    let swapped = |queue: usize| if queue < 2 { 1 - queue } else { queue };
    expect((endpoint, control), &mut nic, |queue| Some(cpus[swapped(queue)].1.entry_bits()))
}

fn interrupt_vector(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let mut nic = Nic::new(&function, QUEUES)?;
    let cpus = steered(control, QUEUES)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::InterruptVector)?;
    tph.program(&batch(&cpus))?;
    for queue in 0..QUEUES {
        // The queue's own choice of entry does not count in this mode; its vector does.
        nic.steer(queue, StIndex(0))?;
        nic.interrupt(queue, QUEUES - 1 - queue)?;
    }
    let last = usize::from(QUEUES) - 1;
    expect((endpoint, control), &mut nic, |queue| Some(cpus[last - queue].1.entry_bits()))
}

fn cleared(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let mut nic = Nic::new(&function, QUEUES)?;
    let cpus = steered(control, QUEUES)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&batch(&cpus))?;
    let indices: Vec<_> = (0..QUEUES).map(StIndex).collect();
    tph.clear(&indices)?;
    expect((endpoint, control), &mut nic, |_| Some(0))
}

fn off(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let mut nic = Nic::new(&function, QUEUES)?;
    expect((endpoint, control), &mut nic, |_| None)?;
    let cpus = steered(control, QUEUES)?;
    let mut tph = function.tph();
    let mut enabled = tph.enable(StMode::DeviceSpecific)?;
    enabled.program(&batch(&cpus))?;
    enabled.disable()?;
    expect((endpoint, control), &mut nic, |_| None)
}

/// The control register and the first 64 entries, two in a dword, as the endpoint holds them.
fn held(endpoint: &Endpoint, control: &mut Control) -> Result<Vec<u32>, Failure> {
    let function = VfioFunction::open(endpoint.address)?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    drop(function);
    let at = capability.control().ok_or("no control register")?;
    Ok(control.registers(&endpoint.name, at.get(), 1 + capability.table_entries().div_ceil(2))?)
}

fn closed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    let at = capability.control().ok_or("no control register")?;
    let cpus = steered(control, 64)?;
    let mut tph = function.tph();
    let mut enabled = tph.enable(StMode::DeviceSpecific)?;
    enabled.program(&batch(&cpus))?;
    // A user who dies leaves no guard that cleans up.
    std::mem::forget(enabled);
    let dwords = 1 + capability.table_entries().div_ceil(2);
    let open = control.registers(&endpoint.name, at.get(), dwords)?;
    if open.contains(&0) || ControlRegister(open[0]).mode() != Some(StMode::DeviceSpecific) {
        return Err(format!("while open it holds {open:x?}").into());
    }
    drop(function);
    let closed = control.registers(&endpoint.name, at.get(), dwords)?;
    if closed.iter().any(|dword| *dword != 0) {
        return Err(format!("after close it holds {closed:x?}").into());
    }
    held(endpoint, control).map(drop)
}

fn reset(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let cpus = steered(control, QUEUES)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&batch(&cpus))?;
    function.reset()?;
    let mut nic = Nic::new(&function, QUEUES)?;
    expect((endpoint, control), &mut nic, |queue| Some(cpus[queue].1.entry_bits()))
}

fn accesses(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let cpus = steered(control, 64)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let before = control.accesses(&endpoint.name)?;
    tph.program(&batch(&cpus))?;
    let after = control.accesses(&endpoint.name)?;
    let reads = after.config_reads - before.config_reads;
    let writes = after.config_writes - before.config_writes;
    if reads + writes > 36 {
        return Err(format!("{reads} reads and {writes} writes").into());
    }
    Ok(())
}
