//! The hot-plug slot of an endpoint.

use std::thread;
use std::time::Duration;

use tph::{ConfigOffset, ConfigSpace, find_capability};
use tph_lab_guest::bind::rebind;
use tph_lab_guest::{ConfigFile, Control, Failure, wait};
use vfio_tph::{Bdf, Host, VfioFunction};

use super::{OURS, Outcome};

const EXPRESS: u8 = 0x10;
/// Slot Control (PCIe 6.x, 7.5.3.10).
const SLOT_CONTROL: u16 = 0x18;
const HOT_PLUG_INTERRUPT: u16 = 1 << 5;
const POWER_INDICATOR_ON: u16 = 1 << 8;
const POWER_INDICATOR_OFF: u16 = 3 << 8;
const POWER_CONTROLLER_OFF: u16 = 1 << 10;
/// How long the kernel may take to see, power or take down what is in a slot. After the button was
/// pressed it waits 5 s by itself.
const LIMIT: Duration = Duration::from_secs(60);
/// From the indicator's going off until the kernel's slot counts as off. QEMU presses the button of the
/// slot that it puts a card into, and in a slot that is on, that asks for the card back.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// A slot; its registers are those of the root port above.
pub(crate) struct Slot {
    address: Bdf,
    port: ConfigFile,
    control: ConfigOffset,
}

impl Slot {
    /// The slot of the function at `address`. Its indicator goes on, as the kernel has it for what is
    /// put into a slot, but not for what was in it from the beginning.
    pub(crate) fn of(address: Bdf) -> Result<Self, Failure> {
        let folder = Host::default().folder(address).canonicalize()?;
        let port = folder.parent().and_then(|parent| parent.file_name()).unwrap_or_default();
        let mut port = ConfigFile::open(port.to_string_lossy().parse()?)?;
        let express = find_capability(&mut port, EXPRESS)?.ok_or("no PCI Express capability")?;
        let control = ConfigOffset::new(express.get() + SLOT_CONTROL).ok_or("no Slot Control")?;
        let mut slot = Self { address, port, control };
        let on = slot.control()? & !POWER_INDICATOR_OFF | POWER_INDICATOR_ON;
        slot.port.write16(control, on)?;
        Ok(slot)
    }

    /// Takes the card out of the slot, and the kernel learns nothing of it yet. QEMU takes a card out
    /// when its slot's power and indicator go off.
    pub(crate) fn pull_silently(&mut self) -> Result<Silence<'_>, Failure> {
        let before = self.control()?;
        let off = before & !HOT_PLUG_INTERRUPT | POWER_INDICATOR_OFF | POWER_CONTROLLER_OFF;
        self.port.write16(self.control, off)?;
        Ok(Silence { slot: self, before })
    }

    /// Takes the card out of the slot, which says so.
    pub(crate) fn pull(&mut self) -> Outcome {
        self.pull_silently()?.end()
    }

    fn control(&mut self) -> Result<u16, Failure> {
        let [a, b, ..] = self.port.read_config(self.control)?.to_le_bytes();
        Ok(u16::from_le_bytes([a, b]))
    }

    /// Waits until the kernel has taken the device down and is done with the slot: the last thing
    /// that it does is to turn the indicator off.
    pub(crate) fn expect_gone(&mut self) -> Outcome {
        const OFF: u16 = POWER_CONTROLLER_OFF | POWER_INDICATOR_OFF;
        let folder = Host::default().folder(self.address);
        wait::until("removal", LIMIT, || Ok(!folder.exists()))?;
        wait::until("slot that is off", LIMIT, || Ok(self.control()? & OFF == OFF))?;
        thread::sleep(AFTERWARDS);
        Ok(())
    }

    /// Puts the card called `name` back, and waits until the driver under test has it.
    pub(crate) fn plug(&self, control: &mut Control, name: &str) -> Outcome {
        self.plug_for_another(control, name)?;
        // For a moment it has a driver that is not ready.
        wait::until("driver", LIMIT, || Ok(VfioFunction::open(self.address).is_ok()))
    }

    /// The same without opening it, which somebody else is to do.
    pub(crate) fn plug_for_another(&self, control: &mut Control, name: &str) -> Outcome {
        control.plug(name)?;
        // For a moment the device is there and takes no driver.
        wait::until("device", LIMIT, || Ok(rebind(self.address, OURS).is_ok()))
    }
}

/// A slot that was emptied and has not said so.
pub(crate) struct Silence<'a> {
    slot: &'a mut Slot,
    before: u16,
}

impl Silence<'_> {
    /// Switches the slot back on as it was, its interrupt with it: the kernel finds a slot that it
    /// has not touched and that is empty.
    pub(crate) fn end(self) -> Outcome {
        Ok(self.slot.port.write16(self.slot.control, self.before)?)
    }
}
