//! What is known of a function and its host, out of the profile's raw fields.

use tph::{Capability, RequesterType, TableLocation, TagWord};
use tph_emu::Profile;
use tph_emu::profile::{TphProfile, word_of};

/// What does not change.
pub(super) struct Facts {
    /// Mode bits of the wire; `None` without a capability.
    pub(super) modes: Option<u32>,
    pub(super) malformed: bool,
    pub(super) in_msix: bool,
    /// Entries of the table, 0 without one.
    pub(super) entries: u16,
    /// The width of tags, if the root port takes any.
    pub(super) width: Option<RequesterType>,
    /// Whether firmware can be asked.
    pub(super) firmware: bool,
    /// Of each CPU whether it runs, and its word.
    pub(super) cpus: Vec<(u32, bool, TagWord)>,
    pub(super) vectors: u16,
}

impl Facts {
    pub(super) fn new(profile: &Profile) -> Self {
        let function = &profile.functions[0];
        let port = function.root_port.as_ref();
        let port = port.map(|name| profile.root_ports.iter().find(|port| port.name == *name));
        let register = function.tph.as_ref().map(TphProfile::register);
        let own = register.map_or(RequesterType::Tph, Capability::requester_type);
        let width = match port.flatten().map(|port| port.completer) {
            None | Some(3) => Some(own),
            Some(1) => Some(RequesterType::Tph),
            Some(_) => None,
        };
        let location = register.map(Capability::table_location);
        let size = register.map_or(0, Capability::table_size);
        let end = function.tph.map_or(0, |tph| u32::from(tph.offset) + 12 + 2 * u32::from(size));
        let (malformed, entries) = match location {
            None | Some(TableLocation::None) => (false, 0),
            Some(TableLocation::Capability) if size > 64 || end > 0x1000 => (true, 0),
            Some(TableLocation::Capability) => (false, size),
            Some(TableLocation::MsixTable) => (function.msix_vectors == 0, function.msix_vectors),
            Some(TableLocation::Reserved) => (true, 0),
        };
        let words = profile.firmware.as_ref();
        let word = |cpu| words.map_or(TagWord(0), |firmware| word_of(profile, firmware, cpu));
        let bits = register.map(|register| register.modes().bits());
        Self {
            modes: bits.map(|bits| u32::from(bits >> 1 & 3)),
            malformed,
            in_msix: location == Some(TableLocation::MsixTable),
            entries,
            width,
            firmware: port.is_some() && words.is_some(),
            cpus: profile.cpus.iter().map(|cpu| (cpu.id, cpu.online, word(cpu.id))).collect(),
            vectors: function.msix_vectors,
        }
    }

    pub(super) fn cpus(&self) -> u32 {
        u32::try_from(self.cpus.len()).unwrap()
    }
}
