//! The control register of a function, and what the host remembers of it.
//!
//! A host with TPH support of its own (Linux with `CONFIG_PCIE_TPH`) keeps a state that says whether
//! the requester is on. It follows [`Requester::state`] wherever that changes; turning the requester
//! off for a moment, while entries change, is no change of either.

use crate::requester::State;
use crate::{AccessError, Control, Error, Function, Requester, RequesterEnable, RequesterType};
use crate::{StMode, TphCapability};

impl Requester {
    /// From now on the requester counts as off, here and in the host.
    pub(crate) fn hold_off(&mut self, function: &mut (impl Function + ?Sized)) {
        self.state = State::Disabled;
        self.control = Control(0);
        function.turn_off_in_host();
    }

    /// Writes the mode into the control register and reads it back.
    pub(crate) fn take_mode(
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
        mode: StMode,
        requester: RequesterType,
    ) -> Result<Control, Error> {
        let old = Self::read_control(function, capability)?;
        let new = old.with_mode(mode).with_enable(RequesterEnable::On(requester));
        Self::write_control(function, capability, new)?;
        let held = Self::read_control(function, capability)?;
        if held.mode() != new.mode() || held.enable() != new.enable() {
            Self::write_control(function, capability, Control(0))?;
            return Err(Error::NotTaken { held });
        }
        Ok(new)
    }

    /// A capability that the end of configuration space cuts off has no control register: nothing
    /// is written then, and it reads as off.
    pub(crate) fn write_control(
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
        control: Control,
    ) -> Result<(), AccessError> {
        capability.control().map_or(Ok(()), |at| function.write_config(at, control.0))
    }

    pub(crate) fn read_control(
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
    ) -> Result<Control, AccessError> {
        let Some(at) = capability.control() else { return Ok(Control(0)) };
        match function.read_config(at)? {
            u32::MAX => Err(AccessError::Gone),
            value => Ok(Control(value)),
        }
    }
}
