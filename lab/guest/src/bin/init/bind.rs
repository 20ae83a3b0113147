//! Finding the endpoints and binding them to the driver under test.

use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use tph_lab_wire::{Endpoint, Place, Plan};

const DEVICES: &str = "/sys/bus/pci/devices";

/// An endpoint that the guest has found and, if there is a driver, bound.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) group: String,
    pub(crate) port: Option<String>,
}

/// Finds and binds every endpoint of the plan.
pub(crate) fn all(plan: &Plan) -> Result<Vec<Bound>> {
    plan.endpoints.iter().map(|endpoint| one(endpoint, plan.driver.as_deref())).collect()
}

fn one(endpoint: &Endpoint, driver: Option<&str>) -> Result<Bound> {
    let address = find(endpoint)?;
    let device = Path::new(DEVICES).join(&address);
    if let Some(driver) = driver {
        bind(&device, &address, driver)?;
    }
    let group = link_name(&device.join("iommu_group"))
        .map_err(|source| Error::Group { address: address.clone(), source })?;
    let port = match &endpoint.place {
        Place::BelowPort { port, .. } => Some(port.clone()),
        Place::RootComplex { .. } => None,
    };
    Ok(Bound { name: endpoint.name.clone(), address, group, port })
}

/// The endpoint's full address; its bus number is whatever the firmware gave to the port.
fn find(endpoint: &Endpoint) -> Result<String> {
    let (folder, place): (PathBuf, _) = match &endpoint.place {
        Place::BelowPort { port, function } => {
            (Path::new(DEVICES).join(port), format!(":{function}"))
        }
        Place::RootComplex { address } => (DEVICES.into(), address.clone()),
    };
    let mut present = names(&folder);
    present.retain(|name| name.matches(':').count() == 2);
    present.iter().find(|name| name.ends_with(&place)).cloned().ok_or_else(|| Error::Absent {
        name: endpoint.name.clone(),
        place: folder.join(place).display().to_string(),
        present,
    })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(std::result::Result::ok);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn bind(device: &Path, address: &str, driver: &str) -> Result<()> {
    let wanted = device.join("driver_override");
    fs::write(&wanted, driver).map_err(Error::file("write", &wanted))?;
    let link = device.join("driver");
    if link.exists() && !link_name(&link).is_ok_and(|bound| bound == driver) {
        let unbind = link.join("unbind");
        fs::write(&unbind, address).map_err(Error::file("write", &unbind))?;
    }
    let probe = "/sys/bus/pci/drivers_probe";
    fs::write(probe, address).map_err(Error::file("write", probe))?;
    let bound = link_name(&link).unwrap_or_else(|_| "nothing".to_owned());
    if bound == driver {
        return Ok(());
    }
    Err(Error::Unbound { driver: driver.to_owned(), address: address.to_owned(), bound })
}

fn link_name(link: &Path) -> std::io::Result<String> {
    let target = fs::read_link(link)?;
    Ok(target.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
