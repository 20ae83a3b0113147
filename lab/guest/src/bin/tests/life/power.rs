//! A device that sleeps while it is programmed.

use std::fs;
use std::time::Duration;

use tph::find_capability;
use tph_lab_guest::raw::feature::{LOW_POWER_ENTRY, LOW_POWER_EXIT, SET};
use tph_lab_guest::raw::{self, Ioctl};
use tph_lab_guest::{ConfigFile, module, wait};
use vfio_tph::{Bdf, Errno, Host, StIndex, VfioFunction};

use super::watch::{Watch, cpu, program_all};
use super::{Outcome, Test};

/// The endpoint, the test's name, the test.
pub(super) const TESTS: &[(&str, &str, Test)] = &[
    ("nic0", "in_d3hot_requests_are_refused_and_in_d0_all_is_as_it_was", keeps),
    ("nic0", "a_low_power_phase_keeps_what_was_set_and_a_request_ends_it", low_power),
    ("nic0", "a_user_gone_in_a_low_power_phase_leaves_nothing", closed_asleep),
    ("nic0", "a_user_gone_with_the_device_in_d3hot_leaves_nothing", closed_in_d3),
    ("narrow", "a_device_that_forgets_in_d3hot_can_be_set_again", forgets),
    ("nic0", "after_the_machine_has_slept_all_is_as_it_was", machine_slept),
    (
        "narrow",
        "after_the_machine_has_slept_a_request_restores_a_device_that_forgets",
        machine_slept,
    ),
];

const CONFIG: u32 = 7;
const POWER: u8 = 1;
const D0: u8 = 0;
const D3HOT: u8 = 3;

/// Whether the function has a PCI Power Management capability: only then does the kernel say in
/// which state it is.
pub(super) fn is_managed(address: Bdf) -> bool {
    let found = ConfigFile::open(address).map(|mut file| find_capability(&mut file, POWER));
    matches!(found, Ok(Ok(Some(_))))
}

/// Puts the function into a power state, as its user.
pub(crate) fn go(function: &VfioFunction, state: u8) -> Outcome {
    let power = find_capability(&mut function.config(), POWER)?.ok_or("no power management")?;
    let at = u64::from(power.get()) + 4;
    let mut control = [0; 2];
    function.read_region(CONFIG, at, &mut control)?;
    Ok(function.write_region(CONFIG, at, &[control[0] & !3 | state, control[1]])?)
}

fn keeps(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    go(&function, D3HOT)?;
    let refused = function.tph().program(&[(StIndex(0), cpu(3))]).map_err(|error| error.errno());
    if refused != Err(Some(Errno::EIO)) {
        return Err(format!("programming in D3hot: {refused:?}").into());
    }
    watch.expect("in D3hot", &before)?;
    go(&function, D0)?;
    watch.expect("back in D0", &before)?;
    function.tph().program(&[(StIndex(0), cpu(3))])?;
    watch.expect_programmed()
}

fn forgets(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    go(&function, D3HOT)?;
    go(&function, D0)?;
    if module::kernel_has_tph()? {
        // It saves and restores what it knows to be on.
        watch.expect("back in D0, restored by the kernel", &before)?;
    } else if watch.held()?.iter().any(|dword| *dword != 0) {
        return Err("the device was to forget its registers".into());
    }
    function.tph().disable()?;
    program_all(&function, 2)?;
    watch.expect("set again", &before)
}

/// Asks for a feature that has no data.
pub(crate) fn feature(function: &VfioFunction, feature: u32) -> Outcome {
    let mut bytes = [8, feature | SET].map(u32::to_ne_bytes).concat();
    let (outcome, _) = raw::call(function, Ioctl::Feature, &mut bytes);
    outcome.map(drop).map_err(|errno| format!("feature {feature}: {}", Errno(errno)).into())
}

/// Lets the kernel put the device to sleep and waits until it has.
fn fall_asleep(function: &VfioFunction) -> Outcome {
    feature(function, LOW_POWER_ENTRY)?;
    let status = Host::default().folder(function.address()).join("power/runtime_status");
    wait::until("sleep", Duration::from_secs(2), || {
        Ok(fs::read_to_string(&status)?.trim() == "suspended")
    })
}

fn low_power(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    fall_asleep(&function)?;
    watch.expect("asleep", &before)?;
    feature(&function, LOW_POWER_EXIT)?;
    watch.expect("awake", &before)?;
    fall_asleep(&function)?;
    function.tph().program(&[(StIndex(0), cpu(0))])?;
    watch.expect("after a request to the sleeping device", &before)
}

/// All devices are put to sleep and woken again, and the machine is not: the kernel's own test of it.
fn sleep_and_wake() -> Outcome {
    fs::write("/sys/module/suspend/parameters/pm_test_delay", "1")?;
    fs::write("/sys/power/pm_test", "platform")?;
    let slept = fs::write("/sys/power/state", "freeze");
    fs::write("/sys/power/pm_test", "none")?;
    Ok(slept?)
}

fn machine_slept(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    sleep_and_wake()?;
    function.tph().program(&[(StIndex(0), cpu(0))])?;
    watch.expect("after a request", &before)
}

fn closed_asleep(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    fall_asleep(&function)?;
    drop(function);
    Ok(())
}

fn closed_in_d3(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    go(&function, D3HOT)?;
    drop(function);
    Ok(())
}
