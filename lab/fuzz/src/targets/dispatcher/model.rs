//! What must be answered, written down as plainly as it can be: no batches, no shadow, no registers.

use tph::{CpuId, MemoryType, RequesterType};
use tph_abi::layout::dma_buf::get;
use tph_abi::layout::{self, Field, cap, ctrl, entry, entry_state, op, st};
use tph_abi::{CLEAR_CPU, Errno, MEMORY_PERSISTENT, MEMORY_VOLATILE, MODE_DS, MODE_IV, Operation};
use tph_abi::{ENTRY_CPU_NOT_PERMITTED, ENTRY_CPU_OFFLINE, ENTRY_IN_USE};
use tph_emu::Profile;

use super::facts::Facts;
use super::{CPUS, Outcome};

pub(super) struct Model {
    pub(super) facts: Facts,
    pub(super) direct_tags: bool,
    /// The CPUs that the caller may run on, a bit each; `None` for all.
    pub(super) pinned: Option<u32>,
    pub(super) sys_nice: bool,
    /// The mode that is on, as on the wire.
    on: Option<u32>,
    /// Of each entry CPU, kind of memory and tag.
    entries: Vec<Option<(u32, u32, u16)>>,
    set_up: Vec<bool>,
    /// What the bytes of the last request must be now.
    pub(super) reply: Vec<u8>,
}

impl Model {
    pub(super) fn new(profile: &Profile) -> Self {
        let facts = Facts::new(profile);
        Self {
            direct_tags: false,
            pinned: None,
            sys_nice: false,
            on: None,
            entries: vec![None; facts.entries.into()],
            set_up: vec![false; facts.vectors.into()],
            reply: Vec::new(),
            facts,
        }
    }

    /// Whether anything is not as after opening.
    pub(super) fn touched(&self) -> bool {
        self.on.is_some() || self.set_up.contains(&true) || self.entries.iter().any(Option::is_some)
    }

    pub(super) fn reopen(&mut self) {
        self.on = None;
        self.set_up.fill(false);
        self.entries.fill(None);
    }

    /// Says whether there is such a vector.
    pub(super) fn set_up_vector(&mut self, vector: u16) -> bool {
        self.set_up.get_mut(usize::from(vector)).map(|set_up| *set_up = true).is_some()
    }

