//! Every allocation and every copy that can fail does, one at a time: what was asked fails cleanly and
//! changes nothing, or is done all the same; and then it works.
//!
//! Copies fail on every kernel, by requests that lie badly. Allocations fail, and copies once more, on
//! a kernel that injects faults: in requests, and in a device's life from binding to unbinding.

mod cases;
mod copies;
mod life;
mod requests;
mod sweep;

use std::fs;

use tph_lab_guest::{Aim, Control, Failure, Faults, Suite};

use cases::cases;
use sweep::{Round, sweep};

type Outcome = Result<(), Failure>;

/// How the release of the kernel ends that the lab builds to find faults (`lab/kernel/debug.config`).
const DEBUG: &str = "-tph-debug";
/// When named only: where ACPI's interpreter finds no memory between taking a method's mutex and running
/// it (`acpi_ps_execute_method()`), it keeps the mutex, and whoever asks next waits for ever.
const INTERPRETER: &str = "faults::allocations_of_the_interpreter";

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    for case in cases() {
        let name = format!("faults::every_copy_of_{}_can_fail", case.name);
        suite.test(&name, || copies::sweep(&case, control));
    }
    let faults = Faults::of_this_thread().expect("the kernel can be told which faults it injects");
    let Some(faults) = faults else {
        if is_debug_kernel() {
            suite.test("faults::the_debug_kernel_injects_faults", || {
                Err("it injects none, or cannot be told which".into())
            });
        }
        return;
    };
    for case in cases() {
        let name = format!("faults::every_allocation_of_{}_can_fail", case.name);
        suite.test(&name, || requests::allocations(&case, &faults, control));
        let name = format!("faults::the_kernel_can_fail_every_copy_of_{}", case.name);
        suite.test(&name, || requests::copies(&case, &faults, control));
        if case.asks_firmware && suite.is_named(INTERPRETER) {
            let name = format!("{INTERPRETER}_in_{}_can_fail", case.name);
            suite.test(&name, || requests::interpreter(&case, &faults, control));
        }
    }
    faults.aim(Aim::All).expect("the kernel can be told which faults it injects");
    life::run(suite, &faults, control);
}

fn is_debug_kernel() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease");
    release.is_ok_and(|release| release.trim().ends_with(DEBUG))
}
