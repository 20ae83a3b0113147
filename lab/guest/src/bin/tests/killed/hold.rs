//! `tph apply` and `tph watch`: what the killed one had on the device is gone, a second one puts it there.

use std::process::Command;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::tph::{TPH, answer, device_of};
use tph_lab_guest::{Failure, Tph};
use vfio_tph::{TphDevice, VfioFd};

use super::{Look, Outcome, Test, at_each_step, stride};
use crate::check::same;
use crate::watch::rig::{PLAN, plan};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("apply_at_each_step_leaves_a_clean_device_and_a_second_one_repairs", applied),
    ("watch_at_each_step_of_a_repair_leaves_a_clean_device", repairing),
    ("watch_at_each_step_of_taking_its_device_again_leaves_a_clean_device", rebinding),
];

const DRIFT: i32 = 3;

/// What `verify` says: its code, and the kinds of drift.
fn verified() -> Result<(i32, Vec<String>), Failure> {
    let (code, said) = answer(&["verify", PLAN])?;
    let kind = |drift: &serde_json::Value| drift["kind"].as_str().unwrap_or_default().to_owned();
    let drifts = said["drifts"].as_array().ok_or_else(|| format!("{said}"))?;
    Ok((code, drifts.iter().map(kind).collect()))
}

/// The killed one left nothing, `verify` says so, and applying again mends it.
fn expect_repaired(look: &mut Look<'_>) -> Outcome {
    look.expect_clean()?;
    same("verify after the kill", verified()?, (DRIFT, vec!["off".to_owned()]))?;
    let mut apply = Command::new(TPH);
    let mut tph = Tph::start(apply.args(["apply", PLAN]))?;
    tph.until("applied", |_| true)?;
    same("verify after applying again", verified()?, (0, vec![]))?;
    tph.end()?;
    look.expect_clean()
}

fn send(process: u32, signal: Signal) -> Outcome {
    Ok(kill(Pid::from_raw(process.cast_signed()), signal)?)
}

fn applied(look: &mut Look<'_>) -> Outcome {
    plan(look, &[])?;
    let said = |process, lines| if lines == 1 { send(process, Signal::SIGTERM) } else { Ok(()) };
    at_each_step(&["apply", PLAN, "--json"], (0, stride(11)), said, || expect_repaired(look))
        .map(drop)
}

/// Its table is turned off behind its back, and it is asked to look.
fn repairing(look: &mut Look<'_>) -> Outcome {
    plan(look, &[])?;
    let said = |process, lines| match lines {
        // Applied, compared.
        2 => {
            TphDevice::new(VfioFd::new(device_of(process)?), "copy").disable()?;
            send(process, Signal::SIGHUP)
        }
        // Compared, repaired.
        4 => send(process, Signal::SIGTERM),
        _ => Ok(()),
    };
    at_each_step(&["watch", PLAN, "--json"], (2, stride(5)), said, || expect_repaired(look))
        .map(drop)
}

/// Its device is unbound and bound again.
fn rebinding(look: &mut Look<'_>) -> Outcome {
    plan(look, &[])?;
    let address = look.address();
    let hands = std::cell::RefCell::new(None);
    let said = |process, lines| match lines {
        // Unbinding waits until the device was given back, or its user killed.
        2 => {
            let hand = thread::spawn(move || unbind(address).and_then(|()| rebind(address, OURS)));
            *hands.borrow_mut() = Some(hand);
            Ok(())
        }
        // Released, applied, compared.
        5 => send(process, Signal::SIGTERM),
        _ => Ok(()),
    };
    let after = || {
        if let Some(hand) = hands.take() {
            hand.join().map_err(|_| "the hand that unbinds panicked")??;
        }
        expect_repaired(look)
    };
    at_each_step(&["watch", PLAN, "--json"], (2, stride(13)), said, after).map(drop)
}
