//! Faults while a device is bound, opened, closed and unbound, and while the module is loaded.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::{Aim, Control, Endpoint, Failure, Faults, Suite, module};
use vfio_tph::{Bdf, EventFd, Host, VfioFunction};

use super::{Outcome, Round, sweep};
use crate::life::Watch;
use crate::msix::vector_events;

/// VFIO's own: where it fails after it has the device's IOMMU group, it warns of its cleaning up
/// (`vfio_group_release()`), whatever driver it is.
const CREATES_GROUP: &str = "vfio_create_group";
/// The IOMMU core's own: it may not fail where a device is given back, and warns if memory is short.
const GIVES_BACK: &str = "__iommu_release_dma_ownership";
const DRIVER: &str = "/sys/bus/pci/drivers/vfio-pci-tph";

pub(super) fn run(suite: &mut Suite, faults: &Faults, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    suite.test("faults::every_allocation_of_binding_can_fail", || binding(&nic, faults));
    suite.test("faults::every_allocation_of_unbinding_can_fail", || unbinding(&nic, faults));
    suite.test("faults::every_allocation_of_a_reset_can_fail", || reset(&nic, faults, control));
    suite.test("faults::every_allocation_of_closing_can_fail", || closing(&nic, faults, control));
    if let Some(vectors) = Endpoint::named("vectors") {
        suite.test("faults::every_allocation_of_setting_up_vectors_can_fail", || {
            vectors_come(&vectors, faults)
        });
    }
    // Else all that the kernel does to load any module counts, and all that the library does to open.
    if faults.are_aimed() {
        suite.test("faults::every_allocation_of_opening_can_fail", || {
            opening(&nic, faults, control)
        });
        suite.test("faults::every_allocation_of_loading_the_module_can_fail", || loading(faults));
    }
}

/// A file of sysfs that is open before the fault.
fn order(file: &str) -> io::Result<File> {
    OpenOptions::new().write(true).open(format!("{DRIVER}/{file}"))
}

fn is_bound(address: Bdf) -> bool {
    Host::default().folder(address).join("driver").exists()
}

fn binding(nic: &Endpoint, faults: &Faults) -> Outcome {
    faults.aim_past(Aim::All, CREATES_GROUP)?;
    let mut bind = order("bind")?;
    let text = nic.address.to_string();
    let outcome = sweep("binding", 1, |nth| {
        unbind(nic.address)?;
        let (done, injected) = faults.around(nth, || bind.write_all(text.as_bytes()));
        let bound = is_bound(nic.address);
        if done.is_ok() && !bound {
            return Err("it says that it bound, and has not".into());
        }
        Ok(Round { injected, failed: !bound })
    });
    faults.aim(Aim::All)?;
    rebind(nic.address, OURS)?;
    VfioFunction::open(nic.address)?;
    outcome
}

/// It cannot fail: whatever happens, the device is unbound.
fn unbinding(nic: &Endpoint, faults: &Faults) -> Outcome {
    let mut unbind = order("unbind")?;
    let text = nic.address.to_string();
    let outcome = sweep("unbinding", 1, |nth| {
        if !is_bound(nic.address) {
            rebind(nic.address, OURS)?;
        }
        let (done, injected) = faults.around(nth, || unbind.write_all(text.as_bytes()));
        match (done, is_bound(nic.address)) {
            (Ok(()), false) => Ok(Round { injected, failed: false }),
            (Err(_), true) => Ok(Round { injected, failed: true }),
            (done, bound) => Err(format!("{done:?}, and bound: {bound}").into()),
        }
    });
    rebind(nic.address, OURS)?;
    outcome
}

fn reset(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    let function = watch.programmed()?;
    let before = watch.held()?;
    let outcome = sweep("reset", 1, |nth| {
        let (done, injected) = faults.around(nth, || function.reset());
        watch.expect("after a reset", &before)?;
        Ok(Round { injected, failed: done.is_err() })
    });
    drop(function);
    watch.expect_clean()?;
    outcome
}

/// Whatever fails, the device is clean afterwards. No copies: the library's crate for VFIO takes it for
/// granted that the kernel reads how a device leaves its IOMMU address space.
fn closing(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    faults.aim_past(Aim::Allocations, GIVES_BACK)?;
    let outcome = sweep("closing", 1, |nth| {
        let function = watch.programmed()?;
        let ((), injected) = faults.around(nth, || drop(function));
        watch.expect_clean()?;
        Ok(Round { injected, failed: false })
    });
    faults.aim(Aim::All)?;
    outcome
}

fn opening(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    sweep("opening", 1, |nth| {
        let (opened, injected) = faults.around(nth, || VfioFunction::open(nic.address));
        let failed = opened.is_err();
        drop(opened);
        watch.expect_clean()?;
        Ok(Round { injected, failed })
    })
}

fn vectors_come(vectors: &Endpoint, faults: &Faults) -> Outcome {
    let function = VfioFunction::open(vectors.address)?;
    // The first differs from the next; with each more there are dozens of allocations of the same kind.
    let mut events: Vec<EventFd> = vector_events()?;
    events.truncate(2);
    sweep("setting up vectors", 1, |nth| {
        let _ = function.disable_msix();
        let (done, injected) = faults.around(nth, || function.enable_msix(&events));
        Ok::<_, Failure>(Round { injected, failed: done.is_err() })
    })
}

/// With it come the devices that were the module's.
fn loading(faults: &Faults) -> Outcome {
    faults.aim_past(Aim::All, CREATES_GROUP)?;
    let outcome = sweep("loading", 1, |nth| {
        if module::is_loaded() {
            module::unload()?;
        }
        let (loaded, injected) = faults.around(nth, module::load);
        if loaded.is_err() && module::is_loaded() {
            return Err("it says that it was not loaded, and is".into());
        }
        Ok(Round { injected, failed: loaded.is_err() })
    });
    faults.aim(Aim::All)?;
    if !module::is_loaded() {
        module::load()?;
    }
    for endpoint in Endpoint::all() {
        rebind(endpoint.address, OURS)?;
    }
    outcome
}
