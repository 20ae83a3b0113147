//! The main job in a real kernel: a driver steers eight queues of its device to CPUs, and the
//! endpoint, outside of the guest, shows which tags its DMA carried.

use std::process::ExitCode;

use tph::{MemoryType, RequesterType, SteeringTag};
use tph_lab_guest::endpoint::{self, Hint, QueueScore};
use tph_lab_guest::{Control, Endpoint, Failure, Nic};
use vfio_tph::{CpuId, StIndex, StMode, TagSource, VfioFunction};

const QUEUES: u16 = 8;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<(), Failure> {
    let mut control = Control::open()?;
    let endpoint = Endpoint::all().into_iter().next().ok_or("this guest has no endpoint")?;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!("Linux {}, device {}, driver vfio-pci-tph", release.trim(), endpoint.address);
    let function = VfioFunction::open(endpoint.address)?;
    let mut device = function.tph();
    let capability = device.capability()?;
    let modes: Vec<_> = capability.modes.iter().map(|mode| mode.to_string()).collect();
    println!("modes {}, ST table of {} entries", modes.join(" and "), capability.table_entries);

    let wide = RequesterType::ExtendedTph;
    let tags = endpoint::tags(&mut control, MemoryType::Volatile, wide)?;
    let cpus: Vec<_> = tags.into_iter().cycle().take(usize::from(QUEUES)).collect();
    let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let batch: Vec<_> = (0..).map(StIndex).zip(cpus.iter().map(|(cpu, _)| source(*cpu))).collect();

    let mut nic = Nic::new(&function, QUEUES)?;
    println!("\nTPH on, device-specific mode, entry n for queue n:");
    let mut enabled = device.enable(StMode::DeviceSpecific)?;
    enabled.program(&batch)?;
    ring(&endpoint, &mut control, &mut nic, &cpus, Expect::Tags)?;
    enabled.disable()?;
    println!("\nTPH off:");
    ring(&endpoint, &mut control, &mut nic, &cpus, Expect::NoHint)?;
    println!("\nevery queue's data arrived, with the tag of its CPU while TPH was on");
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Tags,
    NoHint,
}

/// Rings every queue, prints what the endpoint sent, and fails if a tag is not the expected one.
fn ring(
    endpoint: &Endpoint,
    control: &mut Control,
    nic: &mut Nic,
    cpus: &[(CpuId, SteeringTag)],
    expect: Expect,
) -> Result<(), Failure> {
    let sent = endpoint.sent(control, || (0..QUEUES).try_for_each(|queue| nic.ring(queue)))?;
    println!("queue  CPU  firmware  on the wire  writes  bytes");
    for (queue, (cpu, tag)) in (0..QUEUES).zip(cpus) {
        let row = sent.iter().find(|row| row.queue == queue).ok_or("a queue sent nothing")?;
        let hint = row.only_hint().ok_or("a queue sent different hints")?;
        print_row(row, *cpu, *tag, hint);
        let wanted = match expect {
            Expect::Tags => Some(Hint { tag: tag.entry_bits(), tag_bits: 16 }),
            Expect::NoHint => None,
        };
        if hint != wanted {
            return Err(format!("queue {queue} sent {hint:?}, not {wanted:?}").into());
        }
    }
    Ok(())
}

fn print_row(row: &QueueScore, cpu: CpuId, tag: SteeringTag, hint: Option<Hint>) {
    let wire = hint.map_or_else(|| "no hint".to_owned(), |hint| format!("{:#06x}", hint.tag));
    let (queue, writes, bytes) = (row.queue, row.writes, row.bytes);
    println!("{queue:>5}  {cpu:>3}  {tag:>8}  {wire:>11}  {writes:>6}  {bytes:>5}");
}
