//! Turning steering on and off.

mod shared;

use tph::{StIndex, StMode};
use vfio_tph::TphDevice;
use vfio_tph::experiment::Setting;

use super::load::{End, Ends};
use super::program::ProgramSwitch;
use super::steered::Steered;
use crate::failure::Failure;
use crate::verbs::opened::{Carrier, Opened};

/// Who turns it on and off.
pub(super) enum Switch<'a> {
    /// This command, on the device that it holds or another process has.
    Device(DeviceSwitch<'a>),
    /// A program.
    Program(ProgramSwitch),
}

/// A device that is turned on and off. Its entries stay meanwhile: what changes is whether they are sent. When this is dropped,
/// the device is left as [`Switch::finish`] leaves it, if it was not yet.
pub(super) struct DeviceSwitch<'a> {
    opened: &'a Opened,
    device: TphDevice<Carrier<'a>>,
    mode: StMode,
    now: Setting,
    /// How it is left.
    after: Setting,
    /// The entries that are to be cleared at the end.
    clear: Vec<StIndex>,
}

impl<'a> DeviceSwitch<'a> {
    /// Puts the entries on a device that this command holds.
    pub(super) fn hold(
        opened: &'a Opened,
        mode: StMode,
        steered: &Steered,
    ) -> Result<Self, Failure> {
        let mut device = opened.tph();
        device.capability()?;
        let mut tph = device.enable(mode)?;
        tph.program(&steered.batch)?;
        tph.leave_on();
        let (now, after, clear) = (Setting::On, Setting::Off, steered.indices());
        Ok(Self { opened, device, mode, now, after, clear })
    }

    fn set(&mut self, setting: Setting) -> Result<(), Failure> {
        if setting != self.now {
            match setting {
                Setting::On => self.device.enable(self.mode)?.leave_on(),
                Setting::Off => self.device.disable()?,
            }
            self.now = setting;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let cleared = self.clear();
        let after = self.after;
        cleared.and(self.set(after))
    }

    /// Makes the entries 0, which takes TPH to be on.
    fn clear(&mut self) -> Result<(), Failure> {
        let clear = std::mem::take(&mut self.clear);
        if clear.is_empty() {
            return Ok(());
        }
        self.set(Setting::On)?;
        Ok(self.device.clear(&clear)?)
    }
}

impl Drop for DeviceSwitch<'_> {
    fn drop(&mut self) {
        // Whatever was to be said has been said.
        let _ = self.finish();
    }
}

impl Switch<'_> {
    /// The device's name.
    pub(super) fn device(&self) -> &str {
        match self {
            Self::Device(switch) => switch.device.name(),
            Self::Program(switch) => &switch.device,
        }
    }

    /// Turns steering on or off, and hears meanwhile of the end.
    pub(super) fn set(&mut self, setting: Setting, ends: &Ends) -> Result<Option<End>, Failure> {
        match self {
            Self::Device(switch) => switch.set(setting).map(|()| None),
            Self::Program(switch) => switch.set(setting, Some(ends)),
        }
    }

    /// What ended the experiment without a word, if something did: the process has closed its device.
    pub(super) fn end(&mut self) -> Result<Option<End>, Failure> {
        match self {
            Self::Device(switch) => Ok(switch.closed_by()?.map(End::Closed)),
            Self::Program(_) => Ok(None),
        }
    }

    /// Leaves the device as it was before: held by this command off with entries of 0, otherwise on.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        match self {
            Self::Device(switch) => switch.finish(),
            Self::Program(switch) => switch.finish(),
        }
    }
}
