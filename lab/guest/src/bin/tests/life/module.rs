//! The module is unloaded and loaded.

use std::fs;

use rustix::io::Errno;
use tph_lab_guest::bind::rebind;
use tph_lab_guest::{Endpoint, module};
use vfio_tph::Host;

use super::watch::Watch;
use super::{OURS, Outcome, Test};

/// How often it comes and goes in one run.
const ROUNDS: usize = 50;

pub(super) const TESTS: &[(&str, Test)] = &[
    ("the_module_cannot_be_unloaded_while_a_device_is_open", while_open),
    ("the_module_comes_and_goes_fifty_times", many_times),
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

/// The first device stays meant for the driver, so that each load binds it; the others would only
/// take time.
fn many_times(watch: &mut Watch<'_>) -> Outcome {
    let all = Endpoint::all();
    let others: Vec<_> = all.iter().filter(|other| other.address != watch.address()).collect();
    module::unload()?;
    for other in &others {
        fs::write(Host::default().folder(other.address).join("driver_override"), "\n")?;
    }
    module::load()?;
    for round in 0..ROUNDS {
        module::unload()?;
        let gone = !module::is_loaded();
        module::load()?;
        let driver = Host::default().function(watch.address())?.driver;
        if !gone || driver.as_deref() != Some(OURS) {
            return Err(format!("round {round}: unloaded {gone}, bound to {driver:?}").into());
        }
    }
    others.iter().try_for_each(|other| rebind(other.address, OURS))?;
    drop(watch.programmed()?);
    Ok(())
}
