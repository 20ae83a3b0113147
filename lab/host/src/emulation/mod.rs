//! The emulated hosts of the profiles, put together into one machine for QEMU.
//!
//! Every function is served on a socket of its own; the guest's questions about it are answered
//! from the same hardware, past the guest. Of several profiles the first gives the CPUs and the
//! firmware, and each adds its root ports and functions.

mod known;
mod layout;

use crate::machine::Hardware;
use crate::run::Endpoints;
use crate::{Error, Result};
use known::Known;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tph_emu::vfio_user::{ServerHandle, serve};
use tph_emu::{Host, Profile, SharedHost, ssdt};

/// Running functions; they end with this value.
pub(crate) struct Emulation {
    hardware: Hardware,
    endpoints: Arc<Known>,
    _servers: Vec<ServerHandle>,
}

impl Emulation {
    /// Reads the profiles and serves their functions on sockets in `folder`.
    pub(crate) fn start(profiles: &[PathBuf], folder: &Path) -> Result<Self> {
        let profiles = profiles
            .iter()
            .map(|path| Profile::read(path).map_err(Error::Profile))
            .collect::<Result<Vec<_>>>()?;
        let mut hardware = layout::lay_out(&profiles, folder)?;
        let mut known = Known::of(profiles.first());
        let mut servers = Vec::new();
        for profile in &profiles {
            let host = SharedHost::new(Host::new(profile));
            let ids: Vec<_> = host.lock().functions().map(|(id, _)| id).collect();
            for id in ids {
                let function = &hardware.functions[known.len()];
                servers.push(serve(host.clone(), id, &function.socket).map_err(Error::Serve)?);
                known.add(&function.name, host.clone(), id);
            }
        }
        if let Some(table) = profiles.first().and_then(ssdt::table) {
            let path = folder.join("ssdt.aml");
            fs::write(&path, table).map_err(Error::file("write", &path))?;
            hardware.acpi_tables.push(path);
        }
        Ok(Self { hardware, endpoints: Arc::new(known), _servers: servers })
    }

    /// What QEMU is to show the guest.
    pub(crate) fn hardware(&self) -> Hardware {
        self.hardware.clone()
    }

    /// Who answers questions about the functions.
    pub(crate) fn endpoints(&self) -> Arc<dyn Endpoints> {
        Arc::clone(&self.endpoints) as Arc<dyn Endpoints>
    }
}
