//! The kernel's own TPH functions beside ours: the same calls leave the same registers, the kernel
//! knows what our user did, and where the two differ it is on purpose (docs/in-tree.md).

mod differences;
pub(crate) mod neighbour;

use std::fs;

use tph::{ConfigOffset, MemoryType, RequesterEnable, RequesterType};
use tph_abi::Errno;
use tph_lab_guest::in_tree::Held;
use tph_lab_guest::{Control, Endpoint, Failure, InTree, Suite, endpoint};
use vfio_tph::{CpuId, Host, StIndex, StMode, TagSource, VfioFunction};

use crate::check::{errno, same};
use neighbour::Neighbour;

type Outcome = Result<(), Failure>;
type Test = fn(&Device, &mut Control) -> Outcome;

const OFF: Held = Held { enabled: false, mode: 0, requester: 0 };

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    if !InTree::exists() {
        return;
    }
    let tests: [(&str, &str, Test); 6] = [
        ("nic0", "the_same_calls_leave_the_same_registers", same_registers),
        ("narrow", "the_same_calls_leave_the_same_registers_with_8_bit_tags", same_registers),
        ("nic0", "a_reset_leaves_the_same_registers", same_after_reset),
        ("inside", "neither_finds_a_tag_without_a_root_port", no_root_port),
        ("nic0", "the_kernel_knows_what_a_user_of_ours_did", knows),
        ("nic0", "what_a_former_driver_left_on_is_ended_by_opening", former),
    ];
    for (name, title, test) in tests.iter().chain(differences::TESTS) {
        let Some(endpoint) = Endpoint::named(name) else { continue };
        suite.test(&format!("in_tree::{title}"), || test(&Device::new(endpoint)?, control));
    }
}

/// An endpoint and where its TPH registers lie.
struct Device {
    endpoint: Endpoint,
    at: ConfigOffset,
    entries: u16,
}

impl Device {
    fn new(endpoint: Endpoint) -> Result<Self, Failure> {
        let view =
            Host::default().function(endpoint.address)?.tph.map_err(|why| why.to_string())?;
        let capability = view.ok_or("no TPH capability")?.capability;
        let at = capability.control().ok_or("no control register")?;
        Ok(Self { endpoint, at, entries: capability.table_entries() })
    }

    /// The control register and the ST table, as the endpoint holds them.
    fn held(&self, control: &mut Control) -> Result<Vec<u32>, Failure> {
        let dwords = 1 + self.entries.div_ceil(2);
        Ok(control.registers(&self.endpoint.name, self.at.get(), dwords)?)
    }

    /// `function`, without a user of ours.
    fn neighbour(&self) -> Result<Neighbour, Failure> {
        Neighbour::of(self.endpoint.address)
    }

    fn open(&self) -> Result<VfioFunction, Failure> {
        Ok(VfioFunction::open(self.endpoint.address)?)
    }

    fn reset(&self) -> Outcome {
        let file = Host::default().folder(self.endpoint.address).join("reset");
        Ok(fs::write(file, "1")?)
    }

    /// For each entry, a CPU; more entries than CPUs, and not all of the table.
    fn wanted(&self, control: &mut Control) -> Result<Vec<(StIndex, CpuId)>, Failure> {
        let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
        let cpus = tags.into_iter().map(|(cpu, _)| cpu).cycle().skip(1);
        let entries = (0..self.entries).rev().step_by(3).map(StIndex);
        Ok(entries.zip(cpus).collect())
    }
}

fn steer(cpu: CpuId) -> TagSource {
    TagSource::Cpu { cpu, memory: MemoryType::Volatile }
}

/// Our user does what `wanted` says.
fn program(function: &VfioFunction, mode: StMode, wanted: &[(StIndex, CpuId)]) -> Outcome {
    let mut tph = function.tph();
    let mut on = tph.enable(mode)?;
    on.program(&wanted.iter().map(|(index, cpu)| (*index, steer(*cpu))).collect::<Vec<_>>())?;
    // The guard would clear and disable.
    std::mem::forget(on);
    Ok(())
}

