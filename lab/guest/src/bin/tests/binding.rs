//! `tph bind` and `tph unbind`, through the library, on a real kernel.

use std::process::Stdio;

use tph_lab_guest::bind::rebind;
use tph_lab_guest::{Child, Endpoint, Failure, Suite};
use vfio_tph::{Binder, Error, Host, Refusal, Usage, VfioFunction};

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint) -> Outcome;

const OURS: &str = "vfio-pci-tph";
const STOCK: &str = "vfio-pci";

pub(crate) fn run(suite: &mut Suite) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    let tests: [(&str, Test); 2] = [
        ("a_device_goes_and_comes_back_to_the_driver_that_had_it", there_and_back),
        ("a_device_that_is_open_is_left_alone", open),
    ];
    for (name, test) in tests {
        suite.test(&format!("binding::{name}"), || {
            let outcome = test(&nic);
            rebind(nic.address, OURS)?;
            outcome
        });
    }
}

fn there_and_back(nic: &Endpoint) -> Outcome {
    rebind(nic.address, STOCK)?;
    let bound = Binder::default().bind(nic.address)?;
    VfioFunction::open(nic.address)?.tph().capability()?;
    // Another process would do; nothing is kept in this one.
    let released = Binder::default().unbind(nic.address)?;
    let driver = Host::default().function(nic.address)?.driver;
    let found = (bound.former.as_deref(), released.driver.as_deref(), driver.as_deref());
    if found != (Some(STOCK), Some(STOCK), Some(STOCK)) || !released.remembered {
        return Err(format!("{bound:?}, {released:?}, {driver:?}").into());
    }
    Ok(())
}

/// Open with either driver: neither way waits for the user.
fn open(nic: &Endpoint) -> Outcome {
    let mut child = Child::start(&["hold", &nic.name, "idle"], Stdio::null())?;
    child.line()?;
    in_use(Binder::default().unbind(nic.address))?;
    child.kill()?;
    rebind(nic.address, STOCK)?;
    let _user = VfioFunction::open(nic.address)?;
    in_use(Binder::default().bind(nic.address))
}

fn in_use<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Outcome {
    match outcome {
        Err(Error::Refused { refusal: Refusal::InUse(Usage::Open { .. }), .. }) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
