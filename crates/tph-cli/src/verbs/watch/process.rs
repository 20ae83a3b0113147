//! The process whose threads are compared. When it ends the device is watched on without it: its table and
//! its interrupts are still those of the plan.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use vfio_tph::{Error, Seen};

use super::{Event, Waiter, Wake, Watch};
use crate::failure::Failure;
use crate::verbs::is_gone;

impl Watch<'_> {
    /// What there is to see, with the threads of the process; without them once it has ended.
    pub(super) fn see(
        &self,
        look: impl Fn(Option<u32>) -> Result<Seen, Failure>,
    ) -> Result<Seen, Failure> {
        match look(self.process.get()) {
            Err(Failure::Library(Error::Process { source, .. })) if is_gone(&source) => {
                self.process_ended()?;
                look(None)
            }
            seen => seen,
        }
    }

    /// Waits as [`Waiter::wait`] does. The end of the process is said, and is an event like others.
    pub(super) fn wait(
        &self,
        waiter: &mut Waiter,
        request: Option<&UnixStream>,
        pause: Option<Duration>,
    ) -> Result<Wake, Failure> {
        waiter.wait(request, pause, || self.process_ended())
    }

    /// Says it, once.
    fn process_ended(&self) -> Result<(), Failure> {
        let Some(process) = self.process.take() else { return Ok(()) };
        Event::ProcessEnded { device: &self.file.device, process }.say(self.json)
    }
}
