//! Devices that are not like the first: no table, a narrow root port, a root port without TPH, a
//! malformed capability, no TPH at all. Each runs where the lab's profile has the endpoint.

use tph::{Control as ControlRegister, MemoryType, RequesterEnable, RequesterType, TphCapability};
use tph_abi::Errno;
use tph_lab_guest::{Control, Endpoint, Failure, Suite, endpoint, module};
use vfio_tph::{StIndex, StMode, TagSource, VfioFunction};

use crate::check::{errno, same};

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint, &mut Control) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let tests: [(&str, &str, Test); 5] = [
        ("direct", "direct_tags_need_the_switch_and_come_from_firmware", direct_tags),
        ("narrow", "below_a_narrow_root_port_tags_have_8_bits", narrow),
        ("deaf", "below_a_root_port_without_tph_nothing_can_be_enabled", deaf),
        ("malformed", "a_malformed_capability_is_shown_and_never_enabled", malformed),
        ("plain", "a_device_without_tph_says_so", plain),
    ];
    for (name, title, test) in tests {
        if let Some(endpoint) = Endpoint::named(name) {
            suite.test(&format!("other_tables::{title}"), || test(&endpoint, control));
        }
    }
}

fn direct_tags(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let capability = errno(tph.capability())?;
    same("entries", capability.table_entries, 0)?;
    same("device-specific", capability.modes.contains(StMode::DeviceSpecific), true)?;
    let firmware = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
    let wanted: Vec<_> = firmware.iter().map(|(cpu, _)| (*cpu, MemoryType::Volatile)).collect();
    let mode = StMode::DeviceSpecific;
    if !module::allows_direct_tags()? {
        same("ENABLE", errno(tph.enable(mode).map(drop)), Err(Errno::EOPNOTSUPP))?;
        return same("GET_ST", errno(tph.tags(&wanted)), Err(Errno::EOPNOTSUPP));
    }
    same("GET_ST while off", errno(tph.tags(&wanted)), Err(Errno::EINVAL))?;
    let mut tph = tph.enable(mode)?;
    let tags: Vec<_> = tph.tags(&wanted)?.iter().map(|tag| tag.0).collect();
    let expected: Vec<_> = firmware.iter().map(|(_, tag)| tag.entry_bits()).collect();
    same("tags", tags, expected)?;
    let source = TagSource::Cpu { cpu: wanted[0].0, memory: MemoryType::Volatile };
    same("SET_ST", errno(tph.program(&[(StIndex(0), source)])), Err(Errno::EOPNOTSUPP))
}

fn narrow(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let firmware = endpoint::tags(control, MemoryType::Volatile, RequesterType::Tph)?;
    let (cpu, tag) = firmware[1];
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&[(StIndex(0), TagSource::Cpu { cpu, memory: MemoryType::Volatile })])?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    let at = capability.control().ok_or("no control register")?;
    let dwords = control.registers(&nic.name, at.get(), 2)?;
    let enable = ControlRegister(dwords[0]).enable();
    same("enable", enable, RequesterEnable::On(RequesterType::Tph))?;
    same("entries 0 and 1", dwords[1], u32::from(tag.entry_bits()))
}

fn deaf(nic: &Endpoint, _: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        same("ENABLE", errno(tph.enable(mode).map(drop)), Err(Errno::EINVAL))?;
    }
    same("entries", errno(tph.capability())?.table_entries, 64)
}

fn malformed(nic: &Endpoint, _: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    same("entries", errno(tph.capability())?.table_entries, 0)?;
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        same("ENABLE", errno(tph.enable(mode).map(drop)), Err(Errno::EINVAL))?;
    }
    same("DISABLE", errno(tph.disable()), Ok(()))
}

fn plain(nic: &Endpoint, _: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    same("GET_CAP", errno(tph.capability()).map(drop), Err(Errno::EOPNOTSUPP))?;
    let enabled = errno(tph.enable(StMode::DeviceSpecific).map(drop));
    same("ENABLE", enabled, Err(Errno::EOPNOTSUPP))?;
    same("DISABLE", errno(tph.disable()), Err(Errno::EOPNOTSUPP))
}
