//! The TPH registers of one function.

use serde::Serialize;
use tph::TphCapability;
use tph::{Capability, Control, RequesterEnable, RequesterType, StIndex, StTable, SteeringTag};
use vfio_tph::TphView;

use crate::words;

/// The TPH Requester capability, register by register.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TphReport {
    /// Where the capability lies in configuration space.
    pub(crate) offset: u16,
    pub(crate) header: HeaderReport,
    pub(crate) capability: CapabilityReport,
    /// Null in a capability that the end of the space cuts off.
    pub(crate) control: Option<ControlReport>,
    /// The ST entries that can be seen.
    pub(crate) entries: Vec<EntryReport>,
}

/// The register at +0.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HeaderReport {
    pub(crate) raw: u32,
    pub(crate) version: u8,
    /// Null at the end of the list.
    pub(crate) next: Option<u16>,
}

/// The register at +4.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CapabilityReport {
    pub(crate) raw: u32,
    /// Of `no-st`, `interrupt-vector`, `device-specific`.
    pub(crate) modes: Vec<&'static str>,
    /// The widest tags that the function can send, in bits.
    pub(crate) tag_bits: u8,
    /// `none`, `capability`, `msix-table`, `reserved`.
    pub(crate) table_location: &'static str,
    /// ST Table Size as the register has it, plus one.
    pub(crate) table_size: u16,
    /// How many entries the table really has; 0 without one and in a malformed capability.
    pub(crate) table_entries: u16,
    /// The table in words.
    pub(crate) table: String,
    /// Why what the register claims cannot be.
    pub(crate) malformed: Option<String>,
    /// Bits without a meaning that are set.
    pub(crate) reserved: u32,
}

/// The register at +8.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ControlReport {
    pub(crate) raw: u32,
    /// Null for a reserved value.
    pub(crate) mode: Option<&'static str>,
    /// `off`, `on-8-bit`, `on-16-bit`, `reserved`.
    pub(crate) requester: &'static str,
    /// Bits without a meaning that are set.
    pub(crate) reserved: u32,
}

/// One ST entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EntryReport {
    pub(crate) index: u16,
    pub(crate) raw: u16,
    /// The tag that the requester makes of it: as it is enabled, or if it is off as wide as it
    /// can.
    pub(crate) tag: String,
}

impl From<&TphView> for TphReport {
    fn from(view: &TphView) -> Self {
        let requester = match view.control.map(Control::enable) {
            Some(RequesterEnable::On(requester)) => requester,
            _ => view.capability.register.requester_type(),
        };
        let entries = (0..).zip(&view.entries);
        Self {
            offset: view.capability.offset.get(),
            header: HeaderReport {
                raw: view.header.0,
                version: view.header.version(),
                next: view.header.next().map(tph::ConfigOffset::get),
            },
            capability: CapabilityReport::new(&view.capability),
            control: view.control.map(ControlReport::from),
            entries: entries
                .map(|(i, raw)| EntryReport::new(StIndex(i), *raw, requester))
                .collect(),
        }
    }
}

impl CapabilityReport {
    fn new(capability: &TphCapability) -> Self {
        let register: Capability = capability.register;
        Self {
            raw: register.0,
            modes: register.modes().iter().map(words::mode).collect(),
            tag_bits: register.requester_type().tag_bits(),
            table_location: words::table_location(register.table_location()),
            table_size: register.table_size(),
            table_entries: capability.table_entries(),
            table: match capability.table {
                Ok(StTable::None) => "none: the device takes tags in registers of its own".into(),
                Ok(table) => words::table(table),
                Err(malformed) => malformed.to_string(),
            },
            malformed: capability.table.err().map(|malformed| malformed.to_string()),
            reserved: register.reserved(),
        }
    }
}

impl From<Control> for ControlReport {
    fn from(control: Control) -> Self {
        Self {
            raw: control.0,
            mode: control.mode().map(words::mode),
            requester: words::requester(control.enable()),
            reserved: control.reserved(),
        }
    }
}

impl EntryReport {
    pub(crate) fn new(index: StIndex, raw: u16, requester: RequesterType) -> Self {
        let tag = SteeringTag::from_entry_bits(raw, requester).to_string();
        Self { index: index.0, raw, tag }
    }
}
