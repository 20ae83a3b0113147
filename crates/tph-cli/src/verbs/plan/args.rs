//! What `tph plan` is told.

use std::path::PathBuf;

use clap::Args;
use vfio_tph::CpuSet;

use crate::cli::{MemoryArg, ModeArg, Steering, parse_list, parse_steering};
use crate::failure::Failure;
use crate::source::Place;
use crate::words::shell;

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The function: its PCI address, its network interface or NVMe controller (eth0, nvme0), or on an
    /// emulated host its name
    #[arg(value_name = "DEV")]
    pub(super) device: String,
    #[command(flatten)]
    pub(super) queues: QueueArgs,
    /// CPUs for --queues, as many or fewer: the first queue gets the first, and so on, over and over
    #[arg(long, value_name = "CPUS", requires = "range", value_parser = parse_list)]
    pub(super) cpus: Option<CpuSet>,
    /// For --irqs: the vector of queue 0
    #[arg(long, value_name = "VECTOR", default_value_t = 0, requires = "irqs")]
    pub(super) first_vector: u16,
    /// For --pid: only threads whose name starts so
    #[arg(long, value_name = "PREFIX", requires = "pid")]
    pub(super) threads: Option<String>,
    /// Where the tag of a request comes from; by default device-specific if the device can, else
    /// interrupt-vector
    #[arg(long, value_name = "MODE")]
    pub(super) mode: Option<ModeArg>,
    /// The device leaves no choice: queue N uses ST entry N. In interrupt-vector mode that is so
    /// anyway, by the vector of the queue
    #[arg(long)]
    pub(super) tied: bool,
    /// The kind of memory that the device writes to
    #[arg(long, value_name = "KIND", default_value = "volatile", conflicts_with = "from")]
    pub(super) memory: MemoryArg,
    /// Write the plan to a file, for `tph apply`
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// Where the queues are read from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct QueueArgs {
    /// Queues, each with the CPU that polls it
    #[arg(long, value_name = "QUEUE=CPU", num_args = 1.., value_delimiter = ',')]
    #[arg(value_parser = parse_steering)]
    pub(super) queue: Vec<Steering>,
    /// Queues such as 0-15, with --cpus
    #[arg(long = "queues", id = "range", value_name = "QUEUES", value_parser = parse_list)]
    pub(super) range: Option<CpuSet>,
    /// A queue for each MSI or MSI-X vector that is set up, with the CPU that it interrupts
    #[arg(long)]
    pub(super) irqs: bool,
    /// A queue for each thread of a process that is pinned to one CPU
    #[arg(long, value_name = "PID")]
    pub(super) pid: Option<u32>,
    /// The queues of a plan, or of a file that has only queues
    #[arg(long, value_name = "FILE")]
    pub(super) from: Option<PathBuf>,
}

/// Where to look; this machine if nothing is said.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PlaceArgs {
    /// Look at an emulated host: that of the demonstration, or one from a profile
    #[arg(long, value_name = "PROFILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not given, given without a value, given with one")]
    pub(crate) emulated: Option<Option<PathBuf>>,
    /// Look at the files of a saved host: its /sys in DIR/sys, its /proc in DIR/proc
    #[arg(long, value_name = "DIR")]
    pub(crate) sysroot: Option<PathBuf>,
}

impl PlaceArgs {
    /// The option as it was written, behind a space; nothing for this machine.
    pub(super) fn option(&self) -> String {
        match (&self.emulated, &self.sysroot) {
            (Some(Some(profile)), _) => {
                format!(" --emulated={}", shell(&profile.display().to_string()))
            }
            (Some(None), _) => " --emulated".into(),
            (None, Some(folder)) => format!(" --sysroot {}", shell(&folder.display().to_string())),
            (None, None) => String::new(),
        }
    }

    /// The host that is looked at.
    pub(crate) fn open(&self) -> Result<Place, Failure> {
        Place::open(self.emulated.as_ref(), self.sysroot.as_ref())
    }
}
