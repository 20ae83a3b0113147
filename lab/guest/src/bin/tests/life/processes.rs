//! Users that die, fork, or hand the device on.

use std::os::fd::AsFd;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tph_abi::Errno;
use tph_lab_guest::{Child, Failure, child as children, module};
use vfio_tph::{Iommu, VfioFunction};

use super::watch::Watch;
use super::{Outcome, Test};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("a_killed_user_leaves_nothing", killed),
    ("a_user_killed_in_a_request_leaves_nothing", killed_at_work),
    ("two_opens_of_a_device_share_its_tph_until_both_are_closed", two_opens),
    ("a_second_user_of_an_open_device_is_refused", second_user),
    ("a_child_that_inherited_the_device_keeps_it_programmed", inherited),
    ("a_device_passed_over_a_socket_stays_programmed_with_its_new_owner", passed),
];

/// A child in a role, once it has said `word`.
pub(super) fn child(role: &[&str], input: impl Into<Stdio>, word: &str) -> Result<Child, Failure> {
    let mut child = Child::start(role, input)?;
    match child.line()? {
        said if said == word => Ok(child),
        other => Err(format!("the child said {other:?}, not {word:?}").into()),
    }
}

fn killed(watch: &mut Watch<'_>) -> Outcome {
    let child = watch.user("idle")?;
    watch.expect_programmed()?;
    child.kill()?;
    watch.expect_clean()
}

/// At several moments of a batch.
fn killed_at_work(watch: &mut Watch<'_>) -> Outcome {
    for milliseconds in [3, 8, 13] {
        let child = watch.user("busy")?;
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill()?;
        watch.expect_clean()?;
    }
    Ok(())
}

/// Only a group gives out a device twice; the file of a device does not.
fn two_opens(watch: &mut Watch<'_>) -> Outcome {
    let first = watch.programmed_on(Iommu::container(watch.address())?)?;
    let before = watch.held()?;
    let second = VfioFunction::open_on(watch.address(), first.iommu().clone())?;
    watch.expect("after the second open", &before)?;
    drop(first);
    watch.expect("after the first close", &before)?;
    match module::users()? {
        1.. => {}
        0 => return Err("the module has no users, and the device is open".into()),
    }
    second.tph().disable()?;
    drop(second);
    Ok(())
}

fn second_user(watch: &mut Watch<'_>) -> Outcome {
    let first = watch.programmed()?;
    let before = watch.held()?;
    let errno = VfioFunction::open(watch.address()).map_err(|error| error.errno()).err();
    let expected = match first.iommu() {
        Iommu::Container(_) => Errno::EBUSY,
        Iommu::Iommufd(_) => Errno::EINVAL,
    };
    if errno != Some(Some(expected)) {
        return Err(format!("opening it again: {errno:?}").into());
    }
    watch.expect("after the second attempt", &before)?;
    drop(first);
    Ok(())
}

fn inherited(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let child = child(&["inherit"], function.as_fd().try_clone_to_owned()?, "steered")?;
    outlives(watch, function, child)
}

fn passed(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let theirs = children::socket_with(&function)?;
    let child = child(&["receive"], theirs, "steered")?;
    outlives(watch, function, child)
}

/// The child keeps the device as it is after this process has closed it, until it goes itself.
fn outlives(watch: &mut Watch<'_>, function: VfioFunction, child: Child) -> Outcome {
    let before = watch.held()?;
    drop(function);
    watch.expect("after this process has closed it", &before)?;
    watch.expect_programmed()?;
    child.kill()?;
    Ok(())
}
