//! The device of another process.

use tph::{Bdf, StIndex, StMode};
use vfio_tph::experiment::Setting;
use vfio_tph::{Host, TphView, VfioConfig};

use super::{DeviceSwitch, Opened, Steered};
use crate::failure::Failure;

const NAME_ANOTHER: &str =
    "Name the device that the process has open, or the process that has this one.";

impl<'a> DeviceSwitch<'a> {
    /// Takes the device as its process has set it up; what it steers, and to which CPUs. Where the kernel
    /// did not say which device the descriptor is, this looks whether it can be the named one.
    pub(in super::super) fn share(opened: &'a Opened) -> Result<(Self, Steered), Failure> {
        let mut device = opened.tph();
        let name = device.name().to_owned();
        let address = crate::source::address(&name)?;
        let mode = mode_of(&name, address)?;
        if let Some(process) = opened.is_perhaps_of() {
            let found = control(opened);
            if found != Some(mode) {
                let found = found.map_or("off".to_owned(), |found| format!("on in {found} mode"));
                let why = format!("its TPH is {found}, and that of {name} is on in {mode} mode");
                return Err(another(name, process, &why));
            }
        }
        let entries = device.capability()?.table_entries;
        let indices: Vec<_> = (0..entries).map(StIndex).collect();
        let found = device.entries(&indices).unwrap_or_default();
        let known = indices.into_iter().zip(found);
        let readers = known.filter_map(|(index, entry)| Some((index, entry?.cpu))).collect();
        let steered = Steered { mode: Some(mode), batch: Vec::new(), readers };
        let (now, after, clear) = (Setting::On, Setting::On, Vec::new());
        Ok((Self { opened, device, mode, now, after, clear }, steered))
    }

    /// Makes sure that the descriptor is the device that was named, where the kernel did not say so: the
    /// named one must go off and on with it. Another one is left as it was.
    pub(in super::super) fn prove(&mut self) -> Result<(), Failure> {
        let Some(process) = self.opened.is_perhaps_of() else { return Ok(()) };
        let name = self.device.name().to_owned();
        let address = crate::source::address(&name)?;
        let host = Host::default();
        if self.is_followed_by(|| host.table_state(address).and_then(|state| state.mode))? {
            return Ok(());
        }
        let why = format!("TPH of {name} stayed as it was while that was turned off and on");
        Err(another(name, process, &why))
    }

    /// Whether the device whose mode `look` tells goes off and on with this one, which is on afterwards.
    pub(in super::super) fn is_followed_by(
        &mut self,
        look: impl Fn() -> Option<StMode>,
    ) -> Result<bool, Failure> {
        self.set(Setting::Off)?;
        let off = look().is_none();
        self.set(Setting::On)?;
        Ok(off && look() == Some(self.mode))
    }

    /// The process that has closed the device, if it has. There is nobody left to turn TPH on for: then the
    /// device stays as it is until this command, the last that has it, closes it.
    pub(super) fn closed_by(&mut self) -> Result<Option<u32>, Failure> {
        let closed = self.opened.closed_by()?;
        if closed.is_some() {
            self.after = self.now;
        }
        Ok(closed)
    }
}

/// The mode in which a driver has set up TPH of the device.
fn mode_of(name: &str, address: Bdf) -> Result<StMode, Failure> {
    let state = Host::default().table_state(address);
    let (reason, advice) = match state.map(|state| state.mode) {
        Some(Some(mode)) => return Ok(mode),
        Some(None) => (
            "the process has not turned TPH on",
            "Start it after the process has, or give a plan to hold the device yourself.",
        ),
        None => (
            "it is not bound to vfio-pci-tph, so that nothing says what its TPH is doing",
            "Bind it there (tph bind), or have its driver switch: --toggle.",
        ),
    };
    Err(Failure::Switch { device: name.to_owned(), reason: reason.to_owned(), advice })
}

/// The mode of the open device, as its own register has it; `None` while it is off.
fn control(opened: &Opened) -> Option<StMode> {
    let Opened::Shared { file, .. } = opened else { return None };
    let mut config = VfioConfig::new(file).ok()?;
    TphView::when_on(&mut config).ok()??.0.mode()
}

/// The one device of the process is not the named one.
fn another(device: String, process: u32, why: &str) -> Failure {
    let reason = format!(
        "the one VFIO device that process {process} has open is another: {why} (this kernel does not say \
         which device a descriptor is)"
    );
    Failure::Switch { device, reason, advice: NAME_ANOTHER }
}

#[cfg(test)]
mod tests;
