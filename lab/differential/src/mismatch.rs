//! What was found, for whoever has to find out why.

use std::fmt;

use tph::ConfigOffset;
use tph_abi::Errno;

use crate::Step;

/// The first thing that is not equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// How the step ended.
    Outcome {
        /// On the one side.
        module: Result<(), Errno>,
        /// On the other.
        emulated: Result<(), Errno>,
    },
    /// A byte of the request after the step.
    Reply {
        /// Which one.
        at: usize,
        /// On the one side.
        module: u8,
        /// On the other.
        emulated: u8,
    },
    /// A dword of configuration space after the step.
    Register {
        /// Which one.
        offset: ConfigOffset,
        /// On the one side.
        module: u32,
        /// On the other.
        emulated: u32,
    },
    /// The tag of an MSI-X vector after the step.
    Tag {
        /// Which one.
        vector: usize,
        /// On the one side.
        module: u16,
        /// On the other.
        emulated: u16,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = |outcome: &Result<(), Errno>| match outcome {
            Ok(()) => "ok".to_owned(),
            Err(errno) => errno.to_string(),
        };
        match self {
            Self::Outcome { module, emulated } => {
                write!(f, "module {}, emulated host {}", outcome(module), outcome(emulated))
            }
            Self::Reply { at, module, emulated } => {
                write!(
                    f,
                    "byte {at} of the reply: module {module:#04x}, emulated host {emulated:#04x}"
                )
            }
            Self::Tag { vector, module, emulated } => {
                write!(
                    f,
                    "tag of vector {vector}: module {module:#06x}, emulated host {emulated:#06x}"
                )
            }
            Self::Register { offset, module, emulated } => {
                let offset = offset.get();
                write!(
                    f,
                    "register {offset:#x}: module {module:#010x}, emulated host {emulated:#010x}"
                )
            }
        }
    }
}

/// A sequence whose last step shows a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which seed made it.
    pub seed: u64,
    /// Which sequence of the seed.
    pub number: u64,
    /// How many steps it had.
    pub found: usize,
    /// How many sequences were tried to make it shorter; 0 if it did not happen again on devices
    /// that had just been opened.
    pub tries: u32,
    /// The steps that are left, for devices that were just opened.
    pub steps: Vec<Step>,
    /// What is not equal after the last of them.
    pub difference: Difference,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, number, found, tries, steps, difference } = self;
        writeln!(f, "the module and the emulated host differ, seed {seed}, sequence {number}")?;
        match tries {
            0 => writeln!(f, "it did not happen again on devices just opened; what was done:")?,
            _ => writeln!(
                f,
                "after opening, {} of {found} steps show it ({tries} tries):",
                steps.len()
            )?,
        }
        for (at, step) in steps.iter().enumerate() {
            writeln!(f, "  {:2}. {step}", at + 1)?;
        }
        write!(f, "then: {difference}")
    }
}

impl std::error::Error for Mismatch {}
