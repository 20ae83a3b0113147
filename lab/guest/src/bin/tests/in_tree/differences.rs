//! What the kernel's own functions do and ours do not. Each is listed in docs/in-tree.md; should one
//! be mended in a later kernel, its test here fails and both can go.

use tph::{Control as ControlRegister, RequesterEnable, RequesterType};
use tph_abi::Errno;
use tph_lab_guest::Control;
use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource};

use super::{Device, Outcome, Test, program, steer};
use crate::check::{errno, same};

const MODE: StMode = StMode::DeviceSpecific;

pub(super) const TESTS: &[(&str, &str, Test)] = &[
    ("deaf", "the_kernel_takes_the_reserved_completer_value_for_a_width", reserved_completer),
    ("malformed", "the_kernel_enables_a_malformed_capability", malformed),
    ("nic0", "the_kernel_turns_tph_off_when_an_index_is_past_the_table", past_the_table),
    ("nic0", "the_kernel_names_0_for_a_tag_while_tph_is_off", tag_while_off),
    ("nic0", "the_kernel_leaves_tags_to_the_next_driver", left_behind),
    ("narrow", "the_kernel_writes_16_bits_where_tags_have_8", wide_tag),
    ("nic0", "the_kernel_turns_tph_off_and_on_for_each_entry", cost),
];

fn reserved_completer(device: &Device, control: &mut Control) -> Outcome {
    {
        let neighbour = device.neighbour()?;
        same("the kernel", neighbour.enable(MODE), Ok(()))?;
        let register = ControlRegister(device.held(control)?[0]);
        same("the kernel's", register.enable(), RequesterEnable::Reserved)?;
        neighbour.disable()?;
    }
    let refused = errno(device.open()?.tph().enable(MODE).map(drop));
    same("ours", refused, Err(Errno::EINVAL))?;
    same("ours", device.held(control)?[0], 0)
}

fn malformed(device: &Device, _: &mut Control) -> Outcome {
    {
        let neighbour = device.neighbour()?;
        same("the kernel", neighbour.enable(MODE), Ok(()))?;
        neighbour.disable()?;
    }
    same("ours", errno(device.open()?.tph().enable(MODE).map(drop)), Err(Errno::EINVAL))
}

fn past_the_table(device: &Device, control: &mut Control) -> Outcome {
    let wanted = device.wanted(control)?;
    let past = StIndex(device.entries);
    {
        let neighbour = device.neighbour()?;
        neighbour.program(MODE, &wanted)?;
        same("the kernel", neighbour.entry(past, 1), Err(Errno::ENXIO))?;
        let held = device.held(control)?;
        same("the kernel's control register", held[0], 0)?;
        same("the kernel's entries are left", held[1..].iter().any(|dword| *dword != 0), true)?;
    }
    let function = device.open()?;
    program(&function, MODE, &wanted)?;
    let before = device.held(control)?;
    let refused = errno(function.tph().program(&[(past, TagSource::Clear)]));
    same("ours", refused, Err(Errno::ENXIO))?;
    same("our registers", device.held(control)?, before)
}

fn tag_while_off(device: &Device, control: &mut Control) -> Outcome {
    let neighbour = device.neighbour()?;
    same("while off", neighbour.tag(CpuId(1), MemoryType::Volatile), Ok(0))?;
    neighbour.enable(MODE)?;
    let tag = neighbour.tag(CpuId(1), MemoryType::Volatile)?;
    neighbour.disable()?;
    same("whether the CPU has a tag", tag != 0, true)?;
    same("the control register", device.held(control)?[0], 0)
}

fn left_behind(device: &Device, control: &mut Control) -> Outcome {
    let wanted = device.wanted(control)?;
    let neighbour = device.neighbour()?;
    neighbour.program(MODE, &wanted)?;
    neighbour.disable()?;
    let left = device.held(control)?;
    same("the kernel's entries are left", left[1..].iter().any(|dword| *dword != 0), true)?;
    drop(neighbour);
    let function = device.open()?;
    program(&function, MODE, &wanted)?;
    function.tph().disable()?;
    drop(function);
    same("ours", device.held(control)?.iter().all(|dword| *dword == 0), true)
}

fn wide_tag(device: &Device, control: &mut Control) -> Outcome {
    let neighbour = device.neighbour()?;
    neighbour.enable(MODE)?;
    same("its width", neighbour.held()?.requester, RequesterEnable::On(RequesterType::Tph).bits())?;
    same("the kernel", neighbour.entry(StIndex(0), 0x1234), Ok(()))?;
    let held = device.held(control)?;
    neighbour.disable()?;
    same("the entry", held[1] & 0xffff, 0x1234)
}

/// Accesses to the device's TPH registers for its whole table.
fn cost(device: &Device, control: &mut Control) -> Outcome {
    let all: Vec<_> = (0..device.entries).map(|index| (StIndex(index), CpuId(1))).collect();
    let name = &device.endpoint.name;
    let count = |control: &mut Control| {
        control.accesses(name).map(|count| count.tph_reads + count.tph_writes)
    };
    let theirs = {
        let neighbour = device.neighbour()?;
        neighbour.enable(MODE)?;
        let tag = neighbour.tag(CpuId(1), MemoryType::Volatile)?;
        let before = count(control)?;
        for (index, _) in &all {
            neighbour.entry(*index, tag)?;
        }
        let after = count(control)?;
        neighbour.disable()?;
        after - before
    };
    let function = device.open()?;
    let mut tph = function.tph();
    let mut tph = tph.enable(MODE)?;
    let batch: Vec<_> = all.iter().map(|(index, cpu)| (*index, steer(*cpu))).collect();
    let before = count(control)?;
    tph.program(&batch)?;
    let ours = count(control)? - before;
    same("entries", u64::from(device.entries), 64)?;
    same("the kernel's accesses, at least 6 an entry", theirs >= 6 * 64, true)?;
    same("ours, at most one an entry", ours <= 64, true)
}
