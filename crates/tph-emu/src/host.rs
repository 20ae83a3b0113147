//! The emulated host: everything a profile describes, running.

mod caller;
mod exports;
mod files;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tph::{Bdf, ConfigOffset};
use tph_abi::{Errno, FeatureNumber};

pub use caller::Caller;
use exports::Exports;
pub use exports::ImportError;
pub use files::OpenFile;
use files::{File, Files};
pub use view::HostView;

use crate::endpoint::Endpoint;
use crate::firmware::Firmware;
use crate::profile::Profile;
use crate::root_port::RootPort;
use crate::scoreboard::{ReceivedBoard, Scoreboard, TlpRecord};

/// A function of a host: it exists as long as the host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId(usize);

/// Whether the administrator allows device-specific mode without an ST table, as the module's
/// parameter `enable_unsafe_tph_ds` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DirectTags {
    /// Off, the default.
    #[default]
    Refused,
    /// On.
    Allowed,
}

struct Slot {
    endpoint: Endpoint,
    root_port: Option<usize>,
    requester: Option<tph::Requester>,
    exports: Exports,
}

/// An emulated host.
pub struct Host {
    profile: Profile,
    firmware: Option<Firmware>,
    root_ports: Vec<RootPort>,
    slots: Vec<Slot>,
    files: Files,
    direct_tags: DirectTags,
    dma_buf_feature: FeatureNumber,
}

/// A host that drivers and servers share. Clones are the same host.
#[derive(Clone)]
pub struct SharedHost(Arc<Mutex<Host>>);

impl SharedHost {
    /// Shares a host.
    pub fn new(host: Host) -> Self {
        Self(Arc::new(Mutex::new(host)))
    }

    /// The host, for as long as the guard lives. Nothing that is called with the host locked may
    /// lock it.
    pub fn lock(&self) -> MutexGuard<'_, Host> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// The host that a profile describes, as it is after power-on.
    pub fn new(profile: &Profile) -> Self {
        let slots = profile.functions.iter().map(|function| Slot {
            endpoint: Endpoint::new(function),
            root_port: function
                .root_port
                .as_ref()
                .and_then(|name| profile.root_ports.iter().position(|port| port.name == *name)),
            requester: None,
            exports: Exports::default(),
        });
        Self {
            firmware: Firmware::of(profile),
            root_ports: profile.root_ports.iter().map(RootPort::new).collect(),
            slots: slots.collect(),
            files: Files::default(),
            direct_tags: DirectTags::Refused,
            dma_buf_feature: FeatureNumber::DEFAULT,
            profile: profile.clone(),
        }
    }

    /// The profile that it was built from.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Its firmware; `None` if that names no tags.
    pub fn firmware(&self) -> Option<&Firmware> {
        self.firmware.as_ref()
    }

    /// Turns the switch of the administrator.
    pub fn set_direct_tags(&mut self, direct_tags: DirectTags) {
        self.direct_tags = direct_tags;
    }

    /// The number of the feature `DMA_BUF_TPH` here, as the module's parameter `dma_buf_tph_feature`.
    pub fn dma_buf_feature(&self) -> FeatureNumber {
        self.dma_buf_feature
    }

    /// Moves the feature `DMA_BUF_TPH`.
    pub fn set_dma_buf_feature(&mut self, number: FeatureNumber) {
        self.dma_buf_feature = number;
    }

    /// All functions, in the order of the profile.
    pub fn functions(&self) -> impl Iterator<Item = (FunctionId, &Endpoint)> {
        self.slots.iter().enumerate().map(|(index, slot)| (FunctionId(index), &slot.endpoint))
    }

    /// The function with this name.
    pub fn function_named(&self, name: &str) -> Option<FunctionId> {
        self.functions().find(|(_, endpoint)| endpoint.profile().name == name).map(|(id, _)| id)
    }

    /// The function at this address.
    pub fn function_at(&self, bdf: Bdf) -> Option<FunctionId> {
        self.functions().find(|(_, endpoint)| endpoint.bdf() == bdf).map(|(id, _)| id)
    }

    /// The hardware of a function.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn endpoint(&self, id: FunctionId) -> &Endpoint {
        &self.slots[id.0].endpoint
    }

    /// The hardware of a function, to change it.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn endpoint_mut(&mut self, id: FunctionId) -> &mut Endpoint {
        &mut self.slots[id.0].endpoint
    }

    /// What a function sent.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn scoreboard(&self, id: FunctionId) -> Scoreboard {
        let endpoint = self.endpoint(id);
        let recorder = endpoint.recorder();
        recorder.scoreboard(endpoint.profile(), &self.profile, self.firmware.as_ref())
    }

    /// What the memory of a function received from its peers.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn received(&self, id: FunctionId) -> ReceivedBoard {
        let endpoint = self.endpoint(id);
        endpoint.memory().received().board(&endpoint.profile().name, endpoint.bdf())
    }

    /// The last packets that a function sent, the oldest first.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn last_packets(&self, id: FunctionId) -> impl DoubleEndedIterator<Item = &TlpRecord> {
        self.endpoint(id).recorder().last()
    }

    /// A register in the configuration space of a function; reading it so is not counted.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn config_dword(&self, id: FunctionId, offset: ConfigOffset) -> u32 {
        self.endpoint(id).config().dword(offset.get())
    }

    /// A function as the rules see it when `caller` makes a request.
    ///
    /// # Panics
    /// If `id` is of another host with more functions.
    pub fn view<'a>(&'a mut self, id: FunctionId, caller: &'a Caller) -> HostView<'a> {
        self.parts(id, caller).0
    }

    /// A function and the state of whoever opened it.
    pub(crate) fn parts<'a>(
        &'a mut self,
        id: FunctionId,
        caller: &'a Caller,
    ) -> (HostView<'a>, &'a mut Option<tph::Requester>) {
        let slot = &mut self.slots[id.0];
        let view = HostView {
            endpoint: &mut slot.endpoint,
            root_port: slot.root_port.and_then(|port| self.root_ports.get_mut(port)),
            firmware: self.firmware.as_ref(),
            cpus: &self.profile.cpus,
            caller,
            direct_tags: self.direct_tags,
            files: &self.files,
            id,
        };
        (view, &mut slot.requester)
    }

    pub(crate) fn open_file(&mut self, file: OpenFile) -> Result<i32, Errno> {
        self.files.open(File::from(file)).ok_or(files::EMFILE)
    }

    pub(crate) fn close_file(&mut self, descriptor: i32) {
        self.files.close(descriptor);
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("profile", &self.profile.name).finish_non_exhaustive()
    }
}
