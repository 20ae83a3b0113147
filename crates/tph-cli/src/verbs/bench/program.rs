//! A program that turns steering on and off.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use vfio_tph::experiment::Setting;

use super::load::{End, Ends, GRACE};
use crate::failure::Failure;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is looked at whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// It is called with `on` or `off`. When this is dropped with steering in doubt, it is called with `on` once more.
pub(super) struct ProgramSwitch {
    pub(super) device: String,
    program: PathBuf,
    limit: Duration,
    /// It was called since it was last left.
    called: bool,
}

impl ProgramSwitch {
    pub(super) fn new(device: String, program: PathBuf) -> Self {
        Self { device, program, limit: LIMIT, called: false }
    }

    #[cfg(test)]
    pub(super) fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Calls it, and hears meanwhile of the end, if `ends` is given: then it has not long left.
    pub(super) fn set(
        &mut self,
        setting: Setting,
        ends: Option<&Ends>,
    ) -> Result<Option<End>, Failure> {
        self.called = true;
        let word = super::word(setting);
        let mut command = Command::new(&self.program);
        command.arg(word).stdin(Stdio::null()).stdout(Stdio::null());
        // Ctrl-C is for this command, which calls it once more then.
        let reason = match command.process_group(0).spawn() {
            Ok(mut child) => match self.wait(&mut child, ends) {
                Ok(end) => return Ok(end),
                Err(reason) => reason,
            },
            Err(error) => error.to_string(),
        };
        let reason = format!("turning steering {word} with {}: {reason}", self.program.display());
        let advice =
            "It must do it, with `on` or `off` as its only argument, and exit with 0 soon.";
        Err(Failure::Switch { device: self.device.clone(), reason, advice })
    }

    /// Waits until it has ended, or its time is over; then it is killed, and what it started in its group.
    fn wait(&self, child: &mut Child, ends: Option<&Ends>) -> Result<Option<End>, String> {
        let (start, mut limit, mut end) = (Instant::now(), self.limit, None);
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(end),
                Ok(Some(status)) => return Err(status.to_string()),
                Ok(None) if start.elapsed() < limit => {}
                Ok(None) => {
                    kill(child);
                    let late = format!("it took longer than {limit:?}, and was killed");
                    return if end.is_some() { Ok(end) } else { Err(late) };
                }
                Err(error) => {
                    kill(child);
                    return Err(error.to_string());
                }
            }
            match ends.filter(|_| end.is_none()) {
                Some(ends) => {
                    end = ends.wait(LOOK_AGAIN);
                    if end.is_some() {
                        limit = limit.min(start.elapsed() + GRACE);
                    }
                }
                None => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// Leaves steering on.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let outcome = self.set(Setting::On, None).map(drop);
        self.called = false;
        outcome
    }
}

impl Drop for ProgramSwitch {
    fn drop(&mut self) {
        if self.called {
            // Whatever was to be said has been said.
            let _ = self.finish();
        }
    }
}

fn kill(child: &mut Child) {
    // It may have ended; then there is nobody to kill.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}
