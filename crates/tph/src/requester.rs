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
use crate::{AccessError, Completer, Control, Error, Function, PortType};
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
    pub(crate) capability: Option<TphCapability>,
    pub(crate) state: State,
    pub(crate) control: Control,
    pub(crate) shadow: Shadow,
    pub(crate) tagged: VectorSet,
    /// The table may hold what was never programmed: an earlier write failed.
    pub(crate) stale: bool,
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
            stale: false,
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

    /// How many entries of the table hold a tag other than 0.
    pub fn entries_in_use(&self) -> u32 {
        self.shadow.count().saturating_add(self.tagged.count())
    }

    /// Turns the requester on in `mode`, with the widest tags that the function and the root port
    /// have in common.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`AlreadyEnabled`](Error::AlreadyEnabled),
    /// [`Malformed`](Error::Malformed), [`ModeNotSupported`](Error::ModeNotSupported),
    /// [`DirectTagsNotAllowed`](Error::DirectTagsNotAllowed) (device-specific mode without a
    /// table), [`NoCompleter`](Error::NoCompleter), [`Access`](Error::Access), and
    /// [`NotTaken`](Error::NotTaken) if the control register then reads otherwise; it is 0 again.
    pub fn enable(
        &mut self,
        mode: StMode,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        if self.state != State::Disabled {
            self.refresh(&capability, function)?;
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
        if self.stale {
            self.tidy(table, function)?;
        }
        let old = Self::read_control(function, &capability)?;
        let new = old.with_mode(mode).with_enable(RequesterEnable::On(requester));
        Self::write_control(function, &capability, new)?;
        let held = Self::read_control(function, &capability)?;
        if held.mode() != new.mode() || held.enable() != new.enable() {
            Self::write_control(function, &capability, Control(0))?;
            return Err(Error::NotTaken { held });
        }
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
    /// changes; [`Access`](Error::Access) if the requester could not be turned off, which changes
    /// nothing, or if writing failed: the entries of the batch are 0 then, and TPH is off if even
    /// that could not be written.
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
        Resolver::new(function, requester, &mut self.firmware_gives_tags).batch(table, batch)?;
        self.refresh(&capability, function)?;
        let on = self.control;
        let off = on.with_enable(RequesterEnable::Off);
        Self::write_control(function, &capability, off)?;
        let mut written = self.write_batch(batch, function, &capability);
        let clean = written.is_ok() || self.clear_batch(batch, function, &capability);
        let resumed = if clean {
            Self::write_control(function, &capability, on)
        } else {
            Err(AccessError::Failed)
        };
        if resumed.is_err() {
            self.stale = !self.clear_batch(batch, function, &capability);
            self.state = State::Disabled;
            self.control = Control(0);
            written = written.and(resumed);
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
        Resolver::new(function, requester, &mut self.firmware_gives_tags).query(query)
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
