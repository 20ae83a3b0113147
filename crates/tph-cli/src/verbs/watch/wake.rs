//! Waiting: for signals, for the kernel's events, for the kernel to want the device back.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
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
    /// Something happened to CPUs or to the device: in words.
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
}

impl Waiter {
    pub(super) fn new(address: Option<Bdf>) -> Result<Self, Failure> {
        let (end, told) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            pipe::register(signal, told.try_clone()?)?;
        }
        let (asked, told) = UnixStream::pair()?;
        pipe::register(SIGHUP, told)?;
        asked.set_nonblocking(true)?;
        Ok(Self { end, asked, events: Uevents::listen()?, address })
    }

    /// Waits until something of interest happens. `request` is readable when the kernel wants the
    /// device back. `pause`: how long at most.
    pub(super) fn wait(
        &mut self,
        request: Option<&UnixStream>,
        pause: Option<Duration>,
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
            if ready.get(3) == Some(&true) {
                return Ok(Wake::GiveBack);
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
