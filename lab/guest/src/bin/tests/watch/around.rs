//! What happens around the device: CPUs, interrupts, permissions.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::{Failure, Tph};
use vfio_tph::{CpuSet, Host};

use super::rig::{CPUS, as_planned, ask, command, end, expect_tags, kinds, plan, watched};
use super::{CPU_3, Look, Outcome, Test};
use crate::check::same;

pub(super) const TESTS: &[(&str, &str, Test)] = &[
    ("nic0", "a_cpu_that_goes_off_and_on_is_said", processor),
    ("vectors", "an_interrupt_that_was_sent_elsewhere_goes_back", interrupt),
    ("nic0", "a_device_that_may_not_be_opened_yet_is_tried_again", permitted_late),
    ("nic0", "a_device_that_stays_shut_is_said_and_does_not_end_the_watch", shut),
    ("nic0", "events_that_were_lost_are_made_up_for", flood),
];

fn processor(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    fs::write(CPU_3, "0")?;
    let said = tph.until("compared", |said| !as_planned(said))?;
    same(&format!("{said}"), kinds(&said), vec!["cpu-not-online"])?;
    same("cause", said["cause"].as_str().is_some_and(|it| it.contains("of cpu3")), true)?;
    expect_tags(look, &tph)?;
    fs::write(CPU_3, "1")?;
    tph.until("compared", as_planned)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}

/// The vectors are those that the command sets up for a table in MSI-X; the kernel has sent them anywhere.
fn interrupt(look: &mut Look<'_>) -> Outcome {
    plan(look, &["--mode", "interrupt-vector"])?;
    let mut tph = Tph::start(&mut command(&[]))?;
    tph.until("applied", |_| true)?;
    tph.until("compared", |_| true)?;
    ask(&mut tph)?;
    let address = look.address();
    let vectors = || Host::default().vector_affinity(address);
    let goes_to = |cpu: u32| CpuSet::parse(&cpu.to_string());
    let [first, second] = CPUS;
    let expected = vec![goes_to(first), goes_to(second)];
    let found = || vectors().into_iter().map(|vector| vector.cpus).collect::<Vec<_>>();
    same("interrupts", found(), expected.clone())?;
    let irq = vectors().first().ok_or("no vector")?.irq;
    fs::write(format!("/proc/irq/{irq}/smp_affinity_list"), "1")?;
    tph.signal(Signal::HUP)?;
    let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
    same(&format!("{said}"), kinds(&said), vec!["interrupt"])?;
    tph.until("repaired", |said| said["what"] == "queue 0 interrupts CPU 3")?;
    ask(&mut tph)?;
    same("interrupts", found(), expected.clone())?;
    // A CPU takes its interrupts along when it goes, and does not bring them back.
    fs::write(CPU_3, "0")?;
    tph.until("not-repaired", |said| said["what"] == "queue 0 interrupts CPU 3")?;
    fs::write(CPU_3, "1")?;
    tph.until("repaired", |said| said["what"] == "queue 0 interrupts CPU 3")?;
    ask(&mut tph)?;
    same("interrupts", found(), expected)?;
    end(look, tph)
}

const USER: u32 = 1000;

/// Does what udev does with a device that has come.
fn permit(look: &Look<'_>) -> Outcome {
    for file in Host::default().device_files(look.address()) {
        chown(&file.place, Some(USER), Some(USER))?;
    }
    Ok(())
}

/// An ordinary user's.
fn unprivileged(look: &Look<'_>) -> Result<Tph, Failure> {
    plan(look, &[])?;
    permit(look)?;
    let mut tph = Tph::start(command(&[]).uid(USER).gid(USER))?;
    tph.until("applied", |_| true)?;
    tph.until("compared", as_planned)?;
    Ok(tph)
}

fn permitted_late(look: &mut Look<'_>) -> Outcome {
    const ROUNDS: u32 = 10;
    let mut tph = unprivileged(look)?;
    expect_tags(look, &tph)?;
    for _ in 0..ROUNDS {
        unbind(look.address())?;
        rebind(look.address(), OURS)?;
        // The kernel's event is long over. Nothing tells when a file's owner changes.
        thread::sleep(Duration::from_millis(500));
        permit(look)?;
        let said = tph.until_one_of(&["applied", "not-repaired"], |_| true)?;
        if said["event"] == "not-repaired" {
            // On a slow machine it has given up before: once more from the beginning.
            touched(look)?;
            tph.until("applied", |_| true)?;
        }
        tph.until("compared", as_planned)?;
        if said["event"] == "applied" {
            expect_tags(look, &tph)?;
            return end(look, tph);
        }
    }
    Err(format!("{ROUNDS} times it gave up before the device could be opened").into())
}

/// Has the kernel tell of the device.
fn touched(look: &Look<'_>) -> Outcome {
    Ok(fs::write(Host::default().folder(look.address()).join("uevent"), "change")?)
}

fn shut(look: &mut Look<'_>) -> Outcome {
    let mut tph = unprivileged(look)?;
    unbind(look.address())?;
    rebind(look.address(), OURS)?;
    let said = tph.until("not-repaired", |said| said["what"] == "opening it again")?;
    let why = said["why"].as_str().unwrap_or_default();
    same(why, why.contains("EACCES"), true)?;
    permit(look)?;
    touched(look)?;
    tph.until("applied", |_| true)?;
    tph.until("compared", as_planned)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}

/// More than the kernel keeps for somebody who does not listen.
const EVENTS: u32 = 700;

fn flood(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    tph.signal(Signal::STOP)?;
    for _ in 0..EVENTS {
        touched(look)?;
    }
    fs::write(CPU_3, "0")?;
    tph.signal(Signal::CONT)?;
    let said = tph.until("compared", |said| !as_planned(said))?;
    same(&format!("{said}"), kinds(&said), vec!["cpu-not-online"])?;
    let cause = said["cause"].as_str().unwrap_or_default();
    same(cause, cause.contains("more events than the kernel has kept"), true)?;
    fs::write(CPU_3, "1")?;
    tph.until("compared", as_planned)?;
    end(look, tph)
}
