//! Why exactly a request was refused, where that can be found out.

use std::fmt;

use tph::{CpuId, MemoryType, ModeSet, StIndex, StMode};

/// Why exactly a request was refused. The interface answers a bare number; this is what could be found
/// out beyond it: from the device's capability, or by asking about parts of the batch, which changes
/// nothing. A batch to program is asked about so only where our module answers
/// ([`Interface::Module`](crate::Interface::Module)): a driver of the kernel series may write what comes
/// before the entry that it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The device does not have the mode.
    ModeNotSupported {
        /// The mode that was asked for.
        mode: StMode,
        /// Those that it has and that can be asked for.
        supported: ModeSet,
    },
    /// The device has the mode, so what is in the way is the root port above it, or that the
    /// capability claims a table that cannot be.
    PortOrMalformed,
    /// An entry of the batch names an index that the table does not have.
    IndexOutsideTable {
        /// Where it is in the batch, from 0.
        position: usize,
        /// The index.
        index: StIndex,
        /// How many entries the table has.
        entries: u16,
    },
    /// The MSI-X vector of an entry of the batch is not set up.
    VectorNotSetUp {
        /// Where it is in the batch, from 0.
        position: usize,
        /// The index, which is the vector.
        index: StIndex,
    },
    /// The CPU of an entry of the batch does not exist, is offline, has no ACPI UID, or is not one that
    /// this process may run on. The first CPU of all that tags are asked for is never named so: it is
    /// refused in the same way where TPH is off.
    CpuNotUsable {
        /// Where it is in the batch, from 0.
        position: usize,
        /// The CPU.
        cpu: CpuId,
    },
    /// The firmware names no tag for the CPU of an entry of the batch.
    NoTag {
        /// Where it is in the batch, from 0.
        position: usize,
        /// The CPU.
        cpu: CpuId,
        /// For which memory.
        memory: MemoryType,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModeNotSupported { mode: StMode::NoSt, .. } => {
                f.write_str("no-ST mode cannot be asked for: turn TPH off instead")
            }
            Self::ModeNotSupported { mode, supported } if supported.is_empty() => {
                write!(f, "the device does not have {mode} mode, nor another")
            }
            Self::ModeNotSupported { mode, supported } => {
                let supported: Vec<_> = supported.iter().map(|mode| mode.to_string()).collect();
                write!(f, "the device does not have {mode} mode, only {}", supported.join(", "))
            }
            Self::PortOrMalformed => f.write_str(
                "the device has this mode, so the root port above it takes no hints, or its \
                 capability is malformed",
            ),
            Self::IndexOutsideTable { position, index, entries } => write!(
                f,
                "entry {position} of the batch is for ST entry {index}, and the table has {entries}"
            ),
            Self::VectorNotSetUp { position, index } => write!(
                f,
                "entry {position} of the batch is for ST entry {index}, whose MSI-X vector is not set up"
            ),
            Self::CpuNotUsable { position, cpu } => write!(
                f,
                "entry {position} of the batch is for CPU {cpu}, which does not exist, is offline, has \
                 no ACPI UID, or is not one that this process may run on"
            ),
            Self::NoTag { position, cpu, memory } => write!(
                f,
                "entry {position} of the batch is for CPU {cpu}, and the firmware names no such tag for \
                 its {memory} memory"
            ),
        }
    }
}
