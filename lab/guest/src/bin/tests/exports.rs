//! What other modules may ask, through a module that asks it.

use std::fs;

use tph::{CpuId, MemoryType, RequesterType};
use tph_abi::Errno;
use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::module::{self, TestModule};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, endpoint};
use vfio_tph::{Host, VfioFunction};

use crate::check::same;

const ASK: &str = "/sys/module/tph_lab_exports/parameters/ask";

type Outcome = Result<(), Failure>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    suite.test("exports::other_modules_learn_modes_and_table_of_every_device", capabilities);
    suite.test("exports::other_modules_learn_the_tags_of_cpus", || tags(control));
    suite.test("exports::the_device_may_be_open_or_have_no_driver", || any_driver(control));
    suite.test("exports::a_module_that_asks_keeps_ours_loaded", in_use);
}

/// Asks of a device; the answer about the device, and the one about the tag.
fn ask(device: &Endpoint, cpu: CpuId, memory: u8, width: u8) -> Result<(String, String), Failure> {
    fs::write(ASK, format!("{} {} {memory} {width}", device.address, cpu.0))?;
    let answer = fs::read_to_string(ASK)?;
    let (capability, tag) = answer.trim().split_once(';').ok_or("half an answer")?;
    Ok((capability.to_owned(), tag.to_owned()))
}

/// The answer that the device's registers call for.
fn of_registers(device: &Endpoint) -> Result<String, Failure> {
    let failed = |errno: Errno| format!("{0} 0 {0} 0 0", -errno.0);
    let function = Host::default().function(device.address)?;
    let Some(tph) = function.tph() else {
        return Ok(failed(Errno::EOPNOTSUPP));
    };
    let register = tph.capability.register;
    Ok(match tph.capability.table {
        Ok(table) => format!(
            "0 {} 0 {} {}",
            register.modes().bits(),
            register.table_location().bits(),
            table.entries()
        ),
        Err(malformed) => failed(tph::Error::Malformed(malformed).into()),
    })
}

/// All of them sleep: nobody has opened them.
fn capabilities() -> Outcome {
    let _exports = TestModule::exports()?;
    for device in Endpoint::all() {
        let expected = of_registers(&device)?;
        same(&device.name, ask(&device, CpuId(0), 0, 16)?.0, expected)?;
    }
    Ok(())
}

fn tags(control: &mut Control) -> Outcome {
    let _exports = TestModule::exports()?;
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let tag = |cpu, memory, width| Ok::<_, Failure>(ask(&nic, cpu, memory, width)?.1);
    let failed = |errno: Errno| format!("{} 0x0", -errno.0);
    let mut asked = 0;
    for (number, memory) in (0..).zip([MemoryType::Volatile, MemoryType::Persistent]) {
        for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
            for (cpu, named) in endpoint::tags(control, memory, requester)? {
                let expected = format!("0 {:#x}", named.entry_bits());
                let what = format!("{cpu}, {memory}, {requester}");
                same(&what, tag(cpu, number, requester.tag_bits())?, expected)?;
                asked += 1;
            }
        }
    }
    same("whether firmware named a tag", asked > 0, true)?;
    let first = CpuId(0);
    same("no such memory type", tag(first, 2, 16)?, failed(Errno::EINVAL))?;
    same("no such width", tag(first, 0, 9)?, failed(Errno::EINVAL))?;
    same("no such CPU", tag(CpuId(4000), 0, 16)?, failed(Errno::EINVAL))?;
    let Some(inside) = Endpoint::named("inside") else { return Ok(()) };
    same("no root port", ask(&inside, first, 0, 16)?.1, failed(Errno::ENODEV))
}

/// What is asked does not depend on who has the device.
fn any_driver(control: &mut Control) -> Outcome {
    let _exports = TestModule::exports()?;
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
    let (cpu, tag) = tags[1];
    let expected = (of_registers(&nic)?, format!("0 {:#x}", tag.entry_bits()));
    let function = VfioFunction::open(nic.address)?;
    same("open", ask(&nic, cpu, 0, 16)?, expected.clone())?;
    drop(function);
    let driver = Host::default().folder(nic.address).join("driver/unbind");
    fs::write(driver, nic.address.to_string())?;
    let alone = ask(&nic, cpu, 0, 16);
    rebind(nic.address, OURS)?;
    same("without a driver", alone?, expected)
}

fn in_use() -> Outcome {
    let before = module::users()?;
    let exports = TestModule::exports()?;
    same("users", module::users()?, before + 1)?;
    same("unloading", module::unload(), Err(rustix::io::Errno::AGAIN))?;
    drop(exports);
    same("users afterwards", module::users()?, before)
}
