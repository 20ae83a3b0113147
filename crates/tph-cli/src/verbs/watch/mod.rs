//! `tph watch PLAN`

mod say;
mod wake;

use std::path::PathBuf;

use clap::Args;
use tph::{StIndex, StMode, TagSource};
use vfio_tph::{Comparison, Drift, Enabled, EventFd, Seen};

use super::apply::read;
use super::opened::{Carrier, Opened};
use super::plan::PlaceArgs;
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::report::VerifyReport;
use crate::source::{self, Source};
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
}

pub(crate) fn watch(args: &WatchArgs, json: bool) -> Result<(), Failure> {
    let file = read(&args.plan)?;
    let place = &args.place;
    if place.sysroot.is_some() && !args.report_only {
        let reason = "a saved host has no devices to open: add --report-only".to_owned();
        return Err(Failure::Usage(reason));
    }
    let watch = Watch { args, file, json };
    let address = match &place.emulated {
        None => Some(source::find(&source::host(place.sysroot.as_ref()), &watch.file.device)?),
        Some(_) => None,
    };
    let mut waiter = Waiter::new(address)?;
    if args.report_only {
        return watch.report(&mut waiter);
    }
    while watch.hold(&mut waiter)? {
        // The kernel has the device. It is taken again when it is bound again.
        loop {
            match waiter.wait(None)? {
                Wake::End => return Ok(()),
                Wake::Event(_) if watch.is_bound() => break,
                _ => {}
            }
        }
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

    /// Compares until it is to end, and changes nothing.
    fn report(&self, waiter: &mut Waiter) -> Result<(), Failure> {
        let source = Source::open(&self.args.place.source())?;
        let see = || source.see(&self.file.device, self.args.pid);
        let mut last = None;
        self.compare("the start", true, &mut last, see)?;
        loop {
            match waiter.wait(None)? {
                Wake::End => return Ok(()),
                Wake::Asked => self.compare("SIGHUP", true, &mut last, see)?,
                Wake::Event(event) => self.compare(&event, false, &mut last, see)?,
                Wake::GiveBack => continue,
            };
        }
    }

    /// Has the plan on the device until it is to end, or, with `true`, until the kernel wants it.
    fn hold(&self, waiter: &mut Waiter) -> Result<bool, Failure> {
        let batch = self.file.batch();
        let indices: Vec<_> = batch.iter().map(|(index, _)| *index).collect();
        let opened = Opened::open(&self.file.device, self.args.place.emulated.as_ref(), &indices)?;
        let request = EventFd::new(0)?;
        let wanted =
            if opened.signal_request(&request)? { Some(stream_of(&request)?) } else { None };
        let mut tph = Some(self.put_on(&opened, &batch)?);
        let name = opened.tph().name().to_owned();
        Event::Applied { device: &name }.say(self.json)?;
        let see = || opened.see(self.args.pid);
        let mut last = None;
        let mut cause = "the start".to_owned();
        let mut always = true;
        let (wanted_back, cause) = loop {
            let comparison = self.compare(&cause, always, &mut last, see)?;
            if comparison.drifts.iter().any(is_of_the_table) {
                // All or nothing: what cannot be put on again now is tried again at the next event.
                let off = tph.take().map_or(Ok(()), Enabled::disable);
                let again = off.map_err(Failure::from).and_then(|()| self.put_on(&opened, &batch));
                let (device, what) = (name.as_str(), "mode and entries");
                match again {
                    Ok(on) => {
                        tph = Some(on);
                        Event::Repaired { device, what }.say(self.json)?;
                    }
                    Err(error) => {
                        let why = error.to_string();
                        Event::NotRepaired { device, what, why }.say(self.json)?;
                    }
                }
            }
            self.repair_interrupts(&name, &comparison)?;
            (cause, always) = match waiter.wait(wanted.as_ref())? {
                Wake::End => break (false, "a signal"),
                Wake::GiveBack => break (true, "the kernel's request"),
                Wake::Asked => ("SIGHUP".to_owned(), true),
                Wake::Event(event) => (event, false),
            };
        };
        // Ends the thread that waits for it.
        let _ = request.write(1);
        tph.map_or(Ok(()), Enabled::disable)?;
        Event::Released { device: &name, cause }.say(self.json)?;
        Ok(wanted_back)
    }

    fn put_on<'a>(
        &self,
        opened: &'a Opened,
        batch: &[(StIndex, TagSource)],
    ) -> Result<Enabled<Carrier<'a>>, Failure> {
        let mut device = opened.tph();
        device.capability()?;
        let mut tph = device.into_enabled(self.mode())?;
        tph.program(batch)?;
        Ok(tph)
    }

    /// Compares, and says how it is: always, or if it is other than `last`.
    fn compare(
        &self,
        cause: &str,
        always: bool,
        last: &mut Option<VerifyReport>,
        see: impl FnOnce() -> Result<Seen, Failure>,
    ) -> Result<Comparison, Failure> {
        let seen = see()?;
        let comparison = self.file.plan(&seen.topology).drift(self.mode(), &seen);
        let plan = self.args.plan.display().to_string();
        let report = VerifyReport::new(self.file.device.clone(), plan, &comparison);
        if always || last.as_ref() != Some(&report) {
            Event::Compared { cause, report: &report }.say(self.json)?;
        }
        *last = Some(report);
        Ok(comparison)
    }

    /// Sends interrupts to the CPUs of the plan.
    fn repair_interrupts(&self, device: &str, comparison: &Comparison) -> Result<(), Failure> {
        for drift in &comparison.drifts {
            let Drift::Interrupt { irq, planned, queue, .. } = drift else { continue };
            let what = format!("queue {queue} interrupts CPU {planned}");
            let path = format!("/proc/irq/{irq}/smp_affinity_list");
            match std::fs::write(&path, planned.to_string()) {
                Ok(()) => Event::Repaired { device, what: &what }.say(self.json)?,
                Err(error) => {
                    let why = format!("{path}: {error}");
                    Event::NotRepaired { device, what: &what, why }.say(self.json)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether programming the device again mends it.
fn is_of_the_table(drift: &Drift) -> bool {
    matches!(
        drift,
        Drift::Off { .. }
            | Drift::OtherMode { .. }
            | Drift::EmptyEntry { .. }
            | Drift::StrayEntry { .. }
            | Drift::EntryCount { .. }
    )
}
