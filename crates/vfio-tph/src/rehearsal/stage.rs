//! A function whose writes stay in memory.

use std::collections::BTreeMap;

use tph::{AccessError, AcpiUid, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DsmCall};
use tph::{FirmwareError, Function, StIndex};

use super::ChangeStep;

/// Where a write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Config(ConfigOffset),
    Vector(StIndex),
}

/// A write that was kept back.
pub(super) struct Write {
    pub(super) step: ChangeStep,
    pub(super) to: Target,
    pub(super) old: u32,
    pub(super) new: u32,
}

/// Reads what was written here first, and what the function holds else.
pub(super) struct Stage<'a, F> {
    function: &'a mut F,
    step: ChangeStep,
    held: BTreeMap<Target, u32>,
    written: Vec<Write>,
}

impl<'a, F: Function> Stage<'a, F> {
    pub(super) fn new(function: &'a mut F) -> Self {
        Self { function, step: ChangeStep::Open, held: BTreeMap::new(), written: Vec::new() }
    }

    /// What follows is written for this.
    pub(super) fn begin(&mut self, step: ChangeStep) {
        self.step = step;
    }

    pub(super) fn into_written(self) -> Vec<Write> {
        self.written
    }

    fn keep(&mut self, to: Target, old: u32, new: u32) {
        self.held.insert(to, new);
        self.written.push(Write { step: self.step, to, old, new });
    }
}

impl<F: Function> ConfigSpace for Stage<'_, F> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        match self.held.get(&Target::Config(offset)) {
            Some(value) => Ok(*value),
            None => self.function.read_config(offset),
        }
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let old = self.read_config(offset)?;
        self.keep(Target::Config(offset), old, value);
        Ok(())
    }
}

impl<F: Function> Function for Stage<'_, F> {
    fn switched_off(&mut self) -> bool {
        self.function.switched_off()
    }

    /// A vector that is set up anew has no tag.
    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        let to = Target::Vector(vector);
        let old = self.held.get(&to).copied().unwrap_or(0);
        self.keep(to, old, u32::from(bits));
        Ok(())
    }

    /// None is when a device is opened; those that are needed are then set up.
    fn msix_vector_allocated(&mut self, _: StIndex) -> bool {
        self.step != ChangeStep::Open
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        self.function.root_port_device_capabilities_2()
    }

    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        self.function.evaluate_dsm(call, answer)
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        self.function.acpi_uid(cpu)
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        self.function.cpu_presence(cpu)
    }

    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        self.function.caller_may_run_on(cpu)
    }

    fn caller_may_place_threads(&mut self) -> bool {
        self.function.caller_may_place_threads()
    }

    fn direct_tags_allowed(&self) -> bool {
        self.function.direct_tags_allowed()
    }
}
