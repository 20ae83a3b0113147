//! The device goes, announced or not, while a user has it. It comes back as it was never used.

use std::time::Duration;

use tph_abi::Errno;
use tph_lab_guest::irq::{Interrupt, give_event};
use tph_lab_guest::{Endpoint, module, wait};
use vfio_tph::{EventFd, StIndex, VfioFunction};

use super::slot::Slot;
use super::watch::{Watch, cpu, program_all};
use super::{Outcome, Test};
use crate::check::{errno, same};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("a_user_who_holds_a_device_that_is_pulled_out_is_told_so", |watch| pulled(watch, idle)),
    ("a_user_in_a_request_to_a_device_that_is_pulled_out_is_told_so", |watch| pulled(watch, busy)),
    ("a_device_that_answers_no_more_is_gone_before_the_kernel_knows", |watch| {
        pulled(watch, silent)
    }),
    ("a_device_that_is_to_be_taken_out_works_until_its_user_lets_go", |watch| pulled(watch, asked)),
    ("the_module_can_be_unloaded_after_its_device_was_pulled_out", |watch| pulled(watch, unloaded)),
];

/// `EFD_NONBLOCK`.
const DO_NOT_WAIT: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
const GONE: Result<(), Errno> = Err(Errno::ENODEV);

/// Has `test` take the device out of its slot, and puts it back, however that went.
fn pulled(watch: &mut Watch<'_>, test: fn(&mut Watch<'_>, &mut Slot) -> Outcome) -> Outcome {
    let mut slot = Slot::of(watch.address())?;
    let outcome = test(watch, &mut slot);
    let back = slot.expect_gone().and_then(|()| watch.plug(&slot));
    outcome.and(back)?;
    let function = VfioFunction::open(watch.address())?;
    watch.expect_off("opened again")?;
    drop(function);
    drop(watch.programmed()?);
    watch.expect_clean()
}

fn set(function: &VfioFunction) -> Result<(), Errno> {
    errno(function.tph().program(&[(StIndex(0), cpu(3))]))
}

/// Another device of the module works all the while.
fn idle(watch: &mut Watch<'_>, slot: &mut Slot) -> Outcome {
    let other = Endpoint::named("narrow").ok_or("no other device")?;
    let other = VfioFunction::open(other.address)?;
    program_all(&other, 2)?;
    let function = watch.programmed()?;
    slot.pull()?;
    same("SET_ST", set(&function), GONE)?;
    same("SET_ST once more", set(&function), GONE)?;
    same("SET_ST of another device", set(&other), Ok(()))?;
    drop(function);
    slot.expect_gone()?;
    same("SET_ST of another device", set(&other), Ok(()))
}

fn busy(watch: &mut Watch<'_>, slot: &mut Slot) -> Outcome {
    let mut child = watch.user("busy")?;
    slot.pull()?;
    same("what the user says", child.line()?, format!("refused: {}", Errno::ENODEV))?;
    child.kill()?;
    Ok(())
}

/// Nothing tells the kernel, only the registers read as all ones.
fn silent(watch: &mut Watch<'_>, slot: &mut Slot) -> Outcome {
    let function = watch.programmed()?;
    let silence = slot.pull_silently()?;
    same("SET_ST", set(&function), GONE)?;
    same("SET_ST once more", set(&function), GONE)?;
    silence.end()?;
    drop(function);
    Ok(())
}

fn asked(watch: &mut Watch<'_>, slot: &mut Slot) -> Outcome {
    let function = watch.programmed()?;
    let asked = EventFd::new(DO_NOT_WAIT)?;
    give_event(&function, Interrupt::Request, 0, Some(&asked))?;
    watch.press_attention_button()?;
    wait::until("request", Duration::from_secs(60), || Ok(asked.read().is_ok()))?;
    same("SET_ST", set(&function), Ok(()))?;
    watch.expect_programmed()?;
    drop(function);
    slot.expect_gone()?;
    watch.expect_off("when it was taken out")
}

fn unloaded(watch: &mut Watch<'_>, slot: &mut Slot) -> Outcome {
    let function = watch.programmed()?;
    slot.pull()?;
    drop(function);
    slot.expect_gone()?;
    same("users", module::users()?, 0)?;
    module::unload()?;
    Ok(module::load()?)
}
