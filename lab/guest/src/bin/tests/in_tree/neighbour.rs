//! Another driver's view of a device: the kernel's functions, while ours has not got it.

use tph_abi::Errno;
use tph_lab_guest::in_tree::Held;
use tph_lab_guest::{Failure, InTree, bind};
use vfio_tph::{Bdf, CpuId, StIndex, StMode};

/// A device without our driver; it is ours again when this is dropped.
pub(super) struct Neighbour {
    address: Bdf,
    functions: InTree,
}

impl Neighbour {
    pub(super) fn of(address: Bdf) -> Result<Self, Failure> {
        let functions = InTree::load()?;
        bind::unbind(address)?;
        Ok(Self { address, functions })
    }

    pub(super) fn enable(&self, mode: StMode) -> Result<(), Errno> {
        self.functions.call(self.address, &format!("enable {}", mode.bits()))
    }

    pub(super) fn disable(&self) -> Result<(), Errno> {
        self.functions.call(self.address, "disable")
    }

    pub(super) fn entry(&self, index: StIndex, tag: u16) -> Result<(), Errno> {
        self.functions.call(self.address, &format!("entry {} {tag:x}", index.0))
    }

    /// The tag of a CPU for volatile memory.
    pub(super) fn tag(&self, cpu: CpuId) -> Result<u16, Errno> {
        self.functions.tag(self.address, cpu.0, 0)
    }

    pub(super) fn held(&self) -> Result<Held, Failure> {
        Ok(self.functions.held(self.address)?)
    }

    /// As a driver does it: on, then entry by entry.
    pub(super) fn program(&self, mode: StMode, wanted: &[(StIndex, CpuId)]) -> Result<(), Failure> {
        self.enable(mode)?;
        for (index, cpu) in wanted {
            self.entry(*index, self.tag(*cpu)?)?;
        }
        Ok(())
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // Should it fail, the next test finds a device without a driver.
        let _ = bind::rebind(self.address, "vfio-pci-tph");
    }
}
