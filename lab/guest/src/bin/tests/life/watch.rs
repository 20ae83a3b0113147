//! What the endpoint holds, seen from outside of the guest.

use std::process::Stdio;

use tph::{ConfigOffset, MemoryType, RequesterType, StTable};
use tph_lab_guest::endpoint::QueueScore;
use tph_lab_guest::{Child, Control, Endpoint, Failure, endpoint, module};
use tph_lab_wire::Severity;
use vfio_tph::{Bdf, CpuId, Host, Iommu, StIndex, StMode, TagSource, VfioFunction};

use super::Outcome;
use super::processes::child;
use super::slot::Slot;

/// One endpoint and the way to look at it.
pub(crate) struct Watch<'a> {
    endpoint: &'a Endpoint,
    control: &'a mut Control,
    at: ConfigOffset,
    /// Of the table in the capability.
    entries: u16,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint, control: &'a mut Control) -> Result<Self, Failure> {
        let function = Host::default().function(endpoint.address)?;
        let view = function.tph.map_err(|why| why.to_string())?.ok_or("no TPH capability")?;
        let at = view.capability.control().ok_or("no control register")?;
        let entries = match view.capability.table {
            Ok(StTable::Capability { entries }) => entries,
            _ => 0,
        };
        Ok(Self { endpoint, control, at, entries })
    }

    pub(crate) fn address(&self) -> Bdf {
        self.endpoint.address
    }

    /// Another process in the role of the endpoint's user, once it has the endpoint programmed.
    pub(crate) fn user(&self, how: &str) -> Result<Child, Failure> {
        child(&["hold", &self.endpoint.name, how], Stdio::null(), "holding")
    }

    /// The control register and the ST table in the capability, as the endpoint has them now.
    pub(crate) fn held(&mut self) -> Result<Vec<u32>, Failure> {
        let dwords = 1 + self.entries.div_ceil(2);
        Ok(self.control.registers(&self.endpoint.name, self.at.get(), dwords)?)
    }

    /// Opens the device, turns TPH on and programs every entry, as a driver does that will not
    /// clean up behind itself.
    pub(crate) fn programmed(&mut self) -> Result<VfioFunction, Failure> {
        self.program(VfioFunction::open(self.address())?)
    }

    /// The same with an IOMMU address space of the caller's choice.
    pub(crate) fn programmed_on(&mut self, iommu: Iommu) -> Result<VfioFunction, Failure> {
        self.program(VfioFunction::open_on(self.address(), iommu)?)
    }

    fn program(&mut self, function: VfioFunction) -> Result<VfioFunction, Failure> {
        program_all(&function, self.entries)?;
        self.expect_programmed()?;
        Ok(function)
    }

    /// TPH is on, and no entry is without a tag.
    pub(crate) fn expect_programmed(&mut self) -> Outcome {
        let held = self.held()?;
        if held.contains(&0) {
            return Err(format!("it should be programmed, and holds {held:x?}").into());
        }
        Ok(())
    }

    /// The endpoint holds just this.
    pub(crate) fn expect(&mut self, what: &str, expected: &[u32]) -> Outcome {
        let held = self.held()?;
        if held != expected {
            return Err(format!("{what}: it holds {held:x?}, not {expected:x?}").into());
        }
        Ok(())
    }

    /// A dword of its configuration space, as the endpoint has it now.
    pub(crate) fn register(&mut self, offset: u16) -> Result<u32, Failure> {
        let dwords = self.control.registers(&self.endpoint.name, offset, 1)?;
        Ok(dwords.first().copied().ok_or("no such register")?)
    }

    /// Puts the endpoint back into its slot.
    pub(crate) fn plug(&mut self, slot: &Slot) -> Outcome {
        slot.plug(self.control, &self.endpoint.name)
    }

    /// The same for somebody else to open it.
    pub(crate) fn plug_for_another(&mut self, slot: &Slot) -> Outcome {
        slot.plug_for_another(self.control, &self.endpoint.name)
    }

    /// What its queues send while `act` happens.
    pub(crate) fn sent(
        &mut self,
        act: impl FnOnce() -> Outcome,
    ) -> Result<Vec<QueueScore>, Failure> {
        self.endpoint.sent(self.control, act)
    }

    /// Presses the button of its slot.
    pub(crate) fn press_attention_button(&mut self) -> Outcome {
        Ok(self.control.press_attention_button(&self.endpoint.name)?)
    }

    /// Has the root port above it report an error.
    pub(crate) fn link_error(&mut self, severity: Severity) -> Outcome {
        Ok(self.control.link_error(&self.endpoint.name, severity)?)
    }

    /// TPH is off, every entry is 0.
    pub(crate) fn expect_off(&mut self, when: &str) -> Outcome {
        let held = self.held()?;
        if held.iter().any(|dword| *dword != 0) {
            return Err(format!("{when} it holds {held:x?}").into());
        }
        Ok(())
    }

    /// TPH is off, every entry is 0, nobody uses the module.
    pub(crate) fn expect_clean(&mut self) -> Outcome {
        self.expect_off("without a user")?;
        match module::users()? {
            0 => Ok(()),
            users => Err(format!("the module has {users} users, and nobody is there").into()),
        }
    }

    /// The tags of the CPUs that firmware knows, as an entry holds them.
    pub(crate) fn tags(&mut self) -> Result<Vec<(CpuId, u16)>, Failure> {
        let wide = RequesterType::ExtendedTph;
        let tags = endpoint::tags(self.control, MemoryType::Volatile, wide)?;
        Ok(tags.into_iter().map(|(cpu, tag)| (cpu, tag.entry_bits())).collect())
    }
}

/// Turns TPH on and gives every entry a CPU.
pub(crate) fn program_all(function: &VfioFunction, entries: u16) -> Outcome {
    let mut tph = function.tph();
    let mut on = tph.enable(StMode::DeviceSpecific)?;
    let batch = (0..entries).map(|index| (StIndex(index), cpu(u32::from(index) % 4)));
    on.program(&batch.collect::<Vec<_>>())?;
    // The guard would clean up, which a user who dies does not.
    std::mem::forget(on);
    Ok(())
}

pub(crate) fn cpu(cpu: u32) -> TagSource {
    TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile }
}
