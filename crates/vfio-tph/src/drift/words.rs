//! What is said of a drift.

use std::fmt;

use super::{Drift, NotCompared};

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off { driver: Some(driver) } => {
                write!(f, "TPH is off; the device is bound to {driver}")
            }
            Self::Off { driver: None } => f.write_str("TPH is off"),
            Self::OtherMode { found: Some(found), planned } => {
                write!(f, "TPH is on in {found} mode, and the plan is for {planned} mode")
            }
            Self::OtherMode { found: None, planned } => {
                write!(f, "TPH is on in a reserved mode, and the plan is for {planned} mode")
            }
            Self::EmptyEntry { index, cpu } => {
                write!(f, "entry {index} is 0, and should hold the tag of CPU {cpu}")
            }
            Self::StrayEntry { index, bits } => {
                write!(f, "entry {index} holds {bits:#06x}, and the plan has no such entry")
            }
            Self::EntryCount { found, planned } => write!(
                f,
                "{found} {} a tag, and the plan has {planned}",
                if *found == 1 { "entry holds" } else { "entries hold" }
            ),
            Self::CpuNotOnline { cpu, queues } if queues.is_empty() => {
                write!(f, "CPU {cpu} is not online, and an entry has its tag")
            }
            Self::CpuNotOnline { cpu, queues } => {
                write!(f, "CPU {cpu} is not online, and should poll {}", Queues(queues))
            }
            Self::Interrupt { queue, vector, irq, found, planned } => write!(
                f,
                "queue {queue}: vector {vector} (IRQ {irq}) interrupts {} {found}, and the plan is \
                 for CPU {planned}",
                if found.len() == 1 { "CPU" } else { "one of CPUs" }
            ),
            Self::NoVector { queue, vector, vectors } => {
                write!(f, "queue {queue}: vector {vector} is not set up; there are {vectors}")
            }
            Self::NoThread { process, cpu, queues } => write!(
                f,
                "no thread of process {process} is pinned to CPU {cpu}, which should poll {}",
                Queues(queues)
            ),
        }
    }
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { why } => write!(f, "mode and entries: {why}"),
            Self::WhichEntries => {
                f.write_str("which entries hold a tag: only their number is to be seen")
            }
            Self::Entries => f.write_str("the entries: they are not to be seen"),
            Self::Vectors => f.write_str("interrupts: no vector of the device is set up"),
            Self::Interrupt { queue, irq } => {
                write!(f, "the interrupt of queue {queue}: no /proc/irq/{irq}")
            }
        }
    }
}

/// `queue 3`, `queues 3, 5`.
struct Queues<'a>(&'a [u32]);

impl fmt::Display for Queues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.len() == 1 { "queue" } else { "queues" })?;
        for (position, queue) in self.0.iter().enumerate() {
            write!(f, "{} {queue}", if position == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
