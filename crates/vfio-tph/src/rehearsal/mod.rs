//! What putting a plan on a device would write, found without writing.
//!
//! The rules themselves are run, as the module runs them, over a function whose writes stay here. So a
//! rehearsal cannot differ from what is done later, in order and in number, as long as the device
//! and the host stay as they are.

mod files;
mod stage;

use std::collections::BTreeMap;

use tph::{Batch, BatchLen, ConfigOffset, CpuId, Entry, EntryError, Function, MemoryType};
use tph::{Requester, StIndex, StMode, StTable, TagSource, TphCapability, entry_offset};

use stage::Stage;

/// A register that would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it is written for.
    pub step: ChangeStep,
    /// Which register.
    pub register: Register,
    /// What it holds before.
    pub old: u32,
    /// What it holds after; 0 in the place of a tag that is not known.
    pub new: u32,
    /// The entries in it that get a tag.
    pub tags: Vec<NewTag>,
}

/// What a register is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeStep {
    /// Opening the device: TPH off, every entry 0.
    Open,
    /// Turning TPH on.
    Enable,
    /// Programming the entries; TPH is off in between.
    Program,
}

/// A register of TPH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Register {
    /// The TPH Requester Control register.
    Control {
        /// Where it lies in configuration space.
        offset: ConfigOffset,
    },
    /// A dword with two entries of the table in the capability, the first in its lower half.
    Entries {
        /// Where it lies in configuration space.
        offset: ConfigOffset,
        /// The first.
        first: StIndex,
    },
    /// Bits 31:16 of the control of an MSI-X vector, of which the values are those 16 bits.
    Vector {
        /// Which vector.
        vector: StIndex,
    },
    /// Something else.
    Other {
        /// Where it lies in configuration space.
        offset: ConfigOffset,
    },
}

/// An entry that gets a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NewTag {
    /// Which entry.
    pub index: StIndex,
    /// Whose tag.
    pub cpu: CpuId,
    /// For which kind of memory.
    pub memory: MemoryType,
    /// The tag as the entry holds it; `None` if only the firmware knows.
    pub bits: Option<u16>,
}

/// Whether the function's firmware is asked for tags, or something stands in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    Asked,
    Unknown,
}

/// What opening a function, turning TPH on in `mode` and programming `entries` would write, in the
/// order in which it would be written. Vectors that a table in MSI-X needs count as set up.
///
/// `function` is read and its firmware asked; nothing is written.
///
/// ```
/// use tph_emu::{Caller, Host, Profile};
/// use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource, rehearse};
///
/// # fn main() -> Result<(), tph::Error> {
/// let mut host = Host::new(&Profile::demo());
/// let nic0 = host.function_named("nic0").unwrap();
/// let caller = Caller::anywhere();
/// let source = TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile };
/// let batch = [(StIndex(0), source)];
/// let changes = rehearse(&mut host.view(nic0, &caller), StMode::DeviceSpecific, &batch)?;
/// for change in &changes {
///     println!("{:?}: {:#010x} to {:#010x}", change.register, change.old, change.new);
/// }
/// assert_eq!(changes.iter().flat_map(|change| &change.tags).count(), 1);
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`tph::Error`]: what doing it would be refused with.
pub fn rehearse(
    function: &mut impl Function,
    mode: StMode,
    entries: &[(StIndex, TagSource)],
) -> Result<Vec<Change>, tph::Error> {
    rehearse_with(function, mode, entries, Tags::Asked)
}

fn rehearse_with(
    function: &mut impl Function,
    mode: StMode,
    entries: &[(StIndex, TagSource)],
    tags: Tags,
) -> Result<Vec<Change>, tph::Error> {
    let mut stage = Stage::new(function);
    let mut requester = Requester::probe(&mut stage)?;
    requester.open(&mut stage)?;
    stage.begin(ChangeStep::Enable);
    requester.enable(mode, &mut stage)?;
    stage.begin(ChangeStep::Program);
    if let Some(mut batch) = PlannedBatch::new(entries, &requester)? {
        requester.program(&mut batch, &mut stage)?;
    }
    let written = stage.into_written();
    let Some(capability) = requester.capability() else { return Ok(Vec::new()) };
    let namer = Namer::new(*capability, entries, tags);
    Ok(written.into_iter().map(|write| namer.name(&write)).collect())
}

