//! CPUs whose ACPI UIDs are not their numbers: who asks firmware for a CPU by its number gets the tags
//! of another one.

use tph::{CpuId, MemoryType, RequesterType, StIndex};
use tph_abi::Errno;
use tph_emu::Profile;
use tph_emu::profile::word_of;
use tph_lab_guest::{Control, Endpoint, Failure, InTree, Suite, endpoint};
use tph_lab_wire::profile_path;
use vfio_tph::{StMode, TagSource, VfioFunction};

use crate::check::{errno, same};
use crate::in_tree::neighbour::Neighbour;

type Outcome = Result<(), Failure>;

const WIDE: RequesterType = RequesterType::ExtendedTph;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let profile = Profile::read(profile_path(0).as_ref()).expect("the lab's profile is here");
    if profile.cpus.iter().all(|cpu| cpu.uid == cpu.id) {
        return;
    }
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    suite.test("uids::a_cpu_has_the_tag_of_its_uid_and_not_of_its_number", || {
        own_tags(&profile, &nic, control)
    });
    suite.test("uids::a_tag_that_is_not_valid_is_an_error", || invalid(&nic, control));
    if InTree::exists() {
        suite.test("uids::the_kernels_own_function_names_the_same_tags", || in_tree(&nic, control));
    }
}

fn steer(cpu: CpuId, memory: MemoryType) -> TagSource {
    TagSource::Cpu { cpu, memory }
}

/// The tag of the CPU in entry 0, as the endpoint holds it.
fn own_tags(profile: &Profile, nic: &Endpoint, control: &mut Control) -> Outcome {
    let firmware = profile.firmware.as_ref().ok_or("no firmware")?;
    let function = VfioFunction::open(nic.address)?;
    let table = tph::TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    let (entry, _) = tph::entry_offset(table.offset, StIndex(0)).ok_or("no table")?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let mut mixed_up = 0;
    for cpu in &profile.cpus {
        tph.program(&[(StIndex(0), steer(CpuId(cpu.id), MemoryType::Volatile))])?;
        let held = nic.register(control, entry)? & 0xffff;
        let tag = |id| word_of(profile, firmware, id).tag(MemoryType::Volatile, WIDE);
        let own = tag(cpu.id).ok_or("no tag")?.entry_bits();
        same(&format!("CPU {}", cpu.id), held, own.into())?;
        // What the number would have been taken for.
        let other = profile.cpus.iter().find(|other| other.uid == cpu.id && other.id != cpu.id);
        mixed_up += u32::from(other.is_some_and(|other| tag(other.id) != tag(cpu.id)));
    }
    same("whether a mistake could be seen", mixed_up > 0, true)
}

fn invalid(nic: &Endpoint, control: &mut Control) -> Outcome {
    let memory = MemoryType::Persistent;
    let named = endpoint::tags(control, memory, WIDE)?;
    let all = endpoint::tags(control, MemoryType::Volatile, WIDE)?;
    let without = all.iter().map(|(cpu, _)| *cpu).find(|cpu| named.iter().all(|it| it.0 != *cpu));
    let without = without.ok_or("every CPU has a tag")?;
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let refused = errno(tph.program(&[(StIndex(0), steer(without, memory))]));
    same("SET_ST", refused, Err(Errno::ENODATA))?;
    if !InTree::exists() {
        return Ok(());
    }
    drop(tph);
    drop(function);
    // What the kernel's own function makes of it: a tag, and that is 0.
    let neighbour = Neighbour::of(nic.address)?;
    neighbour.enable(StMode::DeviceSpecific)?;
    let tag = neighbour.tag(without, memory);
    neighbour.disable()?;
    same("pcie_tph_get_cpu_st()", tag, Ok(0))
}

fn in_tree(nic: &Endpoint, control: &mut Control) -> Outcome {
    let memory = MemoryType::Volatile;
    let expected = endpoint::tags(control, memory, WIDE)?;
    let neighbour = Neighbour::of(nic.address)?;
    neighbour.enable(StMode::DeviceSpecific)?;
    let tag = |cpu: &CpuId| (*cpu, neighbour.tag(*cpu, memory));
    let found: Vec<_> = expected.iter().map(|(cpu, _)| tag(cpu)).collect();
    neighbour.disable()?;
    let expected = expected.iter().map(|(cpu, tag)| (*cpu, Ok(tag.entry_bits()))).collect();
    same("tags", found, expected)
}
