//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use tph::{CpuId, MemoryType, StIndex, StMode};
use vfio_tph::CpuSet;

use crate::exit::Exit;
use crate::output::Style;
use crate::style;
use crate::verbs::{ApplyArgs, BenchArgs, MapArgs, PlanArgs, VerifyArgs, WatchArgs};

/// See and steer in which cache a device's writes land (PCIe TLP Processing Hints, TPH)
#[derive(Debug, Parser)]
#[command(name = "tph", version, after_help = Exit::help(), styles = style::HELP)]
pub(crate) struct Cli {
    /// Answer in JSON, errors too: one line for each document
    #[arg(long, short, global = true)]
    json: bool,
    /// Answer in JSON with line breaks and indentation
    #[arg(long, short, global = true)]
    pretty: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// Whether answers are JSON.
    pub(crate) fn json(&self) -> bool {
        self.style() != Style::Text
    }

    /// What answers look like.
    pub(crate) fn style(&self) -> Style {
        match (self.pretty, self.json) {
            (true, _) => Style::PrettyJson,
            (false, true) => Style::Json,
            (false, false) => Style::Text,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Steer eight queues of an emulated NIC to eight CPUs and check every packet
    Demo(DemoArgs),
    /// List the functions that have TPH
    List(ListArgs),
    /// Show every TPH register of a function, decoded
    Show(ShowArgs),
    /// Say why TPH does or does not work for a function, link by link, and what to do
    Explain(ShowArgs),
    /// Draw the host: caches, CPUs, ports, functions, and where the data of queues lands
    Map(MapArgs),
    /// Save what the command reads of this host, for --sysroot elsewhere
    Capture(CaptureArgs),
    /// Give a function to vfio-pci-tph, the driver that lets user space steer it
    Bind(BindArgs),
    /// Give a function back to the driver that had it
    Unbind(BindArgs),
    /// Turn TPH on and keep it on until interrupted
    Hold(HoldArgs),
    /// Say which ST entry gets which CPU, from queues and the CPUs that poll them
    Plan(PlanArgs),
    /// Put a plan on its device, and keep it there until interrupted
    Apply(ApplyArgs),
    /// Compare a plan with the table, interrupts and threads
    Verify(VerifyArgs),
    /// Compare a plan at each event of the kernel, and repair or report
    Watch(WatchArgs),
    /// Turn steering on and off under a load, count, and say whether it makes a difference
    Bench(BenchArgs),
    /// Serve an emulated host to QEMU
    Emulate(EmulateArgs),
    /// Show the dma-bufs of processes, and the tags that travel with them
    Dmabuf(DmabufArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Let the NIC write into an accelerator's memory, with the tags that the accelerator's driver
    /// gave its dma-bufs
    #[arg(long)]
    pub(crate) peer: bool,
    /// Overwrite the tag of this queue behind the driver's back: the demonstration must notice
    #[arg(long, value_name = "QUEUE", hide = true)]
    pub(crate) sabotage: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct DmabufArgs {
    /// The process; every process that holds a dma-buf if none is given
    #[arg(value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Look at a /proc and a /sys below another folder
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// List functions without TPH too
    #[arg(long, short)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The function: its PCI address, its network interface or NVMe controller (eth0, nvme0), or on an
    /// emulated host its name
    #[arg(value_name = "DEV")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BindArgs {
    /// The function: its PCI address, its network interface or NVMe controller (eth0, nvme0)
    #[arg(value_name = "DEV")]
    pub(crate) device: String,
}

#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// The folder to save to; it is made
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Save what is to be seen of a host that was saved before
    #[arg(long, value_name = "DIR")]
    pub(crate) sysroot: Option<PathBuf>,
}

/// Where to look; this machine if nothing is said.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct SourceArgs {
    /// Look at an emulated host: that of the demonstration, or one from a profile
    #[arg(long, value_name = "PROFILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not given, given without a value, given with one")]
    pub(crate) emulated: Option<Option<PathBuf>>,
    /// Look at a saved `lspci -xxxx`
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<PathBuf>,
    /// Look at the files of a saved host: its /sys in DIR/sys, its /proc in DIR/proc
    #[arg(long, value_name = "DIR")]
    pub(crate) sysroot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HoldArgs {
    /// The function: its PCI address, its network interface or NVMe controller (eth0, nvme0), or on an
    /// emulated host its name
    #[arg(value_name = "DEV")]
    pub(crate) device: String,
    /// Where the tag of a request comes from
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: ModeArg,
    /// Which CPU each queue is for: the ST entry of the queue (in interrupt-vector mode its vector),
    /// and the CPU whose cache its data is to go to
    #[arg(long, value_name = "QUEUE=CPU", num_args = 1.., required = true, value_delimiter = ',')]
    #[arg(value_parser = parse_steering)]
    pub(crate) map: Vec<Steering>,
    /// The kind of memory that the device writes to
    #[arg(long, value_name = "KIND", default_value = "volatile")]
    pub(crate) memory: MemoryArg,
    /// Do it on an emulated host: that of the demonstration, or one from a profile
    #[arg(long, value_name = "PROFILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not given, given without a value, given with one")]
    pub(crate) emulated: Option<Option<PathBuf>>,
}

#[derive(Debug, Args)]
pub(crate) struct EmulateArgs {
    /// The profile of the host, or `demo`
    #[arg(value_name = "PROFILE")]
    pub(crate) profile: PathBuf,
    /// Where to make the sockets, one for each function, and the firmware's table
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum ModeArg {
    /// From the ST entry of the request's interrupt vector
    InterruptVector,
    /// From the ST entry that the device chooses
    DeviceSpecific,
}

impl From<ModeArg> for StMode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::InterruptVector => Self::InterruptVector,
            ModeArg::DeviceSpecific => Self::DeviceSpecific,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MemoryArg {
    /// Ordinary memory
    #[default]
    Volatile,
    /// Persistent memory
    Persistent,
}

impl From<MemoryArg> for MemoryType {
    fn from(memory: MemoryArg) -> Self {
        match memory {
            MemoryArg::Volatile => Self::Volatile,
            MemoryArg::Persistent => Self::Persistent,
        }
    }
}

impl From<MemoryType> for MemoryArg {
    fn from(memory: MemoryType) -> Self {
        match memory {
            MemoryType::Volatile => Self::Volatile,
            MemoryType::Persistent => Self::Persistent,
        }
    }
}

impl MemoryArg {
    /// Whether it is the usual kind.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
    pub(crate) fn is_volatile(&self) -> bool {
        *self == Self::Volatile
    }
}

/// One queue and the CPU it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steering {
    pub(crate) index: StIndex,
    pub(crate) cpu: CpuId,
}

pub(crate) fn parse_steering(text: &str) -> Result<Steering, String> {
    let parts = text.split_once('=').ok_or("write it as QUEUE=CPU, such as 0=3")?;
    let index =
        parts.0.parse().map_err(|_| format!("{:?} is no queue: a number from 0 to 65535", parts.0));
    let cpu: u32 =
        parts.1.parse().map_err(|_| format!("{:?} is no CPU: a number such as 3", parts.1))?;
    if cpu == tph_abi::CLEAR_CPU {
        return Err(format!("no CPU has the number {cpu}"));
    }
    Ok(Steering { index: StIndex(index?), cpu: CpuId(cpu) })
}

/// A list of numbers is written as one of CPUs.
pub(crate) fn parse_list(text: &str) -> Result<CpuSet, String> {
    let list = CpuSet::parse(text).filter(|list| !list.is_empty());
    list.ok_or_else(|| "write numbers up to 65535 and ranges, such as 0-3,8".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_map_is_queue_and_cpu() {
        let steering = Steering { index: StIndex(3), cpu: CpuId(12) };
        assert_eq!(parse_steering("3=12"), Ok(steering));
        for (text, message) in [
            ("3", "write it as QUEUE=CPU, such as 0=3"),
            ("x=1", "\"x\" is no queue: a number from 0 to 65535"),
            ("65536=1", "\"65536\" is no queue: a number from 0 to 65535"),
            ("1=", "\"\" is no CPU: a number such as 3"),
            ("1=-2", "\"-2\" is no CPU: a number such as 3"),
            ("1=4294967295", "no CPU has the number 4294967295"),
        ] {
            assert_eq!(parse_steering(text), Err(message.to_owned()), "{text:?}");
        }
    }
}