/// On, programmed, on again while on, off, and what is programmed while off.
fn same_registers(device: &Device, control: &mut Control) -> Outcome {
    let wanted = device.wanted(control)?;
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        let theirs = {
            let neighbour = device.neighbour()?;
            neighbour.program(mode, &wanted)?;
            let on = device.held(control)?;
            same("the kernel, enabled twice", neighbour.enable(mode), Err(Errno::EBUSY))?;
            neighbour.disable()?;
            same("the kernel, off", neighbour.entry(StIndex(0), 1), Err(Errno::EINVAL))?;
            (on, device.held(control)?)
        };
        let function = device.open()?;
        program(&function, mode, &wanted)?;
        let on = device.held(control)?;
        let again = errno(function.tph().enable(mode).map(drop));
        same("ours, enabled twice", again, Err(Errno::EBUSY))?;
        function.tph().disable()?;
        let off = errno(function.tph().program(&[(StIndex(0), TagSource::Clear)]));
        same("ours, off", off, Err(Errno::EINVAL))?;
        same(&format!("{mode}"), (on, device.held(control)?), theirs)?;
    }
    Ok(())
}

fn same_after_reset(device: &Device, control: &mut Control) -> Outcome {
    let wanted = device.wanted(control)?;
    let mode = StMode::DeviceSpecific;
    let theirs = {
        let neighbour = device.neighbour()?;
        neighbour.program(mode, &wanted)?;
        device.reset()?;
        let held = device.held(control)?;
        neighbour.disable()?;
        held
    };
    let function = device.open()?;
    program(&function, mode, &wanted)?;
    device.reset()?;
    same("after a reset", device.held(control)?, theirs)
}

fn no_root_port(device: &Device, _: &mut Control) -> Outcome {
    let mode = StMode::DeviceSpecific;
    {
        let neighbour = device.neighbour()?;
        neighbour.enable(mode)?;
        same("the kernel", neighbour.tag(CpuId(0), MemoryType::Volatile), Err(Errno::ENODEV))?;
        neighbour.disable()?;
    }
    let function = device.open()?;
    let mut tph = function.tph();
    let mut tph = tph.enable(mode)?;
    same("ours", errno(tph.program(&[(StIndex(0), steer(CpuId(0)))])), Err(Errno::ENODEV))
}

fn knows(device: &Device, control: &mut Control) -> Outcome {
    let in_tree = InTree::load()?;
    let held = || in_tree.held(device.endpoint.address);
    let wanted = device.wanted(control)?;
    let function = device.open()?;
    same("opened", held()?, OFF)?;
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        let requester = RequesterEnable::On(RequesterType::ExtendedTph).bits();
        let on = Held { enabled: true, mode: mode.bits(), requester };
        program(&function, mode, &wanted)?;
        same("programmed", held()?, on)?;
        function.reset()?;
        same("reset by the user", held()?, on)?;
        device.reset()?;
        same("reset by the administrator", held()?, on)?;
        function.tph().disable()?;
        same("disabled", held()?, OFF)?;
        function.reset()?;
        same("reset while off", held()?, OFF)?;
    }
    program(&function, StMode::DeviceSpecific, &wanted)?;
    drop(function);
    same("closed", held()?, OFF)?;
    same("closed", device.held(control)?.iter().all(|dword| *dword == 0), true)
}

fn former(device: &Device, control: &mut Control) -> Outcome {
    let wanted = device.wanted(control)?;
    device.neighbour()?.program(StMode::InterruptVector, &wanted)?;
    let in_tree = InTree::load()?;
    let held = || in_tree.held(device.endpoint.address);
    same("left on", held()?.enabled, true)?;
    let function = device.open()?;
    same("opened", held()?, OFF)?;
    same("opened", device.held(control)?.iter().all(|dword| *dword == 0), true)?;
    same("ENABLE", errno(function.tph().enable(StMode::DeviceSpecific).map(drop)), Ok(()))
}
