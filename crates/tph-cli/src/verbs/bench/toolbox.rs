//! What can be measured here.

use vfio_tph::{CpuSet, Host};

use super::args::{BenchArgs, CounterArg};
use super::emulated::EmulatedLoad;
use super::instrument::{Absent, Instrument};
use super::perf::CpuCounters;
use super::resctrl::Resctrl;
use super::steered::Steered;
use super::uncore::Controllers;
use crate::failure::Failure;
use crate::verbs::opened::Opened;

/// The instruments that there are, and those that there are not.
#[derive(Default)]
pub(super) struct Toolbox<'a> {
    pub(super) instruments: Vec<Box<dyn Instrument + 'a>>,
    pub(super) absent: Vec<Absent>,
}

impl<'a> Toolbox<'a> {
    /// Those of an emulated host, or of this machine.
    pub(super) fn here(
        args: &BenchArgs,
        steered: &Steered,
        opened: Option<&'a Opened>,
    ) -> Result<Self, Failure> {
        let mut toolbox = Self::default();
        if let Some(Opened::Emulated { host, id, device }) = opened {
            let load = EmulatedLoad::open(host, *id, device, &steered.readers)?;
            toolbox.add(load);
            return Ok(toolbox);
        }
        let cpus = steered.cpus(args);
        if args.wants(CounterArg::Cpu) {
            let (counters, absent) = CpuCounters::open(&cpus);
            toolbox.instruments.extend(counters.map(|it| Box::new(it) as Box<dyn Instrument>));
            toolbox.absent.extend(absent);
        }
        if args.wants(CounterArg::Memory) {
            toolbox.add(Controllers::open());
        }
        toolbox.add_resctrl(args, Host::default(), &cpus);
        Ok(toolbox)
    }

    /// Those of a saved host, of which only files are left.
    pub(super) fn saved(args: &BenchArgs, steered: &Steered, host: Host) -> Self {
        let mut toolbox = Self::default();
        if args.wants(CounterArg::Cpu) || args.wants(CounterArg::Memory) {
            toolbox.absent.push(Absent::new("perf-events", "a saved host counts nothing", None));
        }
        toolbox.add_resctrl(args, host, &steered.cpus(args));
        toolbox
    }

    fn add_resctrl(&mut self, args: &BenchArgs, host: Host, cpus: &CpuSet) {
        if args.wants(CounterArg::Resctrl) {
            self.add(Resctrl::open(host, cpus));
        }
    }

    pub(super) fn add(&mut self, found: Result<impl Instrument + 'a, Absent>) {
        match found {
            Ok(instrument) => self.instruments.push(Box::new(instrument)),
            Err(absent) => self.absent.push(absent),
        }
    }

    /// Nothing can be measured: why, and what to do.
    pub(super) fn nothing(&self, device: &str) -> Failure {
        let why = self.absent.iter().map(|absent| format!("{}: {}", absent.what, absent.why));
        let why: Vec<_> = why.collect();
        let next = self.absent.iter().find_map(|absent| absent.next.clone());
        let samples = "Or have the load measure latencies itself: --samples FILE.";
        let advice = next.map_or_else(|| samples.to_owned(), |next| format!("{next} {samples}"));
        Failure::NothingToCount {
            device: device.to_owned(),
            why: why.join("; "),
            advice: Some(advice),
        }
    }
}
