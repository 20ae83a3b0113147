//! The functions of an emulated host.

mod topology;

use std::path::{Path, PathBuf};

use tph::{AccessError, DsmCall, FirmwareError, Function, PortType};
use tph::{RequesterEnable, StIndex, StMode, StTable, TagSource};
use tph_emu::{Caller, EmuDevice, FunctionId, Host, HostView, Profile, SharedHost};
use vfio_tph::{Change, Facts, FunctionView, Ids, PortView, TphView, Unreadable};

use super::similar;
use crate::failure::Failure;
use crate::report::{EntryReport, FunctionReport};

/// What stands for the profile of the demonstration on the command line.
const DEMO: &str = "demo";

/// An emulated host in this process.
pub(crate) struct Emulated {
    host: SharedHost,
}

impl Emulated {
    /// The host of the profile at `path`; that of the demonstration for `demo` and for none.
    pub(crate) fn start(path: Option<&PathBuf>) -> Result<Self, Failure> {
        Ok(Self::of(&profile(path.map(PathBuf::as_path))?))
    }

    /// The host of a profile.
    pub(crate) fn of(profile: &Profile) -> Self {
        Self { host: SharedHost::new(Host::new(profile)) }
    }

    pub(crate) fn host(&self) -> &SharedHost {
        &self.host
    }

    pub(crate) fn functions(&self) -> Vec<FunctionReport> {
        self.ids().into_iter().map(|id| self.report(id)).collect()
    }

    /// The functions as the library shows those of every host.
    pub(crate) fn views(&self) -> Vec<FunctionView> {
        self.ids().into_iter().map(|id| self.view(id)).collect()
    }

    /// The CPUs and caches.
    pub(crate) fn topology(&self) -> vfio_tph::Topology {
        topology::of(self.host.lock().profile())
    }

    /// The address of a function.
    pub(crate) fn address(&self, id: FunctionId) -> tph::Bdf {
        self.host.lock().endpoint(id).bdf()
    }

    fn ids(&self) -> Vec<FunctionId> {
        self.host.lock().functions().map(|(id, _)| id).collect()
    }

    /// The function that a person calls `device`: by name or by address.
    pub(crate) fn find(&self, device: &str) -> Result<FunctionId, Failure> {
        let host = self.host.lock();
        let by_address = device.parse().ok().and_then(|address| host.function_at(address));
        let found = by_address.or_else(|| host.function_named(device));
        found.ok_or_else(|| {
            let names = host.functions().map(|(_, endpoint)| endpoint.profile().name.clone());
            let similar = similar::to(device, names);
            Failure::NoSuchFunction { name: device.to_owned(), similar }
        })
    }

    /// Opens the function in the name of a process that may run everywhere.
    pub(crate) fn open(&self, id: FunctionId) -> Result<EmuDevice, Failure> {
        EmuDevice::open(&self.host, id, Caller::anywhere()).map_err(|error| Failure::Emulated {
            device: self.host.lock().endpoint(id).bdf().to_string(),
            reason: error.to_string(),
        })
    }

    /// The function as it is now.
    pub(crate) fn report(&self, id: FunctionId) -> FunctionReport {
        let view = self.view(id);
        let mut host = self.host.lock();
        let mut report = FunctionReport::from(&view);
        report.name = Some(host.endpoint(id).profile().name.clone());
        let caller = Caller::anywhere();
        let mut hardware = host.view(id, &caller);
        if let (Some(tph), Some(view)) = (&mut report.tph, view.tph()) {
            tph.entries.extend(msix_entries(&mut hardware, view));
        }
        report
    }

    /// All that is known of the function; the firmware is asked.
    pub(crate) fn facts(&self, id: FunctionId) -> Facts {
        let view = self.view(id);
        let caller = Caller::anywhere();
        let mut host = self.host.lock();
        let topology = topology::of(host.profile());
        let mut hardware = host.view(id, &caller);
        let mut answer = [0; DsmCall::ANSWER_SIZE];
        let firmware = match hardware.evaluate_dsm(DsmCall::Functions, &mut answer) {
            Ok(_) if DsmCall::gives_tags(&answer) => Ok(()),
            Ok(_) => Err(FirmwareError::Absent),
            Err(why) => Err(why),
        };
        Facts::of_emulated(view, firmware, hardware.direct_tags_allowed(), topology)
    }

    /// What putting these entries on the function would write; the firmware is asked.
    pub(crate) fn rehearse(
        &self,
        id: FunctionId,
        mode: StMode,
        entries: &[(StIndex, TagSource)],
    ) -> Result<Vec<Change>, Failure> {
        let caller = Caller::anywhere();
        let mut host = self.host.lock();
        let device = host.endpoint(id).bdf().to_string();
        let changes = vfio_tph::rehearse(&mut host.view(id, &caller), mode, entries);
        Ok(changes.map_err(|error| vfio_tph::Error::Rehearsal { device, error })?)
    }

    fn view(&self, id: FunctionId) -> FunctionView {
        let caller = Caller::anywhere();
        let mut host = self.host.lock();
        let port = host.endpoint(id).profile().root_port.clone();
        let port =
            host.profile().root_ports.iter().find(|known| Some(&known.name) == port.as_ref());
        let port = port.map(|port| port.bdf);
        let mut view = host.view(id, &caller);
        let root_port = port.map(|address| {
            let register = view.root_port_device_capabilities_2();
            let port =
                register.and_then(|known| PortView::of_register(address, known, || Ok(false)));
            port.unwrap_or_else(|error| PortView::unreadable(address, error.into()))
        });
        let (address, ids) = (view.endpoint_mut().bdf(), Ids::read(&mut view).ok());
        let (port_type, tph) = (known(PortType::of(&mut view)), known(TphView::read(&mut view)));
        let mut found = FunctionView::new(address, ids, port_type, tph);
        found.root_port = root_port;
        found
    }
}

/// The profile at `path`; that of the demonstration for `demo` and for none.
pub(crate) fn profile(path: Option<&Path>) -> Result<Profile, Failure> {
    match path {
        None => Ok(Profile::demo()),
        Some(path) if path == Path::new(DEMO) => Ok(Profile::demo()),
        Some(path) => Ok(Profile::read(path)?),
    }
}

fn known<T>(answer: Result<T, AccessError>) -> Result<T, Unreadable> {
    answer.map_err(Unreadable::from)
}

/// The entries of a table in the MSI-X table, which only an emulated host lets anyone see.
fn msix_entries(hardware: &mut HostView<'_>, view: &TphView) -> Vec<EntryReport> {
    let Ok(StTable::Msix { entries }) = view.capability.table else { return Vec::new() };
    let requester = match view.control.map(tph::Control::enable) {
        Some(RequesterEnable::On(requester)) => requester,
        _ => view.capability.register.requester_type(),
    };
    let endpoint = hardware.endpoint_mut();
    let raw = (0..entries).map(StIndex).map_while(|index| Some((index, endpoint.st_entry(index)?)));
    raw.map(|(index, raw)| EntryReport::new(index, raw, requester)).collect()
}
