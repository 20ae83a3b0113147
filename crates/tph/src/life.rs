//! What stays and what goes: when a user comes and goes, when the function is reset, when vectors are
//! freed.

use crate::requester::State;
use crate::{Control, Error, Function, Requester, RequesterEnable, StTable, TphCapability};

impl Requester {
    /// Makes the function ready for a user: TPH off, every entry 0. Also what to do when the user
    /// is gone. Does nothing without a capability.
    ///
    /// # Errors
    /// [`Error::Access`] if a register could not be written; the others were tried all the same.
    pub fn open(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        self.hold_off(function);
        self.forget();
        let Some(capability) = self.capability else {
            return Ok(());
        };
        let off = Self::write_control(function, &capability, Control(0));
        let cleared = self.clear_table(function, &capability);
        self.stale = cleared.is_err();
        Ok(off.and(cleared)?)
    }

    /// The user is gone: the same as [`open`](Self::open).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn close(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        self.open(function)
    }

    /// Vectors of MSI-X are about to be freed: takes the tags out of those that hold one, for what
    /// is left in the table would come back with the next vector of that number. The requester is
    /// off in between. Does nothing if the table is not in MSI-X, or holds no tag.
    ///
    /// # Errors
    /// [`Error::Access`] if a register could not be written; all tags were tried all the same.
    pub fn release_vectors(
        &mut self,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let Some(capability) = self.capability else {
            return Ok(());
        };
        if !matches!(capability.table, Ok(StTable::Msix { .. })) {
            return Ok(());
        }
        self.targets.clear();
        if self.tagged.count() == 0 {
            return Ok(());
        }
        let on = self.control;
        let off = Self::write_control(function, &capability, on.with_enable(RequesterEnable::Off));
        let cleared = self.clear_tagged(function);
        let resumed = off.and_then(|()| Self::write_control(function, &capability, on));
        if off.is_ok() && resumed.is_err() {
            self.hold_off(function);
        }
        Ok(cleared.and(resumed)?)
    }

    /// After a reset of the function: puts back the table and then the mode that the user had set.
    /// A table in MSI-X has come back by then, with the vectors that it is part of: who restores
    /// those keeps each vector's control dword.
    ///
    /// # Errors
    /// [`Error::Access`] if a register could not be written; TPH is off then.
    pub fn restore(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        let Some(capability) = self.capability else {
            return Ok(());
        };
        let (state, control) = (self.state, self.control);
        self.hold_off(function);
        let was_stale = core::mem::replace(&mut self.stale, true);
        Self::write_control(function, &capability, Control(0))?;
        match capability.table {
            Ok(StTable::Capability { entries }) => {
                self.shadow.touch_all(entries);
                let written = self.shadow.write(function, capability.offset, entries);
                self.shadow.settle();
                written?;
            }
            // Who resets may not reach the vectors; TPH is off, and enabling sees to them.
            Ok(StTable::Msix { .. }) if was_stale => return Ok(()),
            _ => {}
        }
        self.stale = false;
        if let State::Enabled { mode, .. } = state {
            function.turn_on_in_host(mode)?;
            Self::write_control(function, &capability, control)
                .inspect_err(|_| function.turn_off_in_host())?;
        }
        self.state = state;
        self.control = control;
        Ok(())
    }

    /// After recovery from an error, which may have reset the function without anybody putting back
    /// what it held: a table in the capability and the mode are written as the user had set them. A
    /// table in MSI-X is lost with the vectors that it is part of, and until those are set up anew its
    /// entries are whatever the reset left: then TPH is off, and enabling it begins with an empty table.
    ///
    /// # Errors
    /// [`Error::Access`] if a register could not be reached; TPH is off then.
    pub fn recover(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        let Some(capability) = self.capability else {
            return Ok(());
        };
        if !matches!(capability.table, Ok(StTable::Msix { .. })) {
            return self.restore(function);
        }
        // While TPH is off nothing tells a reset from none.
        let was_on = matches!(self.state, State::Enabled { .. });
        if was_on && self.holds(Self::read_control(function, &capability).unwrap_or(Control(0))) {
            return Ok(());
        }
        self.targets.clear();
        self.stale = true;
        self.hold_off(function);
        Ok(Self::write_control(function, &capability, Control(0))?)
    }

    /// Whether a control register has the mode that the requester was put in.
    fn holds(&self, held: Control) -> bool {
        held.mode() == self.control.mode() && held.enable() == self.control.enable()
    }

    /// Makes a table that may hold what was never programmed what it should be, before the requester
    /// goes on.
    pub(crate) fn tidy(
        &mut self,
        table: StTable,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        if let StTable::Msix { .. } = table {
            self.clear_tagged(function)?;
            self.stale = false;
            return Ok(());
        }
        self.restore(function)
    }

    /// A function can lose its registers without a reset that anybody sees, on its way back from a
    /// low-power state (`No_Soft_Reset` clear). If it does not hold the mode that it was put in, it
    /// gets back all that the user had set.
    pub(crate) fn refresh(
        &mut self,
        capability: &TphCapability,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        if self.holds(Self::read_control(function, capability)?) {
            return Ok(());
        }
        self.restore(function)
    }
}