/// A batch in memory.
struct PlannedBatch<'a> {
    entries: &'a [(StIndex, TagSource)],
    kept: Vec<u16>,
    length: BatchLen,
}

impl<'a> PlannedBatch<'a> {
    /// `None` for no entries at all. More than fit one batch cannot all be inside of a table.
    fn new(
        entries: &'a [(StIndex, TagSource)],
        requester: &Requester,
    ) -> Result<Option<Self>, tph::Error> {
        if entries.is_empty() {
            return Ok(None);
        }
        let length = u32::try_from(entries.len()).ok().and_then(BatchLen::new);
        let length = length.ok_or_else(|| {
            let table = requester.capability().map_or(0, TphCapability::table_entries);
            let position = BatchLen::MAX as usize;
            let error = EntryError::IndexOutOfRange { index: entries[position].0, entries: table };
            tph::Error::Entry { position, error }
        })?;
        Ok(Some(Self { entries, kept: vec![0; entries.len()], length }))
    }
}

impl Batch for PlannedBatch<'_> {
    fn length(&self) -> BatchLen {
        self.length
    }

    fn entry(&self, position: usize) -> Option<Entry> {
        self.entries.get(position).map(|&(index, source)| Entry { index, source })
    }

    fn keep(&mut self, position: usize, bits: u16) {
        if let Some(kept) = self.kept.get_mut(position) {
            *kept = bits;
        }
    }

    fn kept(&self, position: usize) -> u16 {
        self.kept.get(position).copied().unwrap_or(0)
    }
}

/// Says which register a write went to, and which tags it brings.
struct Namer {
    control: Option<ConfigOffset>,
    dwords: BTreeMap<ConfigOffset, StIndex>,
    wanted: BTreeMap<StIndex, (CpuId, MemoryType)>,
    tags: Tags,
}

impl Namer {
    fn new(capability: TphCapability, entries: &[(StIndex, TagSource)], tags: Tags) -> Self {
        let in_capability = match capability.table {
            Ok(StTable::Capability { entries }) => entries,
            _ => 0,
        };
        let dword = |index| Some((entry_offset(capability.offset, StIndex(index))?.0, index));
        let mut wanted = BTreeMap::new();
        for (index, source) in entries {
            match source {
                TagSource::Cpu { cpu, memory } => wanted.insert(*index, (*cpu, *memory)),
                TagSource::Clear => wanted.remove(index),
            };
        }
        Self {
            control: capability.control(),
            dwords: (0..in_capability)
                .step_by(2)
                .filter_map(dword)
                .map(|(offset, index)| (offset, StIndex(index)))
                .collect(),
            wanted,
            tags,
        }
    }

    fn name(&self, write: &stage::Write) -> Change {
        let (register, first, halves) = match write.to {
            stage::Target::Vector(vector) => (Register::Vector { vector }, Some(vector), 1),
            stage::Target::Config(offset) if self.control == Some(offset) => {
                (Register::Control { offset }, None, 0)
            }
            stage::Target::Config(offset) => match self.dwords.get(&offset) {
                Some(first) => (Register::Entries { offset, first: *first }, Some(*first), 2),
                None => (Register::Other { offset }, None, 0),
            },
        };
        let mut new = write.new;
        let mut tags = Vec::new();
        let first = first.filter(|_| write.step == ChangeStep::Program);
        for half in 0..halves {
            let Some(first) = first else { break };
            let index = StIndex(first.0.saturating_add(half));
            let Some((cpu, memory)) = self.wanted.get(&index).copied() else { continue };
            let shift = 16 * u32::from(half);
            let bits = (new >> shift & 0xffff) as u16;
            if self.tags == Tags::Unknown {
                new &= !(0xffff << shift);
            }
            let bits = (self.tags == Tags::Asked).then_some(bits);
            tags.push(NewTag { index, cpu, memory, bits });
        }
        Change { step: write.step, register, old: write.old, new, tags }
    }
}

#[cfg(test)]
mod tests;
