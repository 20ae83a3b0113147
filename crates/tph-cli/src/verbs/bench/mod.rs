//! `tph bench DEV`

mod args;
mod emulated;
mod instrument;
mod load;
mod perf;
mod program;
mod report;
mod resctrl;
mod run;
mod samples;
mod steered;
mod switch;
#[cfg(test)]
mod tests;
mod text;
mod toolbox;
mod uncore;

use std::hash::{BuildHasher, RandomState};
use std::process::{ChildStdout, ExitCode};

use vfio_tph::experiment::{Pair, Schedule, Setting, judge};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::verbs::opened::Opened;
use crate::{output, source, words};

pub(crate) use args::BenchArgs;
use load::{Ends, Load};
use program::ProgramSwitch;
pub(crate) use report::Event;
use report::{Finished, PairReport, Setup, word};
use run::{Experiment, Watcher};
use samples::Samples;
use steered::Steered;
use switch::{DeviceSwitch, Switch};
use toolbox::Toolbox;

pub(crate) fn bench(args: &BenchArgs, json: bool) -> Result<ExitCode, Failure> {
    let steered = Steered::of(args)?;
    if args.dry_run {
        return plan(args, &steered, json);
    }
    if args.place.sysroot.is_some() {
        let reason = "a saved host has no devices to open: add --dry-run".to_owned();
        return Err(Failure::Usage(reason));
    }
    let ends = Ends::new()?;
    let opened = open(args, &steered)?;
    opened.as_ref().map_or(Ok(()), |opened| ends.of_device(opened))?;
    let (switch, steered) = switch(args, opened.as_ref(), steered)?;
    args.who.pid.map_or(Ok(()), |process| ends.of_process(process))?;
    let mut toolbox = Toolbox::here(args, &steered, opened.as_ref())?;
    // First, so that what the load writes at once counts.
    let from_file = samples(args)?;
    let load = Load::start(&args.command, args.reads_output(), &ends)?;
    let (_load, out) = load.map_or((None, None), |(load, out)| (Some(load), out));
    let samples = from_file.or_else(|| stream(args, out));
    let strange = samples.as_ref().map(Samples::strange);
    if let Some(samples) = samples {
        toolbox.add(Ok(samples));
    }
    if toolbox.instruments.is_empty() {
        return Err(toolbox.nothing(switch.device()));
    }
    let setup = set_up(switch.device().to_owned(), args, &steered, &toolbox);
    say(json, &Event::Started(&setup))?;
    let (settle, period) = (args.settle(), args.period());
    let mut experiment =
        Experiment { switch, instruments: toolbox.instruments, ends, settle, period };
    let schedule = Schedule::new(args.rounds, setup.seed.into());
    let results = experiment.run(schedule, &mut Live { setup: &setup, json });
    output::live("");
    // Whatever has failed: the device is left as it should be, as far as that can be done.
    let left = experiment.switch.finish();
    let results =
        results.map_err(|failure| with_left(experiment.switch.device(), failure, &left))?;
    let mut finished = Finished::new(&setup, &results, &judge(&results.pairs));
    finished.lines_without_number = strange.map_or(0, |strange| strange());
    finished.not_restored = left.err().map(|failure| failure.to_string());
    say(json, &Event::Finished(&finished))?;
    let whole = finished.ended_early.is_none() && finished.not_restored.is_none();
    let absent = !args.count.is_empty() && !setup.not_here.is_empty();
    let lacks = absent || finished.lacks();
    Ok(if whole && !lacks { Exit::Done } else { Exit::Partly }.into())
}

/// What failed, and whether the device could not be left as it should be.
fn with_left(device: &str, failure: Failure, left: &Result<(), Failure>) -> Failure {
    let Err(left) = left else { return failure };
    let said = |failure: &Failure| {
        let text = failure.to_string();
        text.strip_prefix(&format!("{device}: ")).map(str::to_owned).unwrap_or(text)
    };
    let reason = format!("{}; and steering was not restored: {}", said(&failure), said(left));
    let advice = "See to it that steering is as its driver needs it before you go on.";
    Failure::Switch { device: device.to_owned(), reason, advice }
}

