//! The life of a device: whatever becomes of it or of its user, TPH is off and every entry 0 when the
//! user is gone, and nobody keeps the module.

mod departure;
mod error;
mod memory;
mod module;
mod power;
mod processes;
mod removal;
mod reset;
pub(crate) mod roles;
pub(crate) mod slot;
mod trace;
pub(crate) mod watch;

use tph_lab_guest::{Control, Endpoint, Suite};

pub(crate) use module::with_only;
pub(crate) use power::{feature, go};
pub(crate) use reset::hot_reset;
pub(crate) use watch::Watch;

/// The driver under test.
const OURS: &str = "vfio-pci-tph";

type Outcome = Result<(), tph_lab_guest::Failure>;
type Test = fn(&mut Watch<'_>) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    let mut play = |endpoint: &Endpoint, name: &str, test: Test| {
        play(suite, control, endpoint, name, test);
    };
    let tests = reset::TESTS.iter().chain(processes::TESTS).chain(departure::TESTS);
    for (name, test) in tests.chain(memory::TESTS).chain(error::TESTS).chain(module::TESTS) {
        play(&nic, name, *test);
    }
    if let Some(vectors) = Endpoint::named("vectors") {
        for (name, test) in error::MSIX_TESTS {
            play(&vectors, name, *test);
        }
    }
    for (endpoint, name, test) in power::TESTS {
        let endpoint = Endpoint::named(endpoint);
        if let Some(endpoint) = endpoint.filter(|endpoint| power::is_managed(endpoint.address)) {
            play(&endpoint, name, *test);
        }
    }
}

/// The tests in which a card is pulled out.
pub(crate) fn removals(suite: &mut Suite, control: &mut Control) {
    let Some(card) = Endpoint::named("card") else { return };
    for (name, test) in removal::TESTS {
        play(suite, control, &card, name, *test);
    }
}

fn play(suite: &mut Suite, control: &mut Control, endpoint: &Endpoint, name: &str, test: Test) {
    suite.test(&format!("life::{name}"), || {
        let mut watch = Watch::new(endpoint, control)?;
        test(&mut watch)?;
        watch.expect_clean()
    });
}
