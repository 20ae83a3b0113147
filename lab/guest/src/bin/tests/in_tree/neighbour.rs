//! Another driver's view of a device: the kernel's functions, while ours has not got it.

use tph_abi::Errno;
use tph_lab_guest::in_tree::Held;
use tph_lab_guest::{Failure, InTree, bind};
use vfio_tph::{Bdf, CpuId, MemoryType, StIndex, StMode};

/// A device without our driver; it is ours again when this is dropped.
pub(crate) struct Neighbour {
    address: Bdf,
    functions: InTree,
}

impl Neighbour {
    pub(crate) fn of(address: Bdf) -> Result<Self, Failure> {
        let functions = InTree::load()?;
        bind::unbind(address)?;
        Ok(Self { address, functions })
    }

    pub(crate) fn enable(&self, mode: StMode) -> Result<(), Errno> {
        self.functions.call(self.address, &format!("enable {}", mode.bits()))
    }

    pub(crate) fn disable(&self) -> Result<(), Errno> {
        self.functions.call(self.address, "disable")
    }

    pub(crate) fn entry(&self, index: StIndex, tag: u16) -> Result<(), Errno> {
        self.functions.call(self.address, &format!("entry {} {tag:x}", index.0))
    }

    pub(crate) fn tag(&self, cpu: CpuId, memory: MemoryType) -> Result<u16, Errno> {
        let memory = match memory {
            MemoryType::Volatile => 0,
            MemoryType::Persistent => 1,
        };
        self.functions.tag(self.address, cpu.0, memory)
    }

    pub(crate) fn held(&self) -> Result<Held, Failure> {
        Ok(self.functions.held(self.address)?)
    }

    /// As a driver does it: on, then entry by entry.
    pub(crate) fn program(&self, mode: StMode, wanted: &[(StIndex, CpuId)]) -> Result<(), Failure> {
        self.enable(mode)?;
        for (index, cpu) in wanted {
            self.entry(*index, self.tag(*cpu, MemoryType::Volatile)?)?;
        }
        Ok(())
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // Should it fail, the next test finds a device without a driver.
        let _ = bind::rebind(self.address, bind::OURS);
    }
}
