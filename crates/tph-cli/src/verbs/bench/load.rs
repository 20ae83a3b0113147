//! The load, and what ends an experiment early.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, test_kill_process_group,
};
use vfio_tph::{Error, EventFd};

use crate::failure::Failure;
use crate::verbs::opened::{Opened, interrupted};

/// How long a load has to end when it is told to, and a program that turns steering on or off when the end has come.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Why an experiment ended before its time.
#[derive(Debug)]
pub(super) enum End {
    Interrupted,
    /// The program that was the load.
    LoadEnded,
    /// The process that has the device.
    ProcessEnded(u32),
    /// The process had the device, and closed it.
    Closed(u32),
    /// The kernel wants the device back.
    WantedBack,
    /// Steering could not be turned on or off, or something could not be measured.
    Failed(Box<Failure>),
}

impl End {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Interrupted => "it was interrupted".into(),
            Self::LoadEnded => "the load ended".into(),
            Self::ProcessEnded(process) => format!("process {process} ended"),
            Self::Closed(process) => format!("process {process} closed the device"),
            Self::WantedBack => "the kernel wanted the device back".into(),
            Self::Failed(failure) => failure.to_string(),
        }
    }
}

/// Hears of what ends the experiment.
pub(super) struct Ends {
    tell: Sender<End>,
    told: Receiver<End>,
}

impl Ends {
    pub(super) fn new() -> Result<Self, Failure> {
        let (tell, told) = channel();
        let (interrupted, to) = (interrupted()?, tell.clone());
        // Nobody listens any more when it ended for another reason.
        thread::spawn(move || interrupted.recv().map(|()| to.send(End::Interrupted)));
        Ok(Self { tell, told })
    }

    /// Waits so long, or until the end.
    pub(super) fn wait(&self, time: Duration) -> Option<End> {
        self.told.recv_timeout(time).ok()
    }

    /// Ends when the kernel wants the device back.
    pub(super) fn of_device(&self, opened: &Opened) -> Result<(), Failure> {
        let event = EventFd::new(0)?;
        if opened.signal_request(&event)? {
            let tell = self.tell.clone();
            thread::spawn(move || event.read().map(|_| tell.send(End::WantedBack)));
        }
        Ok(())
    }

    /// Ends when the process does.
    pub(super) fn of_process(&self, process: u32) -> Result<(), Failure> {
        let fail = |errno: rustix::io::Errno| Error::Process { process, source: errno.into() };
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
        let file = pid.ok_or(rustix::io::Errno::SRCH);
        let file = file.and_then(|pid| pidfd_open(pid, PidfdFlags::empty())).map_err(fail)?;
        self.when_ended(file, End::ProcessEnded(process));
        Ok(())
    }

    fn when_ended(&self, process: OwnedFd, end: End) {
        let tell = self.tell.clone();
        thread::spawn(move || {
            let mut files = [PollFd::new(&process, PollFlags::IN)];
            while poll(&mut files, None) == Err(rustix::io::Errno::INTR) {}
            tell.send(end)
        });
    }
}

/// A program that runs meanwhile. When this is dropped, it and what it started in its group is told to end.
pub(super) struct Load {
    child: Child,
}

impl Load {
    /// Starts it; `ends` hears when it ends. What it writes is read from the second, if `read` says so; otherwise it goes where
    /// errors go, as answers are this command's.
    pub(super) fn start(
        command: &[OsString],
        read: bool,
        ends: &Ends,
    ) -> Result<Option<(Self, Option<ChildStdout>)>, Failure> {
        let Some((program, arguments)) = command.split_first() else { return Ok(None) };
        let out = if read {
            Stdio::piped()
        } else {
            std::io::stderr().as_fd().try_clone_to_owned()?.into()
        };
        let name = program.to_string_lossy();
        let failed = |error| Failure::Program { program: name.clone().into_owned(), error };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out).process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        let out = child.stdout.take();
        let load = Self { child };
        let file = pidfd_open(Pid::from_child(&load.child), PidfdFlags::empty());
        ends.when_ended(file.map_err(|errno| failed(errno.into()))?, End::LoadEnded);
        Ok(Some((load, out)))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let start = Instant::now();
        // It may have ended; then there is nobody to tell.
        let _ = kill_process_group(group, Signal::TERM);
        // What it started may take longer than itself. Ended or not, it is in the group until it is waited for.
        while self.child.try_wait().is_err() || test_kill_process_group(group).is_ok() {
            if start.elapsed() >= GRACE {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        if test_kill_process_group(group).is_ok() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
