//! Waiting: for signals, for the kernel's events, for the kernel to want the device back.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use tph::Bdf;
use vfio_tph::{EventFd, Uevents};

use crate::failure::Failure;

/// What ended the waiting.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// It is to end.
    End,
    /// Somebody wants to hear how things are.
    Asked,
    /// The kernel wants the device back.
    GiveBack,
    /// Something happened to CPUs, to the device or to the process: in words.
    Event(String),
    /// Nothing did, for as long as it was to be waited.
    Pause,
}

/// What is waited for. Nothing is looked at in between.
pub(super) struct Waiter {
    end: UnixStream,
    asked: UnixStream,
    events: Uevents,
    /// Whose events are of interest, beside those of CPUs.
    address: Option<Bdf>,
    /// Readable when the process has ended.
    process: Option<OwnedFd>,
}

impl Waiter {
    /// Of what concerns the function at `address`, CPUs, and a `process` of this machine.
    pub(super) fn new(address: Option<Bdf>, process: Option<u32>) -> Result<Self, Failure> {
        let (end, told) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            pipe::register(signal, told.try_clone()?)?;
        }
        let (asked, told) = UnixStream::pair()?;
        pipe::register(SIGHUP, told)?;
        asked.set_nonblocking(true)?;
        // The number of a thread has none. Then its end is found when something else happens.
        let process = process.and_then(|process| Pid::from_raw(process.try_into().ok()?));
        let process = process.and_then(|process| pidfd_open(process, PidfdFlags::empty()).ok());
        Ok(Self { end, asked, events: Uevents::listen()?, address, process })
    }

    /// Waits until something of interest happens. `request` is readable when the kernel wants the
    /// device back. `pause`: how long at most. `ended` is called when the process has ended.
    pub(super) fn wait(
        &mut self,
        request: Option<&UnixStream>,
        pause: Option<Duration>,
        ended: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Wake, Failure> {
        let end = pause.map(|pause| Instant::now() + pause);
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let mut files = vec![
                PollFd::new(&self.end, PollFlags::IN),
                PollFd::new(&self.asked, PollFlags::IN),
                PollFd::new(&self.events, PollFlags::IN),
            ];
            files.extend(request.map(|request| PollFd::new(request, PollFlags::IN)));
            let process = files.len();
            files.extend(self.process.as_ref().map(|file| PollFd::new(file, PollFlags::IN)));
            match poll(&mut files, left.as_ref()) {
                Ok(0) => return Ok(Wake::Pause),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(Failure::Output(error.into())),
            }
            let ready: Vec<bool> = files.iter().map(|file| !file.revents().is_empty()).collect();
            if ready[0] {
                return Ok(Wake::End);
            }
            if request.is_some() && ready[3] {
                return Ok(Wake::GiveBack);
            }
            if ready.get(process) == Some(&true) {
                self.process = None;
                ended()?;
                return Ok(Wake::Event("the end of the process".into()));
            }
            if ready[1] {
                // Several that came together are one.
                let _ = self.asked.read(&mut [0; 64]);
                return Ok(Wake::Asked);
            }
            if let Some(event) = self.event()? {
                return Ok(Wake::Event(event));
            }
        }
    }

    /// All events of interest that have come, in words.
    fn event(&mut self) -> Result<Option<String>, Failure> {
        let mut heard: Vec<String> = Vec::new();
        while let Some(event) = self.events.next()? {
            let text = event.to_string();
            let address = self.address;
            if address.is_some_and(|address| event.concerns(address)) && !heard.contains(&text) {
                heard.push(text);
            }
        }
        Ok((!heard.is_empty()).then(|| heard.join(", ")))
    }
}

/// A stream that is readable once `event` was signalled.
pub(super) fn stream_of(event: &EventFd) -> Result<UnixStream, Failure> {
    let (stream, mut told) = UnixStream::pair()?;
    let event = event.try_clone()?;
    thread::spawn(move || {
        // Nobody listens any more when the device was closed for another reason.
        if event.read().is_ok() {
            let _ = told.write_all(&[1]);
        }
    });
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Option<Duration> = Some(Duration::ZERO);
    const SOON: Option<Duration> = Some(Duration::from_secs(30));

    fn waiter(process: Option<u32>) -> Waiter {
        // No function is there, so that no event of this machine is of interest but those of CPUs.
        Waiter::new(Some("ffff:ff:1f.7".parse().unwrap()), process).unwrap()
    }

    /// For whoever has no process, or one that lives.
    fn nobody() -> Result<(), Failure> {
        panic!("no process has ended")
    }

    #[test]
    fn nothing_happens_for_as_long_as_it_is_waited() {
        assert_eq!(waiter(None).wait(None, NOW, nobody).unwrap(), Wake::Pause);
        assert_eq!(waiter(Some(std::process::id())).wait(None, NOW, nobody).unwrap(), Wake::Pause);
    }

    #[test]
    fn the_kernels_request_wakes_it_and_is_not_used_up() {
        let mut waiter = waiter(None);
        let event = EventFd::new(0).unwrap();
        let request = stream_of(&event).unwrap();
        assert_eq!(waiter.wait(Some(&request), NOW, nobody).unwrap(), Wake::Pause);
        event.write(1).unwrap();
        for _ in 0..2 {
            assert_eq!(waiter.wait(Some(&request), SOON, nobody).unwrap(), Wake::GiveBack);
        }
        assert_eq!(
            waiter.wait(None, NOW, nobody).unwrap(),
            Wake::Pause,
            "who is not asked is not told"
        );
    }

    #[test]
    fn the_end_of_the_process_wakes_it_once() {
        let mut process = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let mut waiter = waiter(Some(process.id()));
        let event = EventFd::new(0).unwrap();
        let request = stream_of(&event).unwrap();
        assert_eq!(waiter.wait(Some(&request), NOW, nobody).unwrap(), Wake::Pause);
        process.kill().unwrap();
        let mut told = false;
        let ended = || {
            told = true;
            Ok(())
        };
        let wake = waiter.wait(Some(&request), SOON, ended).unwrap();
        assert_eq!((wake, told), (Wake::Event("the end of the process".into()), true));
        assert_eq!(waiter.wait(Some(&request), NOW, nobody).unwrap(), Wake::Pause);
        process.wait().unwrap();
        event.write(1).unwrap();
        assert_eq!(waiter.wait(Some(&request), SOON, nobody).unwrap(), Wake::GiveBack);
    }

    #[test]
    fn a_process_that_is_not_there_wakes_nobody() {
        assert_eq!(waiter(Some(u32::MAX)).wait(None, NOW, nobody).unwrap(), Wake::Pause);
        assert_eq!(waiter(Some(0)).wait(None, NOW, nobody).unwrap(), Wake::Pause);
    }
}
