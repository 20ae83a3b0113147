//! A dma-buf: a piece of one function's memory that its peers may write to.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tph::DmaBufHint;

use super::{Memory, Packet};
use crate::endpoint::memory::LocalMemory;
use crate::host::FunctionId;

/// Bytes of a BAR: where they start, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarRange {
    /// Where they start in the BAR.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// A dma-buf; it lives as long as a descriptor or a mapping of it.
#[derive(Debug)]
pub(crate) struct Buffer {
    memory: LocalMemory,
    ranges: Vec<BarRange>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The function whose memory it is, `None` once that was closed.
    exporter: Option<FunctionId>,
    /// Whether its memory can be reached now.
    reachable: bool,
    /// How often mappings became invalid.
    moves: u64,
    hint: Option<DmaBufHint>,
}

impl Buffer {
    /// These ranges of the memory of `exporter`, which lie inside of it.
    pub(crate) fn new(
        exporter: FunctionId,
        memory: LocalMemory,
        ranges: Vec<BarRange>,
        reachable: bool,
    ) -> Self {
        let state = State { exporter: Some(exporter), reachable, moves: 0, hint: None };
        Self { memory, ranges, state: Mutex::new(state) }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.ranges.iter().map(|range| range.length).sum()
    }

    /// The function that exported it and was not closed since.
    pub(crate) fn exporter(&self) -> Option<FunctionId> {
        self.lock().exporter
    }

    /// Whether its memory can be reached.
    pub(crate) fn reachable(&self) -> bool {
        self.lock().reachable
    }

    /// What was set for it.
    pub(crate) fn hint(&self) -> Option<DmaBufHint> {
        self.lock().hint
    }

    /// Replaces what was set for it.
    pub(crate) fn set_hint(&self, hint: DmaBufHint) {
        self.lock().hint = Some(hint);
    }

    /// Every mapping becomes invalid; what was set stays.
    pub(crate) fn invalidate(&self) {
        self.lock().moves += 1;
    }

    /// Its memory can be reached from now on, or not any more, which makes its mappings invalid.
    pub(crate) fn follow(&self, reachable: bool) {
        let mut state = self.lock();
        if state.reachable && !reachable {
            state.moves += 1;
        }
        state.reachable = reachable && state.exporter.is_some();
    }

    /// Its function was closed: its memory is out of reach for good.
    pub(crate) fn orphan(&self) {
        self.lock().exporter = None;
        self.follow(false);
    }

    /// Maps it, for as long as nothing makes the mapping invalid; `None` if its memory is out of
    /// reach.
    pub(crate) fn map(self: &Arc<Self>) -> Option<Mapping> {
        let state = *self.lock();
        state.reachable.then(|| Mapping { buffer: Arc::clone(self), moves: state.moves })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A dma-buf as a peer has it mapped.
#[derive(Debug)]
pub(crate) struct Mapping {
    buffer: Arc<Buffer>,
    /// The buffer's `moves` when it was mapped.
    moves: u64,
}

impl Memory for Mapping {
    fn size(&self) -> u64 {
        self.buffer.size()
    }

    fn write(&mut self, offset: u64, data: &[u8], packet: &Packet) -> io::Result<()> {
        let state = *self.buffer.lock();
        if !state.reachable || state.moves != self.moves {
            return Err(io::ErrorKind::NotConnected.into());
        }
        // Ranges are whole pages and a packet crosses no page, so it lies in one of them.
        let mut inside = offset;
        for range in &self.buffer.ranges {
            match inside.checked_sub(range.length) {
                None => return self.buffer.memory.receive(range.offset + inside, data, packet),
                Some(rest) => inside = rest,
            }
        }
        Err(io::ErrorKind::InvalidInput.into())
    }
}
