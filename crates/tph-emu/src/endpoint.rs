//! A function as hardware: configuration space, BARs, MSI-X, a DMA engine.

mod access;
mod bar;
pub(crate) mod config;
pub(crate) mod layout;
pub(crate) mod memory;
pub(crate) mod msix;
mod space;
mod steer;
mod transfer;
mod vectors;

use tph::{Bdf, Control, StIndex, TableLocation};

pub use access::{AccessCounts, Injection};
pub use bar::NoSuchBar;
pub use config::ConfigImage;

use crate::dma::IoMap;
use crate::engine::Engine;
use crate::interrupt::Interrupt;
use crate::profile::FunctionProfile;
use crate::scoreboard::Recorder;
use memory::LocalMemory;
use msix::MsixTable;

/// The hardware of one function, and what became of it.
pub struct Endpoint {
    profile: FunctionProfile,
    config: ConfigImage,
    msix: MsixTable,
    engine: Engine,
    memory: LocalMemory,
    io_map: IoMap,
    interrupts: Vec<Option<Box<dyn Interrupt>>>,
    /// The tag that the kernel keeps of each vector that is set up.
    kept_tags: Vec<Option<u16>>,
    recorder: Recorder,
    counts: AccessCounts,
    injection: Injection,
}

impl Endpoint {
    pub(crate) fn new(profile: &FunctionProfile) -> Self {
        let vectors = profile.msix_vectors;
        let tags = profile
            .tph
            .is_some_and(|tph| tph.register().table_location() == TableLocation::MsixTable);
        Self {
            config: layout::function(profile),
            msix: MsixTable::new(vectors, tags),
            engine: Engine::new(profile.queues, vectors, profile.places),
            memory: LocalMemory::new(profile.memory, profile.framing.into()),
            io_map: IoMap::default(),
            interrupts: (0..vectors).map(|_| None).collect(),
            kept_tags: vec![None; usize::from(vectors)],
            recorder: Recorder::new(profile.queues),
            counts: AccessCounts::default(),
            injection: Injection::None,
            profile: profile.clone(),
        }
    }

    /// What it is, as the profile says.
    pub fn profile(&self) -> &FunctionProfile {
        &self.profile
    }

    /// Its address.
    pub fn bdf(&self) -> Bdf {
        self.profile.bdf
    }

    /// Its configuration space, read without being counted.
    pub fn config(&self) -> &ConfigImage {
        &self.config
    }

    /// Its DMA engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What it sent.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The memory in its BAR.
    pub(crate) fn memory(&self) -> &LocalMemory {
        &self.memory
    }

    /// Forgets what it sent and what it received.
    pub fn clear_record(&mut self) {
        self.memory.clear_record();
        self.recorder = Recorder::new(self.profile.queues);
    }

    /// How often it was accessed.
    pub fn counts(&self) -> AccessCounts {
        self.counts
    }

    /// How often it was accessed; counting starts anew.
    pub fn take_counts(&mut self) -> AccessCounts {
        std::mem::take(&mut self.counts)
    }

    /// Makes accesses fail from now on.
    pub fn inject(&mut self, injection: Injection) {
        self.injection = injection;
    }

    pub(crate) fn firmware_asked(&mut self) -> bool {
        self.counts.firmware_calls += 1;
        self.injection != Injection::FirmwareFails
    }

    /// The memory that its DMA reaches.
    pub fn io_map_mut(&mut self) -> &mut IoMap {
        &mut self.io_map
    }

    /// The TPH Requester Control register, `None` without the capability.
    pub fn control(&self) -> Option<Control> {
        let tph = self.profile.tph?;
        Some(Control(self.config.dword(tph.offset.checked_add(Control::OFFSET)?)))
    }

    /// The ST table entry at `index`, wherever the table lies; `None` outside of it.
    pub fn st_entry(&self, index: StIndex) -> Option<u16> {
        let tph = self.profile.tph?;
        let register = tph.register();
        match register.table_location() {
            TableLocation::MsixTable => self.msix.tag(index),
            TableLocation::Capability if index.0 < register.table_size() => {
                let capability = tph::ConfigOffset::new(tph.offset)?;
                let (dword, upper) = tph::entry_offset(capability, index)?;
                let [a, b, c, d] = self.config.dword(dword.get()).to_le_bytes();
                Some(u16::from_le_bytes(if upper { [c, d] } else { [a, b] }))
            }
            _ => None,
        }
    }

    /// A function-level reset: registers as at power-on, TPH off, entries 0, queues empty, memory 0.
    /// What was recorded stays, and so does what the host has mapped and connected.
    pub fn reset(&mut self) {
        self.config.reset();
        self.msix.reset();
        self.engine.reset();
        self.memory.clear();
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("profile", &self.profile).finish_non_exhaustive()
    }
}