    pub(super) fn free_vectors(&mut self) -> Outcome {
        if self.facts.in_msix {
            self.entries.fill(None);
        }
        let any = self.set_up.contains(&true);
        self.set_up.fill(false);
        if any { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// What the control register holds; `None` without one.
    pub(super) fn control(&self) -> Option<u32> {
        self.facts.modes?;
        let enable = match self.facts.width {
            Some(RequesterType::ExtendedTph) => 3,
            _ => 1,
        };
        Some(self.on.map_or(0, |mode| enable << 8 | mode))
    }

    pub(super) fn tag(&self, index: u16) -> u16 {
        self.entries[usize::from(index)].map_or(0, |(_, _, tag)| tag)
    }

    /// Answers a request of this many bytes; the reply is what the bytes are then.
    pub(super) fn answer(&mut self, request: &[u8]) -> Outcome {
        self.reply.clear();
        self.reply.extend(request);
        let outcome = self.outcome(request);
        if outcome.is_err() {
            self.reply.copy_from_slice(request);
        }
        outcome
    }

    fn outcome(&mut self, bytes: &[u8]) -> Outcome {
        let operation = in_order(bytes)?;
        if operation == Operation::DmaBufGet {
            let width = read(bytes, get::WIDTH, 0);
            let good = get::RESERVED.is_zero(bytes, 0) && (width == 8 || width == 16);
            // Nothing is open here.
            return Err(if good { Errno::EBADF } else { Errno::EINVAL });
        }
        let count = match operation {
            Operation::GetSt | Operation::SetSt | Operation::GetEntries => {
                read(bytes, st::COUNT, layout::BODY)
            }
            _ => 0,
        };
        let mode = read(bytes, ctrl::MODE, layout::BODY);
        if operation == Operation::Enable {
            let known = mode == MODE_IV || mode == MODE_DS;
            if !known || !ctrl::RESERVED.is_zero(bytes, layout::BODY) {
                return Err(Errno::EINVAL);
            }
        }
        reserved(operation, bytes, count)?;
        let modes = self.facts.modes.ok_or(Errno::EOPNOTSUPP)?;
        match operation {
            Operation::GetCap => self.capability(modes),
            Operation::Enable => self.enable(modes, mode)?,
            Operation::Disable => self.on = None,
            Operation::GetSt => self.tags(bytes, count)?,
            Operation::SetSt => self.program(bytes, count)?,
            Operation::GetEntries => self.programmed(bytes, count)?,
            Operation::DmaBufGet => unreachable!("answered before"),
        }
        Ok(())
    }

    fn capability(&mut self, modes: u32) {
        let entries = if self.facts.malformed { 0 } else { self.facts.entries };
        let base = layout::BODY;
        cap::SUPPORTED_MODES.write(&mut self.reply, base, modes);
        cap::RESERVED0.write(&mut self.reply, base, 0);
        cap::ST_TABLE_SZ.write(&mut self.reply, base, entries.into());
        cap::RESERVED.write(&mut self.reply, base, 0);
    }

    fn enable(&mut self, modes: u32, mode: u32) -> Outcome {
        if self.on.is_some() {
            return Err(Errno::EBUSY);
        }
        if self.facts.malformed || modes & mode == 0 {
            return Err(Errno::EINVAL);
        }
        if mode == MODE_DS && self.facts.entries == 0 && !self.direct_tags {
            return Err(Errno::EOPNOTSUPP);
        }
        self.facts.width.ok_or(Errno::EINVAL)?;
        self.on = Some(mode);
        Ok(())
    }

    fn table(&self) -> Outcome {
        match self.facts.entries {
            _ if self.facts.malformed => Err(Errno::EINVAL),
            0 => Err(Errno::EOPNOTSUPP),
            _ => Ok(()),
        }
    }

    fn program(&mut self, bytes: &[u8], count: u32) -> Outcome {
        self.table()?;
        self.on.ok_or(Errno::EINVAL)?;
        for commit in [false, true] {
            for base in places(count) {
                let index = read(bytes, entry::INDEX, base) as usize;
                let there = index < self.entries.len();
                if !there || self.facts.in_msix && !self.set_up[index] {
                    return Err(Errno::ENXIO);
                }
                let cpu = read(bytes, entry::CPU, base);
                let memory = read(bytes, entry::MEM_TYPE, base);
                let new = match cpu {
                    CLEAR_CPU => None,
                    _ => Some((cpu, memory, self.tag_of(cpu, memory)?)),
                };
                if commit {
                    self.entries[index] = new;
                }
            }
        }
        Ok(())
    }

    fn tags(&mut self, bytes: &[u8], count: u32) -> Outcome {
        if self.facts.malformed {
            return Err(Errno::EINVAL);
        }
        if self.facts.entries > 0 || !self.direct_tags {
            return Err(Errno::EOPNOTSUPP);
        }
        if self.on != Some(MODE_DS) {
            return Err(Errno::EINVAL);
        }
        for base in places(count) {
            let tag =
                self.tag_of(read(bytes, entry::CPU, base), read(bytes, entry::MEM_TYPE, base))?;
            entry::ST.write(&mut self.reply, base, tag.into());
        }
        Ok(())
    }

    fn programmed(&mut self, bytes: &[u8], count: u32) -> Outcome {
        self.table()?;
        for base in places(count) {
            let index = read(bytes, entry_state::INDEX, base) as usize;
            let found = *self.entries.get(index).ok_or(Errno::ENXIO)?;
            let (cpu, memory, state) = match found {
                None => (CLEAR_CPU, 0, 0),
                Some((cpu, memory, _)) => match self.reachable(cpu) {
                    Some(true) => (cpu, memory, ENTRY_IN_USE),
                    Some(false) => (cpu, memory, ENTRY_IN_USE | ENTRY_CPU_NOT_PERMITTED),
                    None => (cpu, memory, ENTRY_IN_USE | ENTRY_CPU_OFFLINE),
                },
            };
            entry_state::CPU.write(&mut self.reply, base, cpu);
            entry_state::MEM_TYPE.write(&mut self.reply, base, memory);
            entry_state::STATE.write(&mut self.reply, base, state);
        }
        Ok(())
    }

    /// `None` if the CPU does not run, else whether the caller may steer to it.
    fn reachable(&self, cpu: u32) -> Option<bool> {
        self.facts.cpus.iter().find(|(id, online, _)| *id == cpu && *online)?;
        let inside = self.pinned.is_none_or(|bits| cpu < CPUS && bits >> cpu & 1 != 0);
        Some(inside || self.sys_nice)
    }

    fn tag_of(&self, cpu: u32, memory: u32) -> Result<u16, Errno> {
        if self.reachable(cpu) != Some(true) {
            return Err(Errno::EINVAL);
        }
        if !self.facts.firmware {
            return Err(Errno::ENODEV);
        }
        let known = self.facts.cpus.iter().find(|(id, ..)| CpuId(*id) == CpuId(cpu));
        let (_, _, word) = known.ok_or(Errno::EINVAL)?;
        let memory = match memory {
            MEMORY_VOLATILE => MemoryType::Volatile,
            _ => MemoryType::Persistent,
        };
        let width = self.facts.width.ok_or(Errno::EINVAL)?;
        Ok(word.tag(memory, width).ok_or(Errno::ENODATA)?.entry_bits())
    }
}

fn read(bytes: &[u8], field: Field, base: usize) -> u32 {
    field.read(bytes, base).unwrap_or(0)
}

/// Where the entries of a request start.
fn places(count: u32) -> impl Iterator<Item = usize> {
    (0..count as usize).map(layout::st_size)
}

/// The operation of a request whose size is in order; `EFAULT` for bytes that are not there.
fn in_order(bytes: &[u8]) -> Result<Operation, Errno> {
    const MOST: u32 = tph::BatchLen::MAX;
    let there = |size: usize| if bytes.len() < size { Err(Errno::EFAULT) } else { Ok(()) };
    there(layout::BODY)?;
    let operation = Operation::from_number(read(bytes, op::OP, 0)).ok_or(Errno::EINVAL)?;
    let argsz = read(bytes, op::ARGSZ, 0) as usize;
    let claimed = |size: usize| if argsz < size { Err(Errno::EINVAL) } else { Ok(()) };
    let size = match operation {
        Operation::Disable => layout::BODY,
        Operation::DmaBufGet => get::LAYOUT.size,
        _ => layout::FIXED_SIZE,
    };
    claimed(size)?;
    there(size)?;
    if matches!(operation, Operation::GetSt | Operation::SetSt | Operation::GetEntries) {
        let count = read(bytes, st::COUNT, layout::BODY);
        if !(1..=MOST).contains(&count) {
            return Err(Errno::EINVAL);
        }
        let size = layout::st_size(count as usize);
        claimed(size)?;
        there(size)?;
    }
    Ok(operation)
}

/// Whether what must be 0 is, and kinds of memory exist.
fn reserved(operation: Operation, bytes: &[u8], count: u32) -> Outcome {
    let entry_is_good = |base| {
        if operation == Operation::GetEntries {
            return entry_state::RESERVED.is_zero(bytes, base);
        }
        let memory = read(bytes, entry::MEM_TYPE, base);
        entry::RESERVED0.is_zero(bytes, base)
            && entry::RESERVED1.is_zero(bytes, base)
            && (memory == MEMORY_VOLATILE || memory == MEMORY_PERSISTENT)
    };
    let head = count == 0 || st::RESERVED.is_zero(bytes, layout::BODY);
    if head && places(count).all(entry_is_good) { Ok(()) } else { Err(Errno::EINVAL) }
}
