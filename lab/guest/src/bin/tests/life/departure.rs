//! The device is taken away while a user has it: the kernel waits for the user.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fs, io};

use tph_lab_guest::bind::rebind;
use vfio_tph::Host;

use super::watch::Watch;
use super::{OURS, Outcome, Test};

/// How long a user is left alone with a device that is to go.
const WHILE: Duration = Duration::from_millis(200);

pub(super) const TESTS: &[(&str, Test)] = &[
    ("an_unbind_waits_for_a_user_who_holds_the_device", |watch| unbound(watch, "idle")),
    ("an_unbind_waits_for_a_user_in_a_request", |watch| unbound(watch, "busy")),
    ("a_removal_waits_for_a_user_who_holds_the_device", |watch| removed(watch, "idle")),
    ("a_removal_waits_for_a_user_in_a_request", |watch| removed(watch, "busy")),
];

fn unbound(watch: &mut Watch<'_>, how: &str) -> Outcome {
    let folder = Host::default().folder(watch.address());
    taken_away(watch, how, folder.join("driver/unbind"), &watch.address().to_string())?;
    if folder.join("driver").exists() {
        return Err("it has a driver still".into());
    }
    back(watch)
}

fn removed(watch: &mut Watch<'_>, how: &str) -> Outcome {
    let folder = Host::default().folder(watch.address());
    taken_away(watch, how, folder.join("remove"), "1")?;
    if folder.exists() {
        return Err("it is there still".into());
    }
    fs::write("/sys/bus/pci/rescan", "1")?;
    back(watch)
}

/// Writes `text` to `file` while a child has the device, and sees that it takes until the child is
/// killed.
fn taken_away(watch: &mut Watch<'_>, how: &str, file: PathBuf, text: &str) -> Outcome {
    let child = watch.user(how)?;
    let text = text.to_owned();
    let writer: JoinHandle<io::Result<()>> = thread::spawn(move || fs::write(file, text));
    thread::sleep(WHILE);
    if writer.is_finished() {
        return Err("it did not wait for the user".into());
    }
    watch.expect_programmed()?;
    child.kill()?;
    writer.join().map_err(|_| "the writer panicked")??;
    watch.expect_clean()
}

/// The device can be used again.
fn back(watch: &mut Watch<'_>) -> Outcome {
    rebind(watch.address(), OURS)?;
    drop(watch.programmed()?);
    Ok(())
}
