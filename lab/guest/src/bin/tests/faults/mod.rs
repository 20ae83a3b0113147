//! Every allocation and every copy that can fail does, one at a time: what was asked fails cleanly and
//! changes nothing, or is done all the same; and then it works.
//!
//! Copies fail on every kernel, by requests that lie badly. Allocations fail, and copies once more, on
//! a kernel that injects faults: in requests, and in a device's life from binding to unbinding.

mod cases;
mod copies;
mod life;
mod requests;

use tph_abi::Errno;
use tph_lab_guest::{Aim, Control, Failure, Faults, Suite};

use cases::cases;

type Outcome = Result<(), Failure>;

/// What may come back when something in the kernel fails.
const CLEAN: [Errno; 2] = [Errno::ENOMEM, Errno::EFAULT];
/// More faults than any of this has: whoever gets so far goes on for ever.
const MOST: u32 = 5000;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    for case in cases() {
        let name = format!("faults::every_copy_of_{}_can_fail", case.name);
        suite.test(&name, || copies::sweep(&case, control));
    }
    let faults = Faults::of_this_thread().expect("the kernel can be told which faults it injects");
    let Some(faults) = faults else { return };
    for case in cases() {
        let name = format!("faults::every_allocation_of_{}_can_fail", case.name);
        suite.test(&name, || requests::allocations(&case, &faults, control));
        if faults.have_copies() {
            let name = format!("faults::the_kernel_can_fail_every_copy_of_{}", case.name);
            suite.test(&name, || requests::copies(&case, &faults, control));
        }
        if faults.are_aimed() && case.asks_firmware() {
            let name = format!("faults::allocations_of_the_interpreter_in_{}_can_fail", case.name);
            suite.test(&name, || requests::interpreter(&case, &faults, control));
        }
    }
    faults.aim(Aim::All).expect("the kernel can be told which faults it injects");
    life::run(suite, &faults, control);
}

/// How a round with one fault ended.
struct Round {
    injected: bool,
    failed: bool,
}

/// Rounds with the first fault, or each `stride`th, until there are no more; says how many there were.
fn sweep(
    name: &str,
    stride: usize,
    mut round: impl FnMut(u32) -> Result<Round, Failure>,
) -> Outcome {
    let mut failed = 0;
    for nth in (1..MOST).step_by(stride) {
        let ended = round(nth).map_err(|error| format!("fault {nth}: {error}"))?;
        if ended.injected {
            failed += u32::from(ended.failed);
            continue;
        }
        if ended.failed {
            return Err(format!("without a fault, after {nth}, it fails").into());
        }
        println!("faults: {name}: none after {nth}, every {stride}; {failed} times it failed");
        return Ok(());
    }
    Err(format!("after {MOST} faults there are still more").into())
}
