//! `tph demo`: a driver for an emulated NIC, written on the library, and a look at every packet that
//! the NIC sends.

mod packets;
mod peer;
mod report;
mod text;

use tph::{CpuId, MemoryType, StIndex, StMode, TagSource, TphCapability, entry_offset};
use tph_emu::{FunctionId, Profile, SharedHost};
use vfio_tph::TphDevice;

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::output;
use crate::source::Emulated;

use super::nic::Nic;
use packets::Expectation;
#[cfg(test)]
pub(crate) use peer::PeerReport;
pub(crate) use report::DemoReport;
use report::{Cleaned, Steps};

/// What the profile of the demonstration calls its NIC.
const NIC: &str = "nic0";

pub(crate) fn demo(args: &DemoArgs, json: bool) -> Result<(), Failure> {
    if args.peer {
        return peer::demo(args.sabotage, json);
    }
    let report = run(args.sabotage)?;
    if json {
        output::json(&report)?;
    } else {
        output::print(&text::text(&report))?;
    }
    match report.complaint() {
        None => Ok(()),
        Some(complaint) => Err(Failure::WrongTags(complaint)),
    }
}

/// Steers each queue to a CPU, rings it, looks at its packets; the same with TPH off.
fn run(sabotage: Option<u16>) -> Result<DemoReport, Failure> {
    let emulated = Emulated::start(None)?;
    let host = emulated.host();
    let id = emulated.find(NIC)?;
    let nic = Nic::open(emulated.open(id)?)?;
    let profile = host.lock().profile().clone();
    let cpus = one_cpu_a_core(&profile, nic.queues());
    let before = emulated.report(id);

    let mut device = TphDevice::new(nic.device(), before.address.clone());
    let capability = device.capability()?;
    let mut tph = device.enable(StMode::DeviceSpecific)?;
    tph.program(&entries(&cpus))?;
    if let Some(queue) = sabotage {
        overwrite(host, id, StIndex(queue));
    }
    let enabled = emulated.report(id);
    nic.ring_all()?;
    let steered = packets::observe(host, id, &nic, &cpus, Expectation::TagOfCpu);

    tph.disable()?;
    host.lock().endpoint_mut(id).clear_record();
    nic.ring_all()?;
    let unsteered = packets::observe(host, id, &nic, &cpus, Expectation::NoHint);

    let cleaned = Cleaned::of(&emulated.report(id));
    let steps = Steps { before, capability, enabled, steered, unsteered, cleaned };
    Ok(DemoReport::new(&profile, steps))
}

/// The first CPU of each core, in order; from the start again if there are more queues than cores.
fn one_cpu_a_core(profile: &Profile, queues: u16) -> Vec<CpuId> {
    let mut cores = std::collections::BTreeSet::new();
    let first_threads = profile.cpus.iter().filter(|cpu| cores.insert((cpu.socket, cpu.core)));
    let cpus: Vec<_> = first_threads.map(|cpu| CpuId(cpu.id)).collect();
    cpus.into_iter().cycle().take(usize::from(queues)).collect()
}

/// ST entry *n* is for queue *n*.
fn entries(cpus: &[CpuId]) -> Vec<(StIndex, TagSource)> {
    let source = |cpu: &CpuId| TagSource::Cpu { cpu: *cpu, memory: MemoryType::Volatile };
    (0..).map(StIndex).zip(cpus.iter().map(source)).collect()
}

/// Changes an ST entry of a function behind the back of its driver and of the rules.
fn overwrite(host: &SharedHost, id: FunctionId, index: StIndex) {
    let caller = tph_emu::Caller::anywhere();
    let mut host = host.lock();
    let mut hardware = host.view(id, &caller);
    let Ok(Some(capability)) = TphCapability::find(&mut hardware) else { return };
    let Some((offset, upper)) = entry_offset(capability.offset, index) else { return };
    let at = u64::from(offset.get()) + if upper { 2 } else { 0 };
    let endpoint = hardware.endpoint_mut();
    let bits = endpoint.st_entry(index).unwrap_or(0) ^ 0x0101;
    // It cannot fail: nothing is injected here. If it did, the demonstration would pass.
    let _ = endpoint.config_write(at, &bits.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_of_a_queue_carries_the_tag_of_its_cpu() {
        let report = run(None).unwrap();
        assert_eq!(report.complaint(), None);
        let cpus: Vec<_> = report.steered.iter().map(|row| (row.queue, row.cpu)).collect();
        assert_eq!(cpus, (0..8).map(|queue| (queue, 2 * u32::from(queue))).collect::<Vec<_>>());
        let mut sockets: Vec<_> = report.steered.iter().map(|row| row.socket).collect();
        sockets.dedup();
        assert_eq!(sockets, [Some(0), Some(1)]);
        for row in &report.steered {
            assert!(row.expected_tag.is_some_and(|tag| tag.value != 0), "{row:?}");
            assert_eq!(row.tags, [row.expected_tag]);
            assert!(row.writes > 0 && row.bytes == 4096, "{row:?}");
        }
        assert!(report.unsteered.iter().all(|row| row.tags == [None] && row.writes > 0));
        assert_eq!((report.cleaned.control, report.cleaned.entries_not_zero), (Some(0), 0));
    }

    #[test]
    fn a_tag_that_was_tampered_with_is_noticed() {
        for queue in 0..8 {
            let report = run(Some(queue)).unwrap();
            let wrong: Vec<_> = report.steered.iter().filter(|row| !row.correct).collect();
            assert_eq!(wrong.iter().map(|row| row.queue).collect::<Vec<_>>(), [queue]);
            let complaint = report.complaint().unwrap();
            assert!(complaint.contains(&format!("queue {queue}")), "{complaint}");
        }
    }

    #[test]
    fn queues_beyond_the_cores_start_over() {
        let cpus = one_cpu_a_core(&Profile::demo(), 10);
        assert_eq!(cpus[8..], [CpuId(0), CpuId(2)]);
    }
}
