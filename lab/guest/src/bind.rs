//! Giving a function to another driver.

use std::path::PathBuf;
use std::{fs, io};

use vfio_tph::Bdf;

/// The driver under test.
pub const OURS: &str = "vfio-pci-tph";

/// Takes the function at `address` from its driver and gives it to `driver`.
///
/// # Errors
/// What sysfs answered, and if another driver has the function afterwards.
pub fn rebind(address: Bdf, driver: &str) -> io::Result<()> {
    let device = PathBuf::from(format!("/sys/bus/pci/devices/{address}"));
    if device.join("driver").exists() {
        fs::write(device.join("driver/unbind"), address.to_string())?;
    }
    fs::write(device.join("driver_override"), driver)?;
    fs::write("/sys/bus/pci/drivers_probe", address.to_string())?;
    let bound = fs::read_link(device.join("driver"))?;
    match bound.file_name() {
        Some(name) if name == driver => Ok(()),
        other => Err(io::Error::other(format!("{address} is bound to {other:?}, not {driver}"))),
    }
}
