//! The requester's state machine: off, on in a mode, and what may be asked in between.
//!
//! Checks come in this order everywhere: is there a capability, is the state right, can this
//! device do it, may this caller do it, then entry by entry; the first one that fails is the
//! answer, and registers are written only after all of them. A request that fails while writing
//! leaves every entry of that request 0.

use crate::batch::{Batch, TagQuery};
use crate::resolve::Resolver;
use crate::shadow::Shadow;
use crate::targets::Targets;
use crate::vectors::VectorSet;
use crate::{AccessError, Completer, Control, Error, Function, PortType, negotiate};
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
    pub(crate) targets: Targets,
    /// The table may hold what was never programmed: an earlier write failed.
    pub(crate) stale: bool,
    /// TPH is switched off on the whole host.
    pub(crate) switched_off: bool,
    firmware_gives_tags: bool,
}

impl Default for Requester {
    fn default() -> Self {
        Self::new()
    }
}

impl Requester {
    /// Of no function yet: as of one without the capability. It is some 9 KiB; where a stack is
    /// short it is made in place and told of functions with [`look_at`](Self::look_at).
    pub const fn new() -> Self {
        Self {
            capability: None,
            state: State::Disabled,
            control: Control(0),
            shadow: Shadow::new(),
            tagged: VectorSet::new(),
            targets: Targets::new(),
            stale: false,
            switched_off: false,
            firmware_gives_tags: false,
        }
    }

    /// Looks at a function; changes nothing.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn probe(function: &mut (impl Function + ?Sized)) -> Result<Self, AccessError> {
        let mut requester = Self::new();
        requester.look_at(function)?;
        Ok(requester)
    }

    /// Looks at a function and forgets the one before; changes nothing there.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read: it is of no function then.
    pub fn look_at(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), AccessError> {
        self.forget();
        self.capability = None;
        self.firmware_gives_tags = false;
        self.switched_off = function.switched_off();
        self.capability = TphCapability::find(function)?;
        Ok(())
    }

    /// Nothing was set, nothing programmed.
    pub(crate) fn forget(&mut self) {
        self.state = State::Disabled;
        self.control = Control(0);
        self.shadow = Shadow::new();
        self.tagged.clear();
        self.targets.clear();
        self.stale = false;
    }

    /// The capability, `None` if the function has none.
    pub const fn capability(&self) -> Option<&TphCapability> {
        self.capability.as_ref()
    }

    /// The capability, if it may be used at all.
    ///
    /// # Errors
    /// [`Error::NoCapability`], [`Error::SwitchedOff`].
    pub fn usable(&self) -> Result<TphCapability, Error> {
        let capability = self.capability.ok_or(Error::NoCapability)?;
        if self.switched_off { Err(Error::SwitchedOff) } else { Ok(capability) }
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
    /// In this order: [`Error::NoCapability`], [`SwitchedOff`](Error::SwitchedOff),
    /// [`AlreadyEnabled`](Error::AlreadyEnabled), [`Malformed`](Error::Malformed),
    /// [`ModeNotSupported`](Error::ModeNotSupported),
    /// [`DirectTagsNotAllowed`](Error::DirectTagsNotAllowed) (device-specific mode without a
    /// table), [`NoCompleter`](Error::NoCompleter), [`Access`](Error::Access), and
    /// [`NotTaken`](Error::NotTaken) if the control register then reads otherwise; it is 0 again.
    pub fn enable(
        &mut self,
        mode: StMode,
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.usable()?;
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
        function.turn_on_in_host(mode)?;
        self.control = Self::take_mode(function, &capability, mode, requester)
            .inspect_err(|_| function.turn_off_in_host())?;
        self.state = State::Enabled { mode, requester };
        Ok(())
    }

    /// Turns the requester off: the control register becomes 0, entries stay as they are. Already
    /// off is no error.
    ///
    /// # Errors
    /// [`Error::NoCapability`], [`SwitchedOff`](Error::SwitchedOff), or [`Access`](Error::Access) if
    /// the register could not be written.
    pub fn disable(&mut self, function: &mut (impl Function + ?Sized)) -> Result<(), Error> {
        let capability = self.usable()?;
        Self::write_control(function, &capability, Control(0))?;
        self.hold_off(function);
        Ok(())
    }

    /// Programs a batch of ST table entries, all or none. The requester is off while entries
    /// change. With an index given twice, the later entry counts.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`SwitchedOff`](Error::SwitchedOff),
    /// [`Malformed`](Error::Malformed), [`NoTable`](Error::NoTable), [`NotEnabled`](Error::NotEnabled), then
    /// [`Entry`](Error::Entry) for the first entry that cannot be done, all before any register
    /// changes; [`Access`](Error::Access) if the requester could not be turned off, which changes
    /// nothing, or if writing failed: the entries of the batch are 0 then, and TPH is off if even
    /// that could not be written.
    pub fn program(
        &mut self,
        batch: &mut (impl Batch + ?Sized),
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.usable()?;
        let table = self.table()?;
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
            self.hold_off(function);
            written = written.and(resumed);
        }
        self.shadow.settle();
        match written {
            Ok(()) => self.targets.remember(batch),
            Err(_) => self.targets.forget(batch),
        }
        Ok(written?)
    }

    /// The tags that firmware names for CPUs, in the width that was negotiated: for a driver that
    /// hands them to its device itself.
    ///
    /// # Errors
    /// In this order: [`Error::NoCapability`], [`SwitchedOff`](Error::SwitchedOff),
    /// [`Malformed`](Error::Malformed), [`TableTakesTags`](Error::TableTakesTags),
    /// [`DirectTagsNotAllowed`](Error::DirectTagsNotAllowed), [`NotEnabled`](Error::NotEnabled),
    /// [`WrongMode`](Error::WrongMode) outside of device-specific mode, and
    /// [`Entry`](Error::Entry) for the first CPU without a tag.
    pub fn tags(
        &mut self,
        query: &mut (impl TagQuery + ?Sized),
        function: &mut (impl Function + ?Sized),
    ) -> Result<(), Error> {
        let capability = self.usable()?;
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

    /// The widest tags that both ends take; the root port is asked only where it has a say.
    fn negotiate(
        capability: &TphCapability,
        function: &mut (impl Function + ?Sized),
    ) -> Result<RequesterType, Error> {
        let port_type = PortType::of(function)?;
        let register = match port_type {
            Some(PortType::INTEGRATED_ENDPOINT) => None,
            _ => function.root_port_device_capabilities_2()?,
        };
        let completer = register.map(Completer::from_device_capabilities_2);
        let own = capability.register.requester_type();
        negotiate(own, port_type, completer).ok_or(Error::NoCompleter)
    }
}
