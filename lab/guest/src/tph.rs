//! The command `tph`, run in the guest.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal};
use rustix::process::{kill_process, pidfd_getfd, pidfd_open};
use serde_json::Value;

use crate::{Failure, wait};

/// Where it is.
pub const TPH: &str = "/bin/tph";
/// How long it may take for anything: a guest on a busy machine is slow.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs it to its end: the code that it exits with, and its answer or its error.
///
/// # Errors
/// If it cannot be started, is killed, or answers no JSON.
pub fn answer(words: &[&str]) -> Result<(i32, Value), Failure> {
    let Output { status, stdout, stderr } = Command::new(TPH).args(words).arg("--json").output()?;
    let said = if stdout.is_empty() { stderr } else { stdout };
    let code = status.code().ok_or_else(|| format!("tph {words:?}: {status}"))?;
    Ok((code, serde_json::from_slice(&said)?))
}

/// The command while it runs, telling of events. It is killed when this is dropped.
#[derive(Debug)]
pub struct Tph {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Tph {
    /// Starts it as `command` says.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut child = command.arg("--json").stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("no pipe")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Nobody listens any more when the test has failed.
                let _ = sender.send(line);
            }
        });
        Ok(Self { child, lines, heard: Vec::new() })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing that it says, within `limit`.
    ///
    /// # Errors
    /// If it ends or does not speak JSON.
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<Value>, Failure> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => {
                self.heard.push(line);
                Ok(Some(serde_json::from_str(self.heard.last().map_or("", String::as_str))?))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("it ended ({}); it said {:?}", self.child.wait()?, self.heard).into())
            }
        }
    }

    /// Waits for an event of this kind for which `wanted` holds, whatever else it says before.
    ///
    /// # Errors
    /// If there is none, with what it said instead.
    pub fn until(
        &mut self,
        event: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        self.until_one_of(&[event], wanted)
    }

    /// As [`Self::until`], for the first event that has one of these kinds.
    ///
    /// # Errors
    /// As there.
    pub fn until_one_of(
        &mut self,
        events: &[&str],
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let began = Instant::now();
        while let Some(said) = self.next_within(LIMIT.saturating_sub(began.elapsed()))? {
            if events.iter().any(|event| said["event"] == *event) && wanted(&said) {
                return Ok(said);
            }
        }
        Err(format!("no such {events:?}; it said {:?}", self.heard).into())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// If it is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Failure> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Ends it with SIGTERM; what it says then.
    ///
    /// # Errors
    /// If it does not end, or not with 0.
    pub fn end(mut self) -> Result<Vec<Value>, Failure> {
        self.signal(Signal::TERM)?;
        let code = self.exit_code()?;
        let rest: Vec<String> = self.lines.iter().collect();
        if code != Some(0) {
            return Err(format!("it ended: {code:?}; it said {:?}, {rest:?}", self.heard).into());
        }
        rest.iter().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Waits until it has ended: the code that it exited with, if it was not killed.
    ///
    /// # Errors
    /// If it does not end.
    pub fn exit_code(&mut self) -> Result<Option<i32>, Failure> {
        wait::until("end of the command", LIMIT, || Ok(self.child.try_wait()?.is_some()))?;
        Ok(self.child.wait()?.code())
    }

    /// How often its threads went to sleep so far: each time they were awake in between.
    ///
    /// # Errors
    /// If it is gone.
    pub fn sleeps(&self) -> Result<u64, Failure> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let status = fs::read_to_string(task?.path().join("status"))?;
            let field =
                |line: &str| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse().ok();
            sum += status.lines().find_map(field).unwrap_or(0_u64);
        }
        Ok(sum)
    }

    /// As [`device_of`].
    ///
    /// # Errors
    /// As there.
    pub fn device(&self) -> Result<OwnedFd, Failure> {
        device_of(self.id())
    }
}

impl Drop for Tph {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A copy of the VFIO device's file that a process has open: what somebody else who has it could do.
///
/// # Errors
/// If it has none.
pub fn device_of(process: u32) -> Result<OwnedFd, Failure> {
    let is_device = |target: &str| {
        target == "anon_inode:[vfio-device]" || target.starts_with("/dev/vfio/devices/")
    };
    for file in fs::read_dir(format!("/proc/{process}/fd"))? {
        let file = file?;
        if is_device(&fs::read_link(file.path())?.to_string_lossy()) {
            let number = file.file_name().to_string_lossy().parse()?;
            let pid = Pid::from_raw(process.cast_signed()).ok_or("no process")?;
            let process = pidfd_open(pid, PidfdFlags::empty())?;
            return Ok(pidfd_getfd(process, number, PidfdGetfdFlags::empty())?);
        }
    }
    Err("it has no VFIO device open".into())
}
