//! Row 1: what programming entries costs the device, counted there, beside the kernel's own loop.

use tph::{Capability, entry_offset};
use tph::{ConfigOffset, Control, CpuId, MemoryType, RequesterEnable, StIndex, StMode, TagSource};
use tph_emu::{AccessCounts, Caller, EmuDevice, FunctionId, Host, Profile, SharedHost};
use vfio_tph::TphDevice;

use crate::figure::Figure;
use crate::tools::Tools;

const LIMIT: u64 = 36;
const ENTRIES: u16 = 64;

pub(crate) fn run(_: &Tools) -> Vec<Figure> {
    let runs = [1, 2, 8, ENTRIES].map(|count| (count, "contiguous", 1));
    let scattered = [(2, "scattered", 21), (8, "scattered", 7)];
    runs.into_iter().chain(scattered).map(|(count, how, step)| figure(count, how, step)).collect()
}

fn figure(count: u16, how: &str, step: u16) -> Figure {
    let indices: Vec<_> = (0..count).map(|number| StIndex(number * step)).collect();
    let (ours, tags) = ours(&indices);
    let (kernel, same) = in_tree(&tags);
    let what = format!("program {count} {how} entries in the capability, configuration accesses");
    assert_eq!(same, tags, "both leave the same in the table");
    let figure = Figure::new(what, said(ours)).peer(format!("the kernel's loop: {}", said(kernel)));
    if count == ENTRIES {
        let total = ours.config_reads + ours.config_writes;
        figure.limit(format!("at most {LIMIT}"), total <= LIMIT)
    } else {
        figure
    }
}

fn said(counts: AccessCounts) -> String {
    let (reads, writes) = (counts.config_reads, counts.config_writes);
    format!("{} ({reads} reads, {writes} writes)", reads + writes)
}

/// What an entry holds.
type Tags = Vec<(StIndex, u16)>;

/// Programs the entries through the library, each for a CPU of its own; what the table then holds.
fn ours(indices: &[StIndex]) -> (AccessCounts, Tags) {
    let entries: Vec<_> = (0..)
        .zip(indices)
        .map(|(cpu, index)| {
            let memory = MemoryType::Volatile;
            (*index, TagSource::Cpu { cpu: CpuId(cpu % 16), memory })
        })
        .collect();
    on_a_device(|device, host, id| {
        let mut enabled = device.enable(StMode::DeviceSpecific).expect("TPH turns on");
        host.lock().endpoint_mut(id).take_counts();
        enabled.program(&entries).expect("the entries are programmed");
        let counts = host.lock().endpoint_mut(id).take_counts();
        (counts, held(host, id, indices.iter().copied()))
    })
}

/// Writes the same tags as `pcie_tph_set_st_entry()` of Linux 7.3 does for each: the requester off
/// (read, write), where the table is (read), again for its size (read), its size (read), the entry
/// (write), the requester on (read, write).
fn in_tree(tags: &Tags) -> (AccessCounts, Tags) {
    on_a_device(|device, host, id| {
        let enabled = device.enable(StMode::DeviceSpecific).expect("TPH turns on");
        let mut guard = host.lock();
        let endpoint = guard.endpoint_mut(id);
        let on = endpoint.control().expect("it has TPH").enable();
        let offset = endpoint.profile().tph.expect("it has TPH").offset;
        let capability = ConfigOffset::new(offset).expect("it lies in configuration space");
        endpoint.take_counts();
        let mut dword = [0; 4];
        let [control, facts] =
            [Control::OFFSET, Capability::OFFSET].map(|at| u64::from(offset + at));
        for (index, tag) in tags {
            for enable in [RequesterEnable::Off, on] {
                endpoint.config_read(control, &mut dword).expect("it answers");
                let register = Control(u32::from_le_bytes(dword)).with_enable(enable);
                endpoint.config_write(control, &register.0.to_le_bytes()).expect("it answers");
                if enable == RequesterEnable::Off {
                    for _ in 0..3 {
                        endpoint.config_read(facts, &mut dword).expect("it answers");
                    }
                    let (at, upper) = entry_offset(capability, *index).expect("inside");
                    let at = u64::from(at.get()) + if upper { 2 } else { 0 };
                    endpoint.config_write(at, &tag.to_le_bytes()).expect("it answers");
                }
            }
        }
        let counts = endpoint.take_counts();
        drop(guard);
        let same = held(host, id, tags.iter().map(|(index, _)| *index));
        drop(enabled);
        (counts, same)
    })
}

fn held(host: &SharedHost, id: FunctionId, indices: impl Iterator<Item = StIndex>) -> Tags {
    let host = host.lock();
    let endpoint = host.endpoint(id);
    indices.map(|index| (index, endpoint.st_entry(index).expect("it is in the table"))).collect()
}

fn on_a_device<T>(
    work: impl FnOnce(&mut TphDevice<&EmuDevice>, &SharedHost, FunctionId) -> T,
) -> T {
    let host = SharedHost::new(Host::new(&Profile::demo()));
    let id = host.lock().function_named("nic0").expect("the demo host has one");
    let device = EmuDevice::open(&host, id, Caller::anywhere()).expect("it opens");
    work(&mut TphDevice::new(&device, "nic0"), &host, id)
}
