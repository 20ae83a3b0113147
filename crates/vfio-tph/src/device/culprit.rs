//! Which entry of a batch it was that was refused.
//!
//! The interface answers a batch with one number. A server checks the entries in their order, answers
//! for the first that cannot be done, and changes nothing before all of them were checked
//! (docs/abi.md). So a part of the batch with an entry behind it that is always refused changes
//! nothing, and its answer says whether the refusal lies in that part.
//!
//! That holds for our module. A driver of the kernel series promises no such order and may have written
//! what comes before the entry that it refuses, so none is asked about parts of a batch to program.
//! Asking for tags writes nothing, whoever answers.

use tph::{BatchLen, CpuId, Entry, MemoryType, StIndex, TagSource};
use tph_abi::{Errno, Operation, Transport};

use crate::{Cause, Interface, TphDevice};

/// No table has it: always `ENXIO`.
const NO_ENTRY: Entry = Entry { index: StIndex(u16::MAX), source: TagSource::Clear };
/// No host has it: always `EINVAL`. (The next number is not a CPU's, it clears.)
const NO_CPU: CpuId = CpuId(u32::MAX - 1);

impl<T: Transport> TphDevice<T> {
    /// Why `SET_ST` refused a batch, which is part of a longer one from position `first` on.
    pub(super) fn why_not_programmed(
        &mut self,
        batch: &[(StIndex, TagSource)],
        first: usize,
        errno: Errno,
    ) -> Option<Cause> {
        match errno {
            Errno::ENXIO => {
                let entries = tph_abi::client::capability(&mut self.transport).ok()?.table_entries;
                let outside = batch.iter().position(|(index, _)| index.0 >= entries);
                if let Some(at) = outside {
                    let (position, index) = (first + at, batch[at].0);
                    return Some(Cause::IndexOutsideTable { position, index, entries });
                }
                let at = self.refused_entry(batch, errno)?;
                Some(Cause::VectorNotSetUp { position: first + at, index: batch[at].0 })
            }
            Errno::EINVAL | Errno::ENODATA => {
                let at = self.refused_entry(batch, errno)?;
                let TagSource::Cpu { cpu, memory } = batch[at].1 else { return None };
                cause_of_cpu(first + at, cpu, memory, errno)
            }
            _ => None,
        }
    }

    /// Why `GET_ST` refused CPUs, which are part of a longer list from position `first` on.
    pub(super) fn why_no_tags(
        &mut self,
        wanted: &[(CpuId, MemoryType)],
        first: usize,
        errno: Errno,
    ) -> Option<Cause> {
        if errno != Errno::EINVAL && errno != Errno::ENODATA {
            return None;
        }
        let at = first_refused(wanted.len(), |part| match self.ask_tags(&wanted[part]) {
            Ok(_) => Some(false),
            Err(answer) => (answer == errno).then_some(true),
        })?;
        // The first one is refused also where all are, because TPH is off: EINVAL is about it only if
        // others before it were answered.
        let (cpu, memory) = wanted[at];
        (first + at > 0 || errno == Errno::ENODATA)
            .then(|| cause_of_cpu(first + at, cpu, memory, errno))
            .flatten()
    }

    /// `None` also where asking could change something.
    fn refused_entry(&mut self, batch: &[(StIndex, TagSource)], errno: Errno) -> Option<usize> {
        if self.served().ok()? != Interface::Module {
            return None;
        }
        let (last, otherwise) = match errno {
            Errno::ENXIO => {
                let source = TagSource::Cpu { cpu: NO_CPU, memory: MemoryType::Volatile };
                (Entry { index: batch.first()?.0, source }, Errno::EINVAL)
            }
            _ => (NO_ENTRY, Errno::ENXIO),
        };
        let mut is_refused = |part: std::ops::Range<usize>| {
            let count = part.len() + 1;
            let entries = batch[part].iter().map(|&(index, source)| Entry { index, source });
            let entries = entries.chain([last]);
            match self.call(Operation::SetSt, count, entries, |_| ()) {
                Err(answer) if answer == errno => Some(true),
                Err(answer) if answer == otherwise => Some(false),
                _ => None,
            }
        };
        match (is_refused(0..0)?, errno) {
            (false, _) => first_refused(batch.len(), is_refused),
            (true, Errno::ENXIO) => Some(0), // Its vector is that of the first entry.
            (true, _) => None,               // Nothing is taken now, whatever the entry.
        }
    }
}

fn cause_of_cpu(position: usize, cpu: CpuId, memory: MemoryType, errno: Errno) -> Option<Cause> {
    match errno {
        Errno::EINVAL => Some(Cause::CpuNotUsable { position, cpu }),
        Errno::ENODATA => Some(Cause::NoTag { position, cpu, memory }),
        _ => None,
    }
}

/// The position of the first of `length` entries that is refused, of which one is. `is_refused` tells
/// whether one of a part is, as far as that can be told. `None` if it is not refused any more.
fn first_refused(
    length: usize,
    mut is_refused: impl FnMut(std::ops::Range<usize>) -> Option<bool>,
) -> Option<usize> {
    let (mut fine, mut refused) = (0, length.min(BatchLen::MAX as usize));
    while refused - fine > 1 {
        let middle = usize::midpoint(fine, refused);
        if is_refused(0..middle)? {
            refused = middle;
        } else {
            fine = middle;
        }
    }
    is_refused(fine..refused)?.then_some(fine)
}
