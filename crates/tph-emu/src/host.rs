//! The emulated host: everything a profile describes, running.

mod caller;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tph::{Bdf, ConfigOffset};

pub use caller::Caller;
pub use view::HostView;

use crate::endpoint::Endpoint;
use crate::firmware::Firmware;
use crate::profile::Profile;
use crate::root_port::RootPort;
use crate::scoreboard::{Scoreboard, TlpRecord};

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
}

/// An emulated host.
pub struct Host {
    profile: Profile,
    firmware: Option<Firmware>,
    root_ports: Vec<RootPort>,
    slots: Vec<Slot>,
    direct_tags: DirectTags,
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
        });
        Self {
            firmware: Firmware::of(profile),
            root_ports: profile.root_ports.iter().map(RootPort::new).collect(),
            slots: slots.collect(),
            direct_tags: DirectTags::Refused,
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
        };
        (view, &mut slot.requester)
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("profile", &self.profile.name).finish_non_exhaustive()
    }
}
