//! What the kernel does around opening, resetting and closing a device.

use crate::endpoint::{Endpoint, layout};

impl Endpoint {
    /// A device that is opened: reset, and its memory accesses turned on.
    pub(super) fn power_up(&mut self) {
        self.reset();
        self.set_command(layout::MEMORY_ENABLE);
    }

    /// A device that is closed: reset, nothing mapped, no vector set up.
    pub(super) fn power_down(&mut self) {
        self.reset();
        self.io_map_mut().clear();
        self.free_vectors();
    }

    /// A reset with the kernel's save before and its restore after: the header, the PCI Express and
    /// MSI-X registers, and the MSI-X table come back.
    pub(super) fn reset_and_restore(&mut self) {
        let saved = self.save();
        self.reset();
        self.restore(saved);
    }

    /// Whether peers can reach its BARs: they answer, and it is awake.
    pub(crate) fn reachable(&self) -> bool {
        self.answers_memory() && !self.sleeps()
    }
}
