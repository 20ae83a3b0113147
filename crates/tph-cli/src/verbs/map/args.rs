//! What `tph map` is told.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{SourceArgs, Steering, parse_steering};

#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    /// The function whose queues are drawn: its PCI address, its network interface or NVMe controller
    /// (eth0, nvme0), or on an emulated host its name
    #[arg(value_name = "DEV")]
    pub(crate) device: Option<String>,
    /// Queues of DEV, each with the CPU that polls it: draws where their data lands
    #[arg(long = "queue", value_name = "QUEUE=CPU", num_args = 1.., value_delimiter = ',')]
    #[arg(value_parser = parse_steering, requires = "device")]
    pub(crate) queues: Vec<Steering>,
    /// Draw where a plan has the data of its queues land; DEV is that of the plan
    #[arg(long, value_name = "FILE", conflicts_with = "queues")]
    pub(crate) plan: Option<PathBuf>,
    /// Draw functions without TPH too
    #[arg(long, short)]
    pub(crate) all: bool,
    /// Draw into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}
