//! `tph watch PLAN`

mod again;
mod process;
mod repair;
mod say;
mod wake;

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use tph::StMode;
use vfio_tph::{Comparison, Enabled, EventFd, Seen};

use super::apply::read;
use super::opened::Opened;
use super::plan::PlaceArgs;
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::report::VerifyReport;
use crate::source;
use again::open_again;
pub(crate) use say::Event;
use wake::{Waiter, Wake, stream_of};

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Leave the device to the driver that has it, and only say what is not as planned
    #[arg(long)]
    report_only: bool,
    /// Compare the threads of this process too; they are never moved
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// What stays the same while it watches.
struct Watch<'a> {
    args: &'a WatchArgs,
    file: PlanFile,
    json: bool,
    /// The process whose threads are compared, until it ends.
    process: Cell<Option<u32>>,
}

pub(crate) fn watch(args: &WatchArgs, json: bool) -> Result<(), Failure> {
    let mut file = read(&args.plan)?;
    let place = &args.place;
    if place.sysroot.is_some() && !args.report_only {
        let reason = "a saved host has no devices to open: add --report-only".to_owned();
        return Err(Failure::Usage(reason));
    }
    // Its other names go when another driver has it.
    let address = place.open()?.address(&file.device)?;
    file.device = address.to_string();
    let watch = Watch { args, file, json, process: Cell::new(args.pid) };
    let address = place.emulated.is_none().then_some(address);
    let here = args.pid.filter(|_| place.sysroot.is_none());
    let mut waiter = Waiter::new(address, here)?;
    if args.report_only {
        return watch.report(&mut waiter);
    }
    let mut opened = watch.open()?;
    let mut again = false;
    while watch.hold(&opened, again, &mut waiter)? {
        // The kernel waits for the device to be closed. It is taken again when it is bound again.
        drop(opened);
        let found = open_again(
            |pause| watch.wait(&mut waiter, None, pause),
            || watch.is_bound(),
            || watch.open(),
            |error| watch.not_repaired("opening it again", &error),
        )?;
        let Some(found) = found else { break };
        (opened, again) = (found, true);
    }
    Ok(())
}

impl Watch<'_> {
    fn mode(&self) -> StMode {
        self.file.mode.into()
    }

    fn is_bound(&self) -> bool {
        let address = source::address(&self.file.device).ok();
        address.is_some_and(|address| vfio_tph::Host::default().table_state(address).is_some())
    }

    fn open(&self) -> Result<Opened, Failure> {
        let indices: Vec<_> = self.file.batch().iter().map(|(index, _)| *index).collect();
        Opened::open(&self.file.device, self.args.place.emulated.as_ref(), &indices)
    }

    /// Compares until it is to end, and changes nothing.
    fn report(&self, waiter: &mut Waiter) -> Result<(), Failure> {
        let place = self.args.place.open()?;
        let look = |process| place.see(&self.file.device, process);
        let see = || self.see(look);
        let mut last = None;
        self.compare("the start", true, &mut last, Ok(look(self.args.pid)?))?;
        loop {
            match self.wait(waiter, None, None)? {
                Wake::End => return Ok(()),
                Wake::Asked => self.compare("SIGHUP", true, &mut last, see())?,
                Wake::Event(event) => self.compare(&event, false, &mut last, see())?,
                // Of a device that is not held, and of a wait without an end.
                Wake::GiveBack | Wake::Pause => continue,
            };
        }
    }

    /// Has the plan on the device until it is to end, or, with `true`, until the kernel wants it.
    /// What goes wrong ends the watch only at its start, not when the device is taken `again`.
    fn hold(&self, opened: &Opened, again: bool, waiter: &mut Waiter) -> Result<bool, Failure> {
        let request = EventFd::new(0)?;
        let wanted = match opened.signal_request(&request) {
            Ok(can_be) => can_be.then(|| stream_of(&request)).transpose()?,
            Err(error) if again => {
                // It is closed and waited for as if it had been asked back.
                self.not_repaired("opening it again", &error)?;
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let name = opened.tph().name().to_owned();
        let mut tph = match self.put_on(opened, &[]) {
            Ok(on) => {
                Event::Applied { device: &name }.say(self.json)?;
                Some(on)
            }
            // The comparison finds TPH off: it is tried once more, and said if that fails too.
            Err(_) if again => None,
            Err(error) => return Err(error),
        };
        let look = |process| opened.see(process);
        let see = || self.see(look);
        let mut last = None;
        let mut cause = "the start".to_owned();
        let mut always = true;
        let mut seen = if again { see() } else { Ok(look(self.args.pid)?) };
        let (wanted_back, cause) = loop {
            if let Some(comparison) = self.compare(&cause, always, &mut last, seen)? {
                self.repair(opened, &mut tph, &comparison)?;
            }
            (cause, always) = match self.wait(waiter, wanted.as_ref(), None)? {
                Wake::End => break (false, "a signal"),
                Wake::GiveBack => break (true, "the kernel's request"),
                Wake::Asked => ("SIGHUP".to_owned(), true),
                Wake::Event(event) => (event, false),
                Wake::Pause => ("a pause".to_owned(), false),
            };
            seen = see();
        };
        // Ends the thread that waits for it.
        let _ = request.write(1);
        match tph.map_or(Ok(()), Enabled::disable) {
            Ok(()) => Event::Released { device: &name, cause }.say(self.json)?,
            // A card that was pulled answers nothing; one in its place is waited for.
            Err(error) if wanted_back => self.not_repaired("turning TPH off", &error.into())?,
            Err(error) => return Err(error.into()),
        }
        Ok(wanted_back)
    }

    /// Compares what is seen, and says how it is: always, or if it is other than `last`. `None` if
    /// nothing can be seen, which is said.
    fn compare(
        &self,
        cause: &str,
        always: bool,
        last: &mut Option<VerifyReport>,
        seen: Result<Seen, Failure>,
    ) -> Result<Option<Comparison>, Failure> {
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => {
                *last = None;
                self.not_repaired(&format!("comparing after {cause}"), &error)?;
                return Ok(None);
            }
        };
        let comparison = self.file.plan(&seen.topology).drift(self.mode(), &seen);
        let plan = self.args.plan.display().to_string();
        let report = VerifyReport::new(self.file.device.clone(), plan, &comparison);
        if always || last.as_ref() != Some(&report) {
            Event::Compared { cause, report: &report }.say(self.json)?;
        }
        *last = Some(report);
        Ok(Some(comparison))
    }

    /// Says what did not work, and that it goes on.
    fn not_repaired(&self, what: &str, why: &Failure) -> Result<(), Failure> {
        let why = why.to_string();
        Event::NotRepaired { device: &self.file.device, what, why }.say(self.json)
    }
}
