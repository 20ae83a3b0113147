//! Why a request was refused or failed.

use core::fmt;

use crate::{AccessError, Control, CpuId, FirmwareError, Malformed, MemoryType, RequesterType};
use crate::{StIndex, StMode};

/// Why a request was refused or failed as a whole. Unless it is [`Access`](Self::Access), every
/// register is as it was before; [`NotTaken`](Self::NotTaken) leaves the requester off, as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// The function has no TPH Requester capability.
    NoCapability,
    /// The capability claims what cannot be.
    Malformed(Malformed),
    /// The administrator has switched TPH off for the whole host.
    SwitchedOff,
    /// Enabling what is enabled already.
    AlreadyEnabled,
    /// The function cannot be put in this mode.
    ModeNotSupported(StMode),
    /// The driver would handle tags itself, and the administrator has not allowed that.
    DirectTagsNotAllowed,
    /// No root port lies above the function, or it ignores hints.
    NoCompleter,
    /// Not possible while TPH is off.
    NotEnabled,
    /// Not possible in this mode.
    WrongMode(StMode),
    /// There is no ST table to program.
    NoTable,
    /// Tags are not shown to a driver whose device has an ST table: the table takes them.
    TableTakesTags,
    /// One entry of the batch cannot be done, so none was.
    Entry {
        /// Its position in the batch, from 0.
        position: usize,
        /// What is wrong with it.
        error: EntryError,
    },
    /// The function did not take the mode: its control register reads otherwise.
    NotTaken {
        /// What it reads.
        held: Control,
    },
    /// A register could not be reached.
    Access(AccessError),
}

/// Why one entry of a batch cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryError {
    /// The ST table has no such entry.
    IndexOutOfRange {
        /// The index asked for.
        index: StIndex,
        /// How many entries the table has.
        entries: u16,
    },
    /// The MSI-X vector of this entry is not set up.
    VectorNotAllocated(StIndex),
    /// No CPU has this number.
    CpuAbsent(CpuId),
    /// The CPU is offline.
    CpuOffline(CpuId),
    /// No thread of the caller may run on the CPU, and the caller lacks `CAP_SYS_NICE`.
    CpuNotPermitted(CpuId),
    /// Firmware was not able to answer.
    Firmware(FirmwareError),
    /// Firmware answered, but names no tag of this kind for the CPU.
    NoTag {
        /// The CPU.
        cpu: CpuId,
        /// The kind of memory.
        memory: MemoryType,
        /// The width asked for.
        requester: RequesterType,
    },
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapability => f.write_str("the device has no TPH Requester capability"),
            Self::Malformed(why) => write!(f, "the TPH capability is malformed: {why}"),
            Self::SwitchedOff => f.write_str("TPH is switched off on this host"),
            Self::AlreadyEnabled => f.write_str("TPH is enabled already"),
            Self::ModeNotSupported(mode) => write!(f, "the device has no {mode} mode"),
            Self::DirectTagsNotAllowed => {
                f.write_str("device-specific mode without an ST table is not allowed here")
            }
            Self::NoCompleter => f.write_str("the root port takes no processing hints"),
            Self::NotEnabled => f.write_str("TPH is not enabled"),
            Self::WrongMode(mode) => write!(f, "not possible in {mode} mode"),
            Self::NoTable => f.write_str("the device has no ST table"),
            Self::TableTakesTags => f.write_str("tags of this device go into its ST table only"),
            Self::Entry { position, error } => write!(f, "entry {position}: {error}"),
            Self::NotTaken { held } => write!(
                f,
                "the device did not take the mode: its control register reads {:#010x}",
                held.0
            ),
            Self::Access(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutOfRange { index, entries } => {
                write!(f, "index {index} is outside of the ST table of {entries} entries")
            }
            Self::VectorNotAllocated(index) => write!(f, "MSI-X vector {index} is not set up"),
            Self::CpuAbsent(cpu) => write!(f, "there is no CPU {cpu}"),
            Self::CpuOffline(cpu) => write!(f, "CPU {cpu} is offline"),
            Self::CpuNotPermitted(cpu) => write!(f, "the process may not run on CPU {cpu}"),
            Self::Firmware(error) => error.fmt(f),
            Self::NoTag { cpu, memory, requester } => {
                write!(f, "the firmware names no tag for CPU {cpu}, {memory} memory, {requester}")
            }
        }
    }
}

impl core::error::Error for Error {}
impl core::error::Error for EntryError {}
