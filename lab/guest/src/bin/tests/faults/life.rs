//! Faults while a device is bound, opened, closed and unbound, and while the module is loaded.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use tph_abi::Errno;
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::{Aim, Control, Endpoint, Faults, Suite, module};
use vfio_tph::{Bdf, Error, Host, VfioFunction};

use super::{Outcome, Round, sweep};
use crate::life::{Watch, with_only};

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
    suite.test("faults::every_allocation_of_opening_can_fail", || opening(&nic, faults, control));
    suite.test("faults::every_allocation_of_loading_the_module_can_fail", || {
        with_only(&[], || loading(faults))
    });
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
    let tally = sweep("binding", 1, |nth| {
        unbind(nic.address)?;
        let (done, injected) = faults.around(nth, || bind.write_all(text.as_bytes()));
        if done.is_ok() != is_bound(nic.address) {
            return Err(format!("{done:?}, and bound: {}", done.is_err()).into());
        }
        Ok(Round { injected, ended: ended(done) })
    });
    faults.aim(Aim::All)?;
    rebind(nic.address, OURS)?;
    VfioFunction::open(nic.address)?;
    tally?.failed_with(Errno::ENOMEM)
}

/// It cannot fail: whatever happens, the device is unbound.
fn unbinding(nic: &Endpoint, faults: &Faults) -> Outcome {
    let mut unbind = order("unbind")?;
    let text = nic.address.to_string();
    let tally = sweep("unbinding", 1, |nth| {
        if !is_bound(nic.address) {
            rebind(nic.address, OURS)?;
        }
        let (done, injected) = faults.around(nth, || unbind.write_all(text.as_bytes()));
        if is_bound(nic.address) {
            return Err(format!("it is still bound: {done:?}").into());
        }
        Ok(Round { injected, ended: ended(done) })
    });
    rebind(nic.address, OURS)?;
    tally?.never_failed()
}

fn reset(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    let function = watch.programmed()?;
    let before = watch.held()?;
    let tally = sweep("reset", 1, |nth| {
        let (done, injected) = faults.around(nth, || function.reset());
        watch.expect("after a reset", &before)?;
        Ok(Round { injected, ended: answered(done) })
    });
    drop(function);
    watch.expect_clean()?;
    tally?.has_no_faults()
}

/// It asks for memory nowhere but there. No copies: the library's crate for VFIO takes it for granted that
/// the kernel reads how a device leaves its IOMMU address space.
fn closing(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    faults.aim_past(Aim::Allocations, GIVES_BACK)?;
    let tally = sweep("closing", 1, |nth| {
        let function = watch.programmed()?;
        let ((), injected) = faults.around(nth, || drop(function));
        watch.expect_clean()?;
        Ok(Round { injected, ended: Ok(()) })
    });
    faults.aim(Aim::All)?;
    tally?.has_no_faults()
}

fn opening(nic: &Endpoint, faults: &Faults, control: &mut Control) -> Outcome {
    let mut watch = Watch::new(nic, control)?;
    let tally = sweep("opening", 1, |nth| {
        let (opened, injected) = faults.around(nth, || VfioFunction::open(nic.address));
        let ended = answered(opened.map(drop));
        watch.expect_clean()?;
        Ok(Round { injected, ended })
    })?;
    tally.failed_also_with(Errno::ENOMEM)
}

/// Without a device, whose binding has its own sweep: with the first one firmware is asked, for which ACPI's
/// interpreter allocates a thousand times.
fn loading(faults: &Faults) -> Outcome {
    faults.aim(Aim::All)?;
    let tally = sweep("loading", 1, |nth| {
        if module::is_loaded() {
            module::unload()?;
        }
        let (done, injected) = faults.around(nth, module::load);
        if done.is_ok() != module::is_loaded() {
            return Err(format!("{done:?}, and loaded: {}", done.is_err()).into());
        }
        Ok(Round { injected, ended: ended(done) })
    })?;
    // The driver core says EINVAL where it has no memory for the module's folder (`module_add_driver()`).
    tally.failed_also_with(Errno::ENOMEM)
}

/// What the kernel answered.
fn ended(done: io::Result<()>) -> Result<(), Option<Errno>> {
    done.map_err(|error| error.raw_os_error().map(Errno))
}

/// The same, through the library: it is told no errno of some calls.
fn answered(done: Result<(), Error>) -> Result<(), Option<Errno>> {
    done.map_err(|error| error.errno())
}
