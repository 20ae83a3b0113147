//! Open and close leave TPH off and no tag behind by themselves: on a device that nothing resets,
//! where a function level reset cannot do it for them.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use tph::{ConfigOffset, TphCapability};
use tph_lab_guest::{Control, Endpoint, Failure, Suite};
use vfio_tph::{StMode, VfioFunction};

type Outcome = Result<(), Failure>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let Some(device) = Endpoint::named("inside") else { return };
    suite.test("no_reset::open_and_close_clear_a_device_that_nothing_resets", || {
        let methods = format!("/sys/bus/pci/devices/{}/reset_method", device.address);
        fs::write(&methods, "\n")?;
        let outcome = open_and_close(&device, control);
        fs::write(&methods, "default")?;
        outcome
    });
}

/// The control register and the table of a device, which the host reads outside of the guest.
struct Registers<'a> {
    device: &'a Endpoint,
    control: &'a mut Control,
    at: ConfigOffset,
    dwords: u16,
}

impl Registers<'_> {
    fn held(&mut self) -> Result<Vec<u32>, Failure> {
        Ok(self.control.registers(&self.device.name, self.at.get(), self.dwords)?)
    }

    /// Puts a tag into every entry behind the back of the driver; the control register if wanted.
    fn spoil(&mut self, control: Option<u32>) -> Outcome {
        let path = format!("/sys/bus/pci/devices/{}/config", self.device.address);
        let config = OpenOptions::new().write(true).open(path)?;
        let at = u64::from(self.at.get());
        if let Some(control) = control {
            config.write_all_at(&control.to_le_bytes(), at)?;
        }
        for dword in 1..u64::from(self.dwords) {
            config.write_all_at(&0x1234_5678_u32.to_le_bytes(), at + 4 * dword)?;
        }
        let held = self.held()?;
        if held.contains(&0) { Err(format!("spoiled, it holds {held:x?}").into()) } else { Ok(()) }
    }

    fn expect_clear(&mut self, when: &str) -> Outcome {
        let held = self.held()?;
        if held.iter().any(|dword| *dword != 0) {
            return Err(format!("{when} it holds {held:x?}").into());
        }
        Ok(())
    }
}

fn open_and_close(device: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(device.address)?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    drop(function);
    let at = capability.control().ok_or("no control register")?;
    let dwords = 1 + capability.table_entries().div_ceil(2);
    let mut registers = Registers { device, control, at, dwords };
    registers.spoil(Some(0x302))?;
    let function = VfioFunction::open(device.address)?;
    registers.expect_clear("opened")?;
    std::mem::forget(function.tph().into_enabled(StMode::DeviceSpecific)?);
    registers.spoil(None)?;
    drop(function);
    registers.expect_clear("closed")
}
