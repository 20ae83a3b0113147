//! What has to be known of a device to aim at its edges and to look at its registers. Nothing here
//! decides an answer.

use tph::{Capability, ConfigOffset, Control, TableLocation};
use tph_emu::Profile;
use tph_emu::profile::FunctionProfile;

/// Offset of the Command register.
pub(crate) const COMMAND: u16 = 0x04;
/// The bits of Command that are compared: those that are written. Others the kernel and the platform's
/// firmware set as they like.
pub(crate) const COMMAND_COMPARED: u32 = 0x0407;
/// How many dwords behind the control register are looked at where no table is claimed.
const SOME: u16 = 4;

/// A device, as its profile claims it to be.
#[derive(Clone, Debug)]
pub struct Target {
    capability: Option<u16>,
    entries: u16,
    in_capability: bool,
    cpus: u32,
}

impl Target {
    /// What the profile says of a function.
    pub fn of(profile: &Profile, function: &FunctionProfile) -> Self {
        let register = function.tph.map(|tph| tph.register());
        Self {
            capability: function.tph.map(|tph| tph.offset),
            entries: register.map_or(0, Capability::table_size),
            in_capability: register
                .is_some_and(|register| register.table_location() == TableLocation::Capability),
            cpus: u32::try_from(profile.cpus.len()).unwrap_or(u32::MAX),
        }
    }

    /// Where the TPH capability lies; where it would, if there is none.
    pub fn capability(&self) -> u16 {
        self.capability.unwrap_or(ConfigOffset::EXTENDED.get())
    }

    /// How many entries the capability claims; at least one.
    pub fn entries(&self) -> u16 {
        self.entries.max(1)
    }

    /// How many CPUs the host has.
    pub fn cpus(&self) -> u32 {
        self.cpus
    }

    /// The register that is looked at after each step.
    pub(crate) fn control(&self) -> Option<ConfigOffset> {
        self.register(Control::OFFSET)
    }

    /// The dword of configuration space where entry `index` lies, if the table is there.
    pub(crate) fn entry(&self, index: u16) -> Option<ConfigOffset> {
        let (dword, _) = tph::entry_offset(self.start()?, tph::StIndex(index))?;
        (self.in_capability && index < self.entries).then_some(dword)
    }

    /// All that is looked at when a sequence is over: Command, and the capability with its table.
    pub(crate) fn all(&self) -> Vec<ConfigOffset> {
        let table = if self.in_capability { self.entries.div_ceil(2) } else { SOME };
        let end = Control::OFFSET + 4 + 4 * table;
        let registers = (0..end).step_by(4).filter_map(|offset| self.register(offset));
        ConfigOffset::new(COMMAND).into_iter().chain(registers).collect()
    }

    /// The bits of a register that are compared.
    pub(crate) fn compared(offset: ConfigOffset) -> u32 {
        if offset.get() == COMMAND { COMMAND_COMPARED } else { u32::MAX }
    }

    fn start(&self) -> Option<ConfigOffset> {
        ConfigOffset::new(self.capability())
    }

    fn register(&self, offset: u16) -> Option<ConfigOffset> {
        self.start()?.checked_add(offset)
    }
}
