//! The counters of CPUs: perf events, on each CPU that polls, of all that runs there.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::Duration;

use perf_event::events::{Cache, CacheId, CacheOp, CacheResult, Event, Hardware};
use perf_event::{Builder, Counter, ReadFormat};
use rustix::io::Errno;
use vfio_tph::CpuSet;

use super::instrument::{Absent, Instrument, Metric};
use crate::failure::Failure;

const SOURCE: &str = "perf events";
/// What the kernel offers on Intel's processors, and not on AMD's since Zen.
const CACHE_EVENTS: [&str; 2] = [Counted::Loads.name(), Counted::Misses.name()];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Instructions,
    Cycles,
    Loads,
    Misses,
}

impl Counted {
    const ALL: [Self; 4] = [Self::Misses, Self::Loads, Self::Instructions, Self::Cycles];

    const fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
            Self::Loads => "LLC-loads",
            Self::Misses => "LLC-load-misses",
        }
    }

    fn open(self, cpu: u32) -> io::Result<Counter> {
        let last_level = |result| Cache { which: CacheId::LL, operation: CacheOp::READ, result };
        match self {
            Self::Instructions => on_cpu(Hardware::INSTRUCTIONS, cpu),
            Self::Cycles => on_cpu(Hardware::CPU_CYCLES, cpu),
            Self::Loads => on_cpu(last_level(CacheResult::ACCESS), cpu),
            Self::Misses => on_cpu(last_level(CacheResult::MISS), cpu),
        }
    }
}

/// A counter of all that happens on a CPU, in user space and in the kernel; it counts already.
pub(super) fn on_cpu(event: impl Event, cpu: u32) -> io::Result<Counter> {
    let cpu = usize::try_from(cpu).map_err(io::Error::other)?;
    let times = ReadFormat::TOTAL_TIME_ENABLED | ReadFormat::TOTAL_TIME_RUNNING;
    let mut builder = Builder::new(event);
    builder.any_pid().one_cpu(cpu).exclude_kernel(false).exclude_hv(false);
    builder.read_format(times).enabled(true).build()
}

/// Why an event cannot be counted, and what to do.
pub(super) fn absent(what: &str, error: &io::Error) -> Absent {
    match error.kind() {
        ErrorKind::PermissionDenied => Absent::new(
            what,
            "this user may not count what happens on a CPU",
            Some("Run as root or with CAP_PERFMON, or set kernel.perf_event_paranoid to 0."),
        ),
        _ if Errno::from_io_error(error) == Some(Errno::MFILE) => Absent::new(
            what,
            "this process may not open that many counters, one for each CPU and event",
            Some("Let it have more files open: ulimit -n 65536. Or name fewer CPUs with --cpus."),
        ),
        // ENOENT, EOPNOTSUPP, ENODEV: a virtual machine often has no PMU.
        _ => {
            let why = format!("this machine does not count it: {error}");
            let of_cache = CACHE_EVENTS.contains(&what);
            Absent::new(
                what,
                why,
                of_cache.then_some("AMD's processors have none: use --count resctrl."),
            )
        }
    }
}

/// Counters that are summed up.
pub(super) struct Sum {
    counters: Vec<Counter>,
    before: Vec<[f64; 3]>,
}

impl Sum {
    pub(super) fn new(counters: Vec<Counter>) -> Self {
        Self { counters, before: Vec::new() }
    }

    fn read(&mut self) -> Vec<[f64; 3]> {
        let seconds = |time: Option<Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a sixteenth digit")]
        let read = |counter: &mut Counter| match counter.read_full() {
            Ok(data) => {
                [data.count() as f64, seconds(data.time_enabled()), seconds(data.time_running())]
            }
            Err(_) => [f64::NAN; 3],
        };
        self.counters.iter_mut().map(read).collect()
    }

    pub(super) fn start(&mut self) {
        self.before = self.read();
    }

    /// What was counted since; where counters took turns, what would have been.
    pub(super) fn counted(&mut self) -> f64 {
        let after = self.read();
        let grown = |(before, after): (&[f64; 3], &[f64; 3])| {
            let [count, enabled, running] = [0, 1, 2].map(|at| after[at] - before[at]);
            if running > 0.0 { count * enabled / running } else { f64::NAN }
        };
        self.before.iter().zip(&after).map(grown).sum()
    }
}

/// The counters of some CPUs.
pub(super) struct CpuCounters {
    sums: BTreeMap<Counted, Sum>,
}

