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
/// Memory Space Enable in Command.
pub(crate) const MEMORY_ENABLE: u32 = 2;
/// The most vectors that are set up: a guest has few interrupts.
const MOST_VECTORS: u16 = 16;
/// As many vectors are mostly set up, and mostly aimed at.
pub(crate) const AIMED_AT: u16 = 6;
/// How many dwords behind the control register are looked at where no table is claimed.
const SOME: u16 = 4;

/// A device, as its profile claims it to be.
#[derive(Clone, Debug)]
pub struct Target {
    capability: Option<u16>,
    entries: u16,
    location: Option<TableLocation>,
    vectors: u16,
    /// A bit for each CPU that is online.
    online: u64,
    cpus: u32,
}

impl Target {
    /// What the profile says of a function.
    pub fn of(profile: &Profile, function: &FunctionProfile) -> Self {
        let register = function.tph.map(|tph| tph.register());
        Self {
            capability: function.tph.map(|tph| tph.offset),
            entries: match register.map(Capability::table_location) {
                Some(TableLocation::MsixTable) => function.msix_vectors,
                _ => register.map_or(0, Capability::table_size),
            },
            location: register.map(Capability::table_location),
            vectors: function.msix_vectors.min(MOST_VECTORS),
            online: profile
                .cpus
                .iter()
                .filter(|cpu| cpu.online && cpu.id < 64)
                .fold(0, |bits, cpu| bits | 1 << cpu.id),
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

    /// How many entries can mostly be programmed, from the first on; at least one.
    pub fn usable(&self) -> u16 {
        match self.vectors_of_table() {
            0 => self.entries(),
            vectors => vectors.min(AIMED_AT),
        }
    }

    /// How many CPUs the host has.
    pub fn cpus(&self) -> u32 {
        self.cpus
    }

    /// A bit for each CPU that is online, as far as the first 64 go.
    pub fn online(&self) -> u64 {
        self.online
    }

    /// The most MSI-X vectors that are set up; 0 without MSI-X.
    pub fn vectors(&self) -> u16 {
        self.vectors
    }

    /// How many vectors hold tags that can be looked at; 0 if the table is elsewhere.
    pub(crate) fn vectors_of_table(&self) -> u16 {
        if self.location == Some(TableLocation::MsixTable) { self.vectors } else { 0 }
    }

    /// Whether the capability claims the table for itself.
    pub(crate) fn in_capability(&self) -> bool {
        self.location == Some(TableLocation::Capability)
    }

    /// The register that is looked at after each step.
    pub(crate) fn control(&self) -> Option<ConfigOffset> {
        self.register(Control::OFFSET)
    }

    /// The dword of configuration space where entry `index` lies, if the table is there.
    pub(crate) fn entry(&self, index: u16) -> Option<ConfigOffset> {
        let (dword, _) = tph::entry_offset(self.start()?, tph::StIndex(index))?;
        (self.in_capability() && index < self.entries).then_some(dword)
    }

    /// All that is looked at when a sequence is over: Command, and the capability with its table.
    pub(crate) fn all(&self) -> Vec<ConfigOffset> {
        let table = if self.in_capability() { self.entries.div_ceil(2) } else { SOME };
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
