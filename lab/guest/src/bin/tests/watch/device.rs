//! The device goes and comes back, is reset, is touched by somebody else.

use std::fs;

use rustix::process::Signal;
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::wait;
use vfio_tph::{Host, StIndex, StMode, TphDevice, VfioFunction};

use super::rig::{PLAN, as_planned, ask, command, end, expect_tags, kinds, plan, watched};
use super::{Look, Outcome, Test};
use crate::check::same;
use crate::life::slot::Slot;
use crate::life::watch::cpu;
use tph_lab_guest::Tph;

pub(super) const TESTS: &[(&str, &str, Test)] = &[
    ("nic0", "a_device_that_is_unbound_and_bound_again_is_steered_again", rebound),
    ("nic0", "a_reset_changes_nothing", reset),
    ("nic0", "what_somebody_else_did_to_the_table_is_repaired", meddled),
    ("vectors", "a_table_of_which_only_the_number_is_seen_is_repaired_too", counted),
    ("nic0", "with_report_only_it_leaves_the_device_alone", reported),
];
pub(super) const REMOVALS: &[(&str, &str, Test)] =
    &[("card", "a_card_that_is_pulled_out_and_put_back_is_steered_again", pulled)];

fn rebound(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    expect_tags(look, &tph)?;
    // The kernel waits until the device was given back.
    unbind(look.address())?;
    tph.until("released", |said| said["cause"] == "the kernel's request")?;
    look.expect_off("given back")?;
    rebind(look.address(), OURS)?;
    tph.until("applied", |_| true)?;
    tph.until("compared", as_planned)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}

fn pulled(look: &mut Look<'_>) -> Outcome {
    let mut slot = Slot::of(look.address())?;
    let mut tph = watched(look)?;
    slot.pull()?;
    let told = tph.until("not-repaired", |said| said["what"] == "turning TPH off");
    let gone = slot.expect_gone();
    let back = look.plug_for_another(&slot);
    told?;
    gone.and(back)?;
    tph.until("applied", |_| true)?;
    tph.until("compared", as_planned)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}

fn reset(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    let before = look.held()?;
    fs::write(Host::default().folder(look.address()).join("reset"), "1")?;
    look.expect("after the reset", &before)?;
    ask(&mut tph)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}

/// Through a copy of the file that the command has open: nobody else gets at the table.
fn meddled(look: &mut Look<'_>) -> Outcome {
    const MODE: StMode = StMode::InterruptVector;
    type Act = fn(&mut TphDevice<vfio_tph::VfioFd<std::os::fd::OwnedFd>>) -> Outcome;
    let cases: [(&str, Act); 4] = [
        ("off", |device| Ok(device.disable()?)),
        ("empty-entry", |device| Ok(device.clear(&[StIndex(1)])?)),
        ("stray-entry", |device| Ok(device.program(&[(StIndex(9), cpu(1))]).map(drop)?)),
        ("other-mode", |device| {
            device.disable()?;
            device.enable(MODE)?.leave_on();
            Ok(())
        }),
    ];
    let mut tph = watched(look)?;
    for (kind, act) in cases {
        let mut device = TphDevice::new(vfio_tph::VfioFd::new(tph.device()?), "copy");
        act(&mut device)?;
        drop(device);
        tph.signal(Signal::HUP)?;
        let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
        same(&format!("{said}"), kinds(&said), vec![kind])?;
        tph.until("repaired", |said| said["what"] == "mode and entries")?;
        ask(&mut tph)?;
        expect_tags(look, &tph)?;
    }
    end(look, tph)
}

/// The entries lie in the MSI-X table, which is not to be seen.
fn counted(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    let address = look.address();
    let in_use = || Host::default().table_state(address).map(|state| state.entries_in_use);
    same("entries", in_use(), Some(2))?;
    TphDevice::new(vfio_tph::VfioFd::new(tph.device()?), "copy").clear(&[StIndex(1)])?;
    tph.signal(Signal::HUP)?;
    let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
    same(&format!("{said}"), kinds(&said), vec!["entry-count"])?;
    tph.until("repaired", |said| said["what"] == "mode and entries")?;
    ask(&mut tph)?;
    same("entries", in_use(), Some(2))?;
    end(look, tph)
}

fn reported(look: &mut Look<'_>) -> Outcome {
    plan(look, &[])?;
    let function = VfioFunction::open(look.address())?;
    let mut device = function.tph();
    let mut on = device.enable(StMode::DeviceSpecific)?;
    on.program(&[(StIndex(0), cpu(3)), (StIndex(1), cpu(2))])?;
    let mut tph = Tph::start(&mut command(&["--report-only"]))?;
    tph.until("compared", as_planned)?;
    on.clear(&[StIndex(0)])?;
    tph.signal(Signal::HUP)?;
    let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
    same(&format!("{said}"), kinds(&said), vec!["empty-entry"])?;
    let held = look.held()?;
    on.disable()?;
    tph.signal(Signal::HUP)?;
    let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
    same(&format!("{said}"), kinds(&said), vec!["off"])?;
    same("what it says at its end", tph.end()?.len(), 0)?;
    same("entry 0 before", held.get(1).map(|dword| dword & 0xffff), Some(0))?;
    look.expect_off("after the report")?;
    same("the plan", fs::exists(PLAN)?, true)?;
    drop(function);
    wait::until("end of the last user", std::time::Duration::from_secs(10), || {
        Ok(look.expect_clean().is_ok())
    })
}