/// Says what would be done. What another process has open is only read, and samples are not opened: of a FIFO nothing is taken away.
fn plan(args: &BenchArgs, steered: &Steered, json: bool) -> Result<ExitCode, Failure> {
    let place = args.place.open()?;
    let device = place.address(&args.device)?.to_string();
    if let (Some(mode), None) = (steered.mode, &args.who.toggle) {
        place.rehearse(&args.device, mode, &steered.batch)?;
    }
    let to_open = args.place.emulated.is_some() || args.who.pid.is_some();
    let to_open = to_open && args.place.sysroot.is_none();
    let opened = to_open.then(|| open(args, steered)).transpose()?.flatten();
    let of_process = match &opened {
        Some(opened @ Opened::Shared { .. }) => Some(DeviceSwitch::share(opened)?.1),
        _ => None,
    };
    let steered = of_process.as_ref().unwrap_or(steered);
    let toolbox = match &args.place.sysroot {
        Some(_) => Toolbox::saved(args, steered, source::host(args.place.sysroot.as_ref())),
        None => Toolbox::here(args, steered, opened.as_ref())?,
    };
    let mut setup = set_up(device, args, steered, &toolbox);
    let samples = args.samples.iter().flat_map(|_| samples::metrics(&args.unit));
    setup.measured.extend(samples);
    say(json, &Event::Planned(&setup))?;
    Ok(Exit::Done.into())
}

/// Opens the device, unless its driver turns steering on and off itself.
fn open(args: &BenchArgs, steered: &Steered) -> Result<Option<Opened>, Failure> {
    match (&args.who.toggle, args.who.pid) {
        (Some(_), _) => Ok(None),
        (None, Some(process)) => Opened::of_process(&args.device, process).map(Some),
        (None, None) => {
            let emulated = args.place.emulated.as_ref();
            Opened::open(&args.device, emulated, &steered.indices()).map(Some)
        }
    }
}

/// Who turns steering on and off, with steering on if it is this command; and what is steered.
fn switch<'a>(
    args: &BenchArgs,
    opened: Option<&'a Opened>,
    steered: Steered,
) -> Result<(Switch<'a>, Steered), Failure> {
    match (opened, steered.mode, &args.who.toggle) {
        (Some(opened @ Opened::Shared { .. }), ..) => {
            let (mut switch, steered) = DeviceSwitch::share(opened)?;
            switch.prove()?;
            Ok((Switch::Device(switch), steered))
        }
        (Some(opened), Some(mode), _) => {
            Ok((Switch::Device(DeviceSwitch::hold(opened, mode, &steered)?), steered))
        }
        (None, _, Some(program)) => {
            let device = source::address(&args.device)?.to_string();
            Ok((Switch::Program(ProgramSwitch::new(device, program.clone())), steered))
        }
        _ => Err(Failure::Usage("say what is steered: --plan, or --map and --mode".into())),
    }
}

/// The latencies that the load measures itself, if it writes them to a file.
fn samples(args: &BenchArgs) -> Result<Option<Samples>, Failure> {
    let path = args.samples.as_ref().filter(|path| path.as_os_str() != "-");
    path.map(|path| Samples::open(path, &args.unit)).transpose()
}

/// The same if they come in the load's output, or in this command's input.
fn stream(args: &BenchArgs, out: Option<ChildStdout>) -> Option<Samples> {
    args.samples.as_ref()?;
    Some(match out {
        Some(out) => Samples::of(out, &args.unit),
        None => Samples::of(std::io::stdin(), &args.unit),
    })
}

fn set_up(device: String, args: &BenchArgs, steered: &Steered, toolbox: &Toolbox<'_>) -> Setup {
    #[expect(clippy::cast_possible_truncation, reason = "half of what chance gives will do")]
    let by_chance = || RandomState::new().hash_one(()) as u32;
    let mut setup = Setup::new(device, args, args.seed.unwrap_or_else(by_chance));
    setup.mode = steered.mode.filter(|_| args.who.toggle.is_none()).map(words::mode);
    setup.cpus = steered.cpus(args).to_string();
    setup.measured = toolbox.instruments.iter().flat_map(|it| it.metrics()).collect();
    setup.not_here.clone_from(&toolbox.absent);
    setup
}

/// Tells how far it is: people in a line of their terminal, others in JSON.
struct Live<'a> {
    setup: &'a Setup,
    json: bool,
}

impl Watcher for Live<'_> {
    fn phase(&mut self, round: usize, setting: Setting) {
        let (of, setting) = (self.setup.rounds, word(setting));
        output::live(&format!("round {round} of {of}, steering {setting}"));
    }

    fn round(&mut self, number: usize, order: [Setting; 2], pairs: &[Pair]) -> Result<(), Failure> {
        let measured = PairReport::all(&self.setup.measured, pairs);
        say(self.json, &Event::Round { number, order: order.map(word), measured })
    }
}

fn say(json: bool, event: &Event<'_>) -> Result<(), Failure> {
    let said = if json { output::json(event) } else { output::print(&text::text(event)) };
    Ok(said?)
}
