//! The module is unloaded and loaded.

use std::{env, fs};

use rustix::io::Errno;
use tph_lab_guest::bind::rebind;
use tph_lab_guest::{Endpoint, Failure, module};
use tph_lab_wire::variables;
use vfio_tph::{Bdf, Host};

use super::trace::Trace;
use super::watch::Watch;
use super::{OURS, Outcome, Test};

/// How often it comes and goes where nobody says how often.
const ROUNDS: u32 = 50;
/// Rounds after which the kernel has made what it keeps and uses again.
const FIRST_ROUNDS: u32 = 10;

pub(super) const TESTS: &[(&str, Test)] = &[
    ("the_module_cannot_be_unloaded_while_a_device_is_open", while_open),
    ("the_module_comes_and_goes_without_a_trace", many_times),
];

fn while_open(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    for _ in 0..3 {
        if module::unload() != Err(Errno::AGAIN) {
            return Err("it was unloaded under its user".into());
        }
    }
    watch.expect("after attempts to unload the module", &before)?;
    drop(function);
    watch.expect_clean()
}

/// Does `act`, in which the module comes and goes, while these devices alone are meant for the driver, so
/// that each load binds them; the others would only take time.
pub(crate) fn with_only(devices: &[Bdf], act: impl FnOnce() -> Outcome) -> Outcome {
    let all = Endpoint::all();
    module::unload()?;
    for other in all.iter().filter(|other| !devices.contains(&other.address)) {
        fs::write(Host::default().folder(other.address).join("driver_override"), "\n")?;
    }
    module::load()?;
    let outcome = act();
    // Also after a failure: the next tests need the others.
    if !module::is_loaded() {
        module::load()?;
    }
    all.iter().try_for_each(|endpoint| rebind(endpoint.address, OURS))?;
    outcome
}

fn many_times(watch: &mut Watch<'_>) -> Outcome {
    let rounds = env::var(variables::ROUNDS).map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    with_only(&[watch.address()], || without_a_trace(watch, rounds))?;
    drop(watch.programmed()?);
    Ok(())
}

fn without_a_trace(watch: &mut Watch<'_>, rounds: u32) -> Outcome {
    come_and_go(watch, FIRST_ROUNDS)?;
    let before = Trace::take(watch.address())?;
    come_and_go(watch, rounds)?;
    Trace::take(watch.address())?.compare(&before)
}

fn come_and_go(watch: &mut Watch<'_>, rounds: u32) -> Outcome {
    for round in 0..rounds {
        let failed = |why: String| Failure::from(format!("round {round}: {why}"));
        module::unload().map_err(|errno| failed(format!("unloading: {errno}")))?;
        if module::is_loaded() {
            return Err(failed("it is still there".into()));
        }
        module::load()?;
        let driver = Host::default().function(watch.address())?.driver;
        if driver.as_deref() != Some(OURS) {
            return Err(failed(format!("the device is bound to {driver:?}")));
        }
    }
    Ok(())
}