impl CpuCounters {
    /// Those that there are, and those that there are not.
    pub(super) fn open(cpus: &CpuSet) -> (Option<Self>, Vec<Absent>) {
        let (mut sums, mut absent_ones) = (BTreeMap::new(), Vec::new());
        if cpus.is_empty() {
            let next = Some("Name them with --cpus.");
            return (None, vec![Absent::new("CPUs", "nobody says which CPUs read the data", next)]);
        }
        for counted in Counted::ALL {
            match cpus.iter().map(|cpu| counted.open(cpu.0)).collect::<io::Result<Vec<_>>>() {
                Ok(counters) => drop(sums.insert(counted, Sum::new(counters))),
                Err(error) => absent_ones.push(absent(counted.name(), &error)),
            }
        }
        ((!sums.is_empty()).then_some(Self { sums }), absent_ones)
    }

    fn has(&self, wanted: [Counted; 2]) -> bool {
        wanted.iter().all(|counted| self.sums.contains_key(counted))
    }
}

impl Instrument for CpuCounters {
    fn metrics(&self) -> Vec<Metric> {
        let known = Counted::ALL.into_iter().filter(|counted| self.sums.contains_key(counted));
        let mut metrics: Vec<_> =
            known.map(|counted| Metric::new(counted.name(), "per s", SOURCE)).collect();
        if self.has([Counted::Misses, Counted::Loads]) {
            metrics.push(Metric::new("LLC-misses-of-loads", "%", SOURCE));
        }
        if self.has([Counted::Misses, Counted::Instructions]) {
            metrics.push(Metric::new("LLC-misses-of-instructions", "per 1000", SOURCE));
        }
        if self.has([Counted::Instructions, Counted::Cycles]) {
            metrics.push(Metric::new("instructions-per-cycle", "", SOURCE));
        }
        metrics
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.sums.values_mut().for_each(Sum::start);
        Ok(())
    }

    fn stop(&mut self, took: Duration) -> Result<Vec<f64>, Failure> {
        let counts: BTreeMap<_, _> =
            self.sums.iter_mut().map(|(counted, sum)| (*counted, sum.counted())).collect();
        let of = |counted| counts.get(&counted).copied();
        let known = Counted::ALL.into_iter().filter_map(of);
        let mut values: Vec<f64> = known.map(|count| count / took.as_secs_f64()).collect();
        let ratio = |of_what, to_what, times: f64| Some(times * of(of_what)? / of(to_what)?);
        values.extend(ratio(Counted::Misses, Counted::Loads, 100.0));
        values.extend(ratio(Counted::Misses, Counted::Instructions, 1000.0));
        values.extend(ratio(Counted::Instructions, Counted::Cycles, 1.0));
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_event::events::Software;

    #[test]
    fn counters_of_a_cpu_count_what_happens_there_or_say_what_to_do() {
        let clock = match on_cpu(Software::CPU_CLOCK, 0) {
            Ok(clock) => clock,
            Err(error) => {
                let absent = absent("cpu-clock", &error);
                let told = absent.next.is_some();
                assert_eq!(told, error.kind() == ErrorKind::PermissionDenied, "{absent:?}");
                return;
            }
        };
        let mut sum = Sum::new(vec![clock]);
        sum.start();
        std::thread::sleep(Duration::from_millis(20));
        // The clock of a CPU counts nanoseconds.
        let counted = sum.counted();
        assert!(counted > 1e7 && counted < 6e10, "{counted}");
    }

    #[test]
    fn a_cpu_that_is_not_there_is_not_counted_and_no_cpu_is_nothing() {
        assert!(on_cpu(Software::CPU_CLOCK, 0xffff).is_err());
        let (none, absent) = CpuCounters::open(&CpuSet::default());
        assert!(none.is_none() && absent[0].next.is_some());
    }

    #[test]
    fn each_error_has_its_advice() {
        let next = |what, errno: Errno| absent(what, &errno.into()).next;
        let holds = |next: Option<String>, part| next.is_some_and(|next| next.contains(part));
        assert!(holds(next("cycles", Errno::ACCESS), "CAP_PERFMON"));
        assert!(holds(next("cycles", Errno::MFILE), "ulimit -n"));
        assert!(holds(next("LLC-loads", Errno::NOENT), "--count resctrl"));
        assert_eq!(next("cycles", Errno::NOENT), None);
    }

    #[test]
    fn each_metric_has_its_value() {
        let sum = |counter| Sum::new(vec![counter]);
        let Ok(counters) = [(); 4].into_iter().map(|()| on_cpu(Software::CPU_CLOCK, 0)).collect()
        else {
            return;
        };
        let counters: Vec<Counter> = counters;
        let sums: BTreeMap<_, _> =
            Counted::ALL.into_iter().zip(counters.into_iter().map(sum)).collect();
        let mut instrument = CpuCounters { sums };
        instrument.start().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let values = instrument.stop(Duration::from_millis(20)).unwrap();
        assert_eq!(values.len(), instrument.metrics().len());
        // All are the same clock: what is told as a ratio is about 1, 100 % or 1000 of 1000.
        for (value, expected) in values[4..].iter().zip([100.0, 1000.0, 1.0]) {
            assert!((value / expected - 1.0).abs() < 0.5, "{values:?}");
        }
    }
}
