//! Writing the ST table, wherever it lies: a batch, its undoing, all of it.

use crate::{AccessError, Batch, Function, Requester, StIndex, StTable, TphCapability};

impl Requester {
    /// Sets every entry of the table to 0, of a table in MSI-X those of allocated vectors.
    pub(crate) fn clear_table(
        &mut self,
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
    ) -> Result<(), AccessError> {
        match capability.table {
            Ok(StTable::Capability { entries }) => {
                self.shadow.read_tail(function, capability.offset, entries)?;
                self.shadow.touch_all(entries);
                let written = self.shadow.write(function, capability.offset, entries);
                self.shadow.settle();
                written
            }
            Ok(StTable::Msix { entries }) => {
                let mut outcome = Ok(());
                for vector in (0..entries).map(StIndex) {
                    if function.msix_vector_allocated(vector) {
                        outcome = function.write_msix_tag(vector, 0).and(outcome);
                    }
                }
                outcome
            }
            Ok(StTable::None) | Err(_) => Ok(()),
        }
    }

    /// Sets the tag of every MSI-X vector that holds one to 0. What fails counts as cleared too: it
    /// is the host that cannot reach the table, and it will write it before it uses it again.
    pub(crate) fn clear_tagged(
        &mut self,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), AccessError> {
        let mut outcome = Ok(());
        for vector in (0..crate::MAX_MSIX_ENTRIES).map(StIndex) {
            if self.tagged.contains(vector) {
                outcome = function.write_msix_tag(vector, 0).and(outcome);
            }
        }
        self.tagged.clear();
        self.targets.clear();
        outcome
    }

    /// Writes what a checked batch keeps. Entries stay marked in the shadow, for
    /// [`clear_batch`](Self::clear_batch).
    pub(crate) fn write_batch(
        &mut self,
        batch: &(impl Batch + ?Sized),
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
    ) -> Result<(), AccessError> {
        let in_capability = matches!(capability.table, Ok(StTable::Capability { .. }));
        for position in 0..batch.length().get() {
            let Some(entry) = batch.entry(position) else { continue };
            if in_capability {
                self.shadow.set(entry.index, batch.kept(position));
            } else {
                let bits = batch.kept(position);
                self.tagged.set(entry.index, bits != 0);
                function.write_msix_tag(entry.index, bits)?;
            }
        }
        self.shadow.write(function, capability.offset, capability.table_entries())
    }

    /// Sets every entry of a batch that failed half-way to 0; says whether that worked.
    pub(crate) fn clear_batch(
        &mut self,
        batch: &(impl Batch + ?Sized),
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
    ) -> bool {
        let mut clean = true;
        if let Ok(StTable::Msix { .. }) = capability.table {
            for position in 0..batch.length().get() {
                if let Some(entry) = batch.entry(position) {
                    let cleared = function.write_msix_tag(entry.index, 0).is_ok();
                    self.tagged.set(entry.index, !cleared);
                    clean &= cleared;
                }
            }
        }
        self.shadow.clear_touched();
        let entries = capability.table_entries();
        clean & self.shadow.write(function, capability.offset, entries).is_ok()
    }
}
