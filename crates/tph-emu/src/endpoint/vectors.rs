//! MSI-X vectors as the kernel of the host has them: which are set up, and who is told of them.

use tph::{AccessError, StIndex};

use super::{Endpoint, layout};
use crate::interrupt::Interrupt;

impl Endpoint {
    /// Sets who is told when `vector` fires. Says whether there is such a vector.
    pub fn connect(&mut self, vector: StIndex, interrupt: Option<Box<dyn Interrupt>>) -> bool {
        let slot = self.interrupts.get_mut(usize::from(vector.0));
        slot.map(|slot| *slot = interrupt).is_some()
    }

    /// Nobody is told of any vector any more.
    pub fn disconnect_all(&mut self) {
        self.interrupts.fill_with(|| None);
    }

    /// Sets a vector up: the kernel keeps its control dword from now on, with the tag.
    pub(crate) fn set_up_vector(&mut self, vector: StIndex) {
        if let Some(kept) = self.kept_tags.get_mut(usize::from(vector.0)) {
            kept.get_or_insert(0);
        }
    }

    /// Whether the vector is set up.
    pub(crate) fn vector_set_up(&self, vector: StIndex) -> bool {
        self.kept_tags.get(usize::from(vector.0)).is_some_and(Option::is_some)
    }

    /// Frees all vectors: what the kernel keeps of them goes to the table for the last time. Says
    /// whether one was set up.
    pub(crate) fn free_vectors(&mut self) -> bool {
        let any = self.kept_tags.iter().any(Option::is_some);
        self.write_back_tags();
        self.kept_tags.fill(None);
        self.disconnect_all();
        any
    }

    /// Writes the tags that the kernel keeps to the table.
    pub(super) fn write_back_tags(&mut self) {
        for (vector, kept) in (0..).map(StIndex).zip(&self.kept_tags) {
            if let Some(tag) = kept {
                self.msix.set_tag(vector, *tag);
            }
        }
    }

    /// Writes the tag of an MSI-X vector that is set up. While memory accesses are off a tag can only
    /// be taken out of what the kernel keeps.
    ///
    /// # Errors
    /// [`AccessError`] if the table was not reached, or if that was asked for with
    /// [`inject`](Self::inject).
    pub(crate) fn write_msix_tag(&mut self, vector: StIndex, tag: u16) -> Result<(), AccessError> {
        self.injection.pass()?;
        self.counts.msix_tag_writes += 1;
        let memory = self.answers_memory();
        let kept = self.kept_tags.get_mut(usize::from(vector.0)).and_then(Option::as_mut);
        let kept = kept.ok_or(AccessError::Failed)?;
        if memory || tag == 0 {
            *kept = tag;
        }
        if memory && self.msix.set_tag(vector, tag) { Ok(()) } else { Err(AccessError::Failed) }
    }

    /// Whether BARs answer.
    pub(crate) fn answers_memory(&self) -> bool {
        self.config.dword(layout::COMMAND) & layout::MEMORY_ENABLE != 0
    }
}
