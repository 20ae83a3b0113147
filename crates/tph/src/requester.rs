//! The requester's state machine: off, on in a mode, and what may be asked in between.
//!
//! Checks come in this order everywhere: is there a capability, is the state right, can this
//! device do it, may this caller do it, then entry by entry; the first one that fails is the
//! answer, and registers are written only after all of them. A request that fails while writing
//! leaves every entry of that request 0.

use crate::batch::{Batch, TagQuery};
use crate::resolve::Resolver;
use crate::shadow::Shadow;
use crate::vectors::VectorSet;
use crate::{AccessError, Completer, ConfigOffset, Control, Error, Function, PortType};
use crate::{RequesterEnable, RequesterType, StIndex, StMode, StTable, TphCapability};

/// Whether the requester is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No request carries a hint.
    Disabled,
    /// Requests carry hints.
    Enabled {
        /// Where their tags come from.
        mode: StMode,
        /// How wide the tags are.
        requester: RequesterType,
    },
}

/// TPH of one function: what it has, the state it was put in, the tags it was given.
///
/// It remembers what was written; the registers are read only where a bit that is not ours must be
/// kept. Who holds one makes sure that calls do not overlap.
#[derive(Clone, Debug)]
pub struct Requester {
    capability: Option<TphCapability>,
    state: State,
    control: Control,
    pub(crate) shadow: Shadow,
    pub(crate) tagged: VectorSet,
    firmware_gives_tags: bool,
}

