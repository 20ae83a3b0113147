//! A register that would be written.

use serde::Serialize;
use vfio_tph::{Change, ChangeStep, NewTag, Register};

/// A write to a register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ChangeReport {
    /// `open`, `enable`, `program`.
    pub(crate) step: &'static str,
    /// `control`, `entries`, `vector`.
    pub(crate) register: &'static str,
    /// Where in configuration space; null for a vector, which lies in a BAR.
    pub(crate) offset: Option<u16>,
    /// The first entry in it, or the number of the vector.
    pub(crate) index: Option<u16>,
    pub(crate) old: u32,
    /// Null if a tag in it is known to the firmware only.
    pub(crate) new: Option<u32>,
    /// The entries in it that get a tag.
    pub(crate) tags: Vec<NewTagReport>,
}

/// An entry that gets a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewTagReport {
    pub(crate) index: u16,
    pub(crate) cpu: u32,
    pub(crate) memory: String,
    /// Null if only the firmware knows it.
    pub(crate) bits: Option<u16>,
}

impl From<&Change> for ChangeReport {
    fn from(change: &Change) -> Self {
        let (register, offset, index) = match change.register {
            Register::Control { offset } => ("control", Some(offset), None),
            Register::Entries { offset, first } => ("entries", Some(offset), Some(first)),
            Register::Vector { vector } => ("vector", None, Some(vector)),
            Register::Other { offset } => ("other", Some(offset), None),
            _ => ("other", None, None),
        };
        let known = change.tags.iter().all(|tag| tag.bits.is_some());
        Self {
            step: match change.step {
                ChangeStep::Open => "open",
                ChangeStep::Enable => "enable",
                _ => "program",
            },
            register,
            offset: offset.map(tph::ConfigOffset::get),
            index: index.map(|index| index.0),
            old: change.old,
            new: known.then_some(change.new),
            tags: change.tags.iter().map(NewTagReport::from).collect(),
        }
    }
}

impl From<&NewTag> for NewTagReport {
    fn from(tag: &NewTag) -> Self {
        Self { index: tag.index.0, cpu: tag.cpu.0, memory: tag.memory.to_string(), bits: tag.bits }
    }
}
