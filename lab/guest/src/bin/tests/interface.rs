//! The edges of the interface that only a kernel has.

use std::fs;

use tph::{ConfigSpace, TphCapability};
use tph_abi::Errno;
use tph_conformance::get_cap;
use tph_lab_guest::bind::rebind;
use tph_lab_guest::raw::{self, Ioctl};
use tph_lab_guest::{Control, Endpoint, Failure, Suite};
use vfio_tph::{StMode, VfioFunction};

type Outcome = Result<(), Failure>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    suite.test("interface::a_request_outside_of_memory_is_efault", || nowhere(&nic));
    suite.test("interface::writes_to_the_capability_through_vfio_change_nothing", || {
        config_writes(&nic, control)
    });
    suite.test("interface::the_stock_driver_does_not_serve_it_and_the_library_says_so", || {
        stock_driver(&nic)
    });
    suite.test("interface::the_parameter_can_be_read_and_not_changed", parameter);
}

fn nowhere(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let outcome = raw::call_nowhere(&function, Ioctl::PciTph);
    if outcome != Err(Errno::EFAULT.0) {
        return Err(format!("{outcome:?}").into());
    }
    let (outcome, _) = raw::call(&function, Ioctl::PciTph, &mut get_cap());
    outcome.map(drop).map_err(|errno| format!("GET_CAP afterwards: {}", Errno(errno)).into())
}

fn config_writes(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    let at = capability.control().ok_or("no control register")?;
    for dword in 0..8 {
        let offset = at.checked_add(4 * dword).ok_or("past the end")?;
        function.config().write_config(offset, u32::MAX)?;
        let held = nic.register(control, offset)?;
        if held != 0 {
            return Err(format!("{offset} holds {held:#x}").into());
        }
    }
    Ok(())
}

fn stock_driver(nic: &Endpoint) -> Outcome {
    rebind(nic.address, "vfio-pci")?;
    let outcome = ask_stock(nic);
    rebind(nic.address, "vfio-pci-tph")?;
    outcome
}

fn ask_stock(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let refused = function.tph().enable(StMode::DeviceSpecific).map(drop);
    let Err(error) = refused else { return Err("vfio-pci enabled TPH".into()) };
    let advice = error.advice().map(|advice| advice.to_string()).unwrap_or_default();
    let said = format!("{error}; {advice}");
    let names =
        ["ENOTTY", "vfio_pci_tph", &nic.address.to_string()].map(|word| said.contains(word));
    if names.contains(&false) { Err(said.into()) } else { Ok(()) }
}

fn parameter() -> Outcome {
    let path = "/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds";
    let value = fs::read_to_string(path)?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions()) & 0o777;
    match (value.trim(), mode) {
        ("N" | "Y", 0o444) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