impl Requester {
    /// Looks at a function; changes nothing.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn probe(function: &mut (impl Function + ?Sized)) -> Result<Self, AccessError> {
        Ok(Self {
            capability: TphCapability::find(function)?,
            state: State::Disabled,
            control: Control(0),
            shadow: Shadow::new(),
            tagged: VectorSet::new(),
            firmware_gives_tags: false,
        })
    }

    /// The capability, `None` if the function has none.
    pub const fn capability(&self) -> Option<&TphCapability> {
        self.capability.as_ref()
    }

    /// Whether the requester is on.
    pub const fn state(&self) -> State {
        self.state
    }

    /// The entry at `index` of a table in the capability, as it was last programmed.
    pub fn entry(&self, index: StIndex) -> u16 {
        self.shadow.entry(index)
    }

    /// Makes the function ready for a user: TPH off, every entry 0. Also what to do when the user
    /// is gone. Does nothing without a capability.
    ///
    /// # Errors
    /// [`Error::Access`] if a register could not be written; the others were tried all the same.
    pub fn open(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        self.state = State::Disabled;
        self.control = Control(0);
        self.shadow = Shadow::new();
        self.tagged = VectorSet::new();
        let Some(capability) = self.capability else {
            return Ok(());
        };
        let off = Self::write_control(function, &capability, Control(0));
        let cleared = self.clear_table(function, &capability);
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
        if self.tagged.count() == 0 {
            return Ok(());
        }
        let on = self.control;
        let off = Self::write_control(function, &capability, on.with_enable(RequesterEnable::Off));
        let cleared = self.clear_tagged(function);
        let resumed = off.and_then(|()| Self::write_control(function, &capability, on));
        if off.is_ok() && resumed.is_err() {
            self.state = State::Disabled;
            self.control = Control(0);
        }
        Ok(cleared.and(resumed)?)
    }

    /// How many entries of the table hold a tag other than 0.
    pub fn entries_in_use(&self) -> u32 {
        self.shadow.count().saturating_add(self.tagged.count())
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
        self.state = State::Disabled;
        self.control = Control(0);
        Self::write_control(function, &capability, Control(0))?;
        if let Ok(StTable::Capability { entries }) = capability.table {
            self.shadow.touch_all(entries);
            let written = self.shadow.write(function, capability.offset, entries);
            self.shadow.settle();
            written?;
        }
        if let State::Enabled { .. } = state {
            Self::write_control(function, &capability, control)?;
        }
        self.state = state;
        self.control = control;
        Ok(())
    }

    /// Turns the requester on in `mode`, with the widest tags that the function and the root port
    /// have in common.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`AlreadyEnabled`](Error::AlreadyEnabled),
    /// [`Malformed`](Error::Malformed), [`ModeNotSupported`](Error::ModeNotSupported),
    /// [`DirectTagsNotAllowed`](Error::DirectTagsNotAllowed) (device-specific mode without a
    /// table), [`NoCompleter`](Error::NoCompleter), [`Access`](Error::Access).
    pub fn enable(
        &mut self,
        mode: StMode,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        if self.state != State::Disabled {
            return Err(Error::AlreadyEnabled);
        }
        let table = capability.table.map_err(Error::Malformed)?;
        if !capability.register.modes().contains(mode) {
            return Err(Error::ModeNotSupported(mode));
        }
        if mode == StMode::DeviceSpecific && table == StTable::None {
            Self::require_direct_tags(function)?;
        }
        let requester = Self::negotiate(&capability, function)?;
        let at = Self::control_offset(&capability)?;
        let old = Control(function.read_config(at)?);
        if old.0 == u32::MAX {
            return Err(Error::Access(AccessError::Gone));
        }
        let new = old.with_mode(mode).with_enable(RequesterEnable::On(requester));
        function.write_config(at, new.0)?;
        self.control = new;
        self.state = State::Enabled { mode, requester };
        Ok(())
    }

    /// Turns the requester off: the control register becomes 0, entries stay as they are. Already
    /// off is no error.
    ///
    /// # Errors
    /// [`Error::NoCapability`], or [`Access`](Error::Access) if the register could not be written.
    pub fn disable(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        Self::write_control(function, &capability, Control(0))?;
        self.control = Control(0);
        self.state = State::Disabled;
        Ok(())
    }

    /// Programs a batch of ST table entries, all or none. The requester is off while entries
    /// change. With an index given twice, the later entry counts.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`Malformed`](Error::Malformed),
    /// [`NoTable`](Error::NoTable), [`NotEnabled`](Error::NotEnabled), then
    /// [`Entry`](Error::Entry) for the first entry that cannot be done, all before any register
    /// changes; [`Access`](Error::Access) if writing failed: the entries of the batch are 0 then,
    /// and TPH is off if even that could not be written.
    pub fn program(
        &mut self,
        batch: &mut (impl Batch + ?Sized),
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        let table = capability.table.map_err(Error::Malformed)?;
        if table == StTable::None {
            return Err(Error::NoTable);
        }
        let State::Enabled { mode, requester } = self.state else {
            return Err(Error::NotEnabled);
        };
        if mode == StMode::NoSt {
            return Ok(());
        }
        Resolver { function, requester, gives_tags: &mut self.firmware_gives_tags }
            .batch(table, batch)?;
        let on = self.control;
        let off = on.with_enable(RequesterEnable::Off);
        Self::write_control(function, &capability, off)?;
        let mut written = self.write_batch(batch, function, &capability);
        let clean = written.is_ok() || self.clear_batch(batch, function, &capability);
        let resumed = clean && Self::write_control(function, &capability, on).is_ok();
        if !resumed {
            self.clear_batch(batch, function, &capability);
            self.state = State::Disabled;
            self.control = Control(0);
            written = written.and(Err(AccessError::Failed));
        }
        self.shadow.settle();
        Ok(written?)
    }

    /// The tags that firmware names for CPUs, in the width that was negotiated: for a driver that
    /// hands them to its device itself.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`Malformed`](Error::Malformed),
    /// [`TableTakesTags`](Error::TableTakesTags),
    /// [`DirectTagsNotAllowed`](Error::DirectTagsNotAllowed), [`NotEnabled`](Error::NotEnabled),
    /// [`WrongMode`](Error::WrongMode) outside of device-specific mode, and
    /// [`Entry`](Error::Entry) for the first CPU without a tag.
    pub fn tags(
        &mut self,
        query: &mut (impl TagQuery + ?Sized),
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        if capability.table.map_err(Error::Malformed)? != StTable::None {
            return Err(Error::TableTakesTags);
        }
        Self::require_direct_tags(function)?;
        let State::Enabled { mode, requester } = self.state else {
            return Err(Error::NotEnabled);
        };
        if mode != StMode::DeviceSpecific {
            return Err(Error::WrongMode(mode));
        }
        Resolver { function, requester, gives_tags: &mut self.firmware_gives_tags }.query(query)
    }

    fn require_direct_tags(function: &(impl Function + ?Sized)) -> Result<(), Error> {
        if function.direct_tags_allowed() { Ok(()) } else { Err(Error::DirectTagsNotAllowed) }
    }

    /// The widest tags that both ends take. An endpoint inside the root complex has no port above
    /// it to ask.
    fn negotiate(
        capability: &TphCapability,
        function: &mut (impl Function + ?Sized),
    ) -> Result<RequesterType, Error> {
        let own = capability.register.requester_type();
        if PortType::of(function)? == Some(PortType::INTEGRATED_ENDPOINT) {
            return Ok(own);
        }
        let register = function.root_port_device_capabilities_2()?.ok_or(Error::NoCompleter)?;
        let completer = Completer::from_device_capabilities_2(register);
        Ok(own.min(completer.requester_type().ok_or(Error::NoCompleter)?))
    }

    fn control_offset(capability: &TphCapability) -> Result<ConfigOffset, AccessError> {
        capability.control().ok_or(AccessError::Failed)
    }

    fn write_control(
        function: &mut (impl Function + ?Sized),
        capability: &TphCapability,
        control: Control,
    ) -> Result<(), AccessError> {
        function.write_config(Self::control_offset(capability)?, control.0)
    }
}
