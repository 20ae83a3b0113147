//! What `tph bench` is told.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use vfio_tph::CpuSet;

use crate::cli::{MemoryArg, ModeArg, Steering, parse_list, parse_steering};
use crate::verbs::plan::PlaceArgs;

/// The part of a phase that goes by before anything is counted, if not said otherwise.
const SETTLE: u64 = 5;

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The function: its PCI address, its network interface or NVMe controller (eth0, nvme0), or on an
    /// emulated host its name
    #[arg(value_name = "DEV")]
    pub(super) device: String,
    #[command(flatten)]
    pub(super) who: WhoArgs,
    /// Where the tag of a request comes from
    #[arg(long, value_name = "MODE", requires = "map")]
    pub(super) mode: Option<ModeArg>,
    /// The kind of memory that the device writes to
    #[arg(long, value_name = "KIND", default_value = "volatile", conflicts_with = "plan")]
    pub(super) memory: MemoryArg,
    /// How many rounds; steering is on once and off once in each
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rounds: u32,
    /// How long is counted each time, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub(super) period: u64,
    /// How long is waited before, after steering was turned on or off, in milliseconds; by default a
    /// fifth of the period
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub(super) settle: Option<u64>,
    /// In which order steering is on and off in each round: the same number gives the same order
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u32>,
    /// The CPUs on which is counted; by default those that data is steered to
    #[arg(long, value_name = "CPUS", value_parser = parse_list, conflicts_with = "emulated")]
    pub(super) cpus: Option<CpuSet>,
    /// What is counted; by default all that can be. An emulated host has a counter of its own
    #[arg(long, value_name = "WHAT", num_args = 1.., value_delimiter = ',', conflicts_with = "emulated")]
    pub(super) count: Vec<CounterArg>,
    /// Latencies that the load measures itself: a file that grows, a FIFO, or - for the output of COMMAND
    /// (without one, for standard input). Each line is a number
    #[arg(long, value_name = "FILE")]
    pub(super) samples: Option<PathBuf>,
    /// The unit of these numbers
    #[arg(long, value_name = "UNIT", default_value = "ns", requires = "samples")]
    pub(super) unit: String,
    /// Say what would be done and counted, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// The load: a program that runs meanwhile and is ended afterwards
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

/// Who turns steering on and off, and what is steered.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct WhoArgs {
    /// Hold the device, and steer as the file of a plan says
    #[arg(long, value_name = "PLAN", conflicts_with = "map")]
    pub(super) plan: Option<PathBuf>,
    /// Hold the device, and steer these queues: the ST entry of the queue (in interrupt-vector mode its
    /// vector), and the CPU whose cache its data is to go to
    #[arg(long, value_name = "QUEUE=CPU", num_args = 1.., value_delimiter = ',', requires = "mode")]
    #[arg(value_parser = parse_steering)]
    pub(super) map: Vec<Steering>,
    /// Leave the device to this process, which has it open with TPH on: turn TPH off and on there, with
    /// the entries that it has
    #[arg(long, value_name = "PID", conflicts_with_all = ["plan", "map", "mode", "toggle", "emulated", "command"])]
    pub(super) pid: Option<u32>,
    /// Leave the device to its driver, and have this program turn steering on and off: it is called with
    /// `on` or `off`. A plan says on which CPUs is counted then
    #[arg(long, value_name = "PROGRAM", conflicts_with = "emulated")]
    pub(super) toggle: Option<PathBuf>,
}

/// A kind of counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CounterArg {
    /// Instructions, cycles, loads and misses of the last cache, of CPUs (perf events)
    Cpu,
    /// What the memory controllers read and write (perf events)
    Memory,
    /// What the caches of CPUs read from memory, and what of them is in use (resctrl)
    Resctrl,
}

impl BenchArgs {
    pub(super) fn period(&self) -> Duration {
        Duration::from_millis(self.period)
    }

    pub(super) fn settle(&self) -> Duration {
        Duration::from_millis(self.settle.unwrap_or(self.period / SETTLE))
    }

    /// Whether the load's output are latencies.
    pub(super) fn reads_output(&self) -> bool {
        self.samples.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// Whether these counters are wanted.
    pub(super) fn wants(&self, counters: CounterArg) -> bool {
        self.count.is_empty() || self.count.contains(&counters)
    }
}
