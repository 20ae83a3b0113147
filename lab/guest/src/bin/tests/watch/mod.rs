//! `tph watch` on a real kernel: what it says, what it puts back, what the device then sends, and that it
//! leaves nothing behind.

mod around;
mod device;
mod others;
mod quiet;
pub(crate) mod rig;

use std::fs;

use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::{Control, Endpoint, Failure, Suite};

use crate::life::watch::Watch as Look;

type Outcome = Result<(), Failure>;
type Test = fn(&mut Look<'_>) -> Outcome;

pub(crate) const CPU_3: &str = "/sys/devices/system/cpu/cpu3/online";

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let tests = device::TESTS.iter().chain(around::TESTS).chain(others::TESTS).chain(quiet::TESTS);
    play(suite, control, tests);
}

/// The tests in which a card is pulled out.
pub(crate) fn removals(suite: &mut Suite, control: &mut Control) {
    play(suite, control, device::REMOVALS.iter());
}

fn play<'a>(
    suite: &mut Suite,
    control: &mut Control,
    tests: impl Iterator<Item = &'a (&'a str, &'a str, Test)>,
) {
    for (endpoint, name, test) in tests {
        // Profiles of guests for a few tests have other endpoints.
        let Some(endpoint) = Endpoint::named(endpoint) else { continue };
        suite.test(&format!("watch::{name}"), || {
            let mut look = Look::new(&endpoint, control)?;
            let outcome = test(&mut look);
            let _ = fs::write(CPU_3, "1");
            rebind(endpoint.address, OURS)?;
            outcome.and_then(|()| look.expect_clean())
        });
    }
}
