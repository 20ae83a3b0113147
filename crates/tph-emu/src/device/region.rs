//! Regions: what a driver reads and writes of the device.

use tph_abi::Errno;

use super::EmuDevice;
use crate::endpoint::{Endpoint, layout, msix};

/// A region of a VFIO device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// A BAR, 0 to 5.
    Bar(u8),
    /// Configuration space.
    Config,
}

impl Region {
    /// The region with this VFIO index, `None` if the device has none (the ROM, VGA, 9 and up).
    pub const fn from_index(index: u32) -> Option<Self> {
        match index {
            0..=5 => Some(Self::Bar(index.to_le_bytes()[0])),
            7 => Some(Self::Config),
            _ => None,
        }
    }
}

impl EmuDevice {
    /// The size of a region in bytes, 0 for a BAR that is not there.
    pub fn region_size(&self, region: Region) -> u64 {
        match region {
            Region::Bar(bar) => {
                u64::from(self.host().lock().endpoint(self.function()).bar_size(bar))
            }
            Region::Config => u64::from(tph::ConfigOffset::SPACE),
        }
    }

    /// Reads a region. The MSI-X table reads as all ones, as it does through VFIO.
    ///
    /// # Errors
    /// `EINVAL` outside of the region, `ENODEV` if the function is gone, `EIO` for a BAR while memory
    /// accesses are turned off.
    pub fn region_read(&self, region: Region, offset: u64, into: &mut [u8]) -> Result<(), Errno> {
        self.inside(region, offset, into.len())?;
        let mut host = self.host().lock();
        let endpoint = host.endpoint_mut(self.function());
        match region {
            Region::Config => endpoint.config_read(offset, into).map_err(Errno::from),
            Region::Bar(_) if !endpoint.answers_memory() => Err(Errno::EIO),
            Region::Bar(msix::BAR) => {
                into.fill(0xff);
                Ok(())
            }
            Region::Bar(bar) => endpoint.bar_read(bar, offset, into).map_err(|_| Errno::EINVAL),
        }
    }

    /// Writes a region. Two kinds of writes are dropped, as VFIO drops them: to the TPH capability
    /// and to the MSI-X table.
    ///
    /// # Errors
    /// `EINVAL` outside of the region, `ENODEV` if the function is gone, `EIO` for a BAR while memory
    /// accesses are turned off.
    pub fn region_write(&self, region: Region, offset: u64, data: &[u8]) -> Result<(), Errno> {
        self.inside(region, offset, data.len())?;
        let mut host = self.host().lock();
        let endpoint = host.endpoint_mut(self.function());
        match region {
            Region::Config => {
                let written = write_config(endpoint, offset, data);
                host.exports_follow(self.function());
                let wants_reset = written?;
                drop(host);
                if wants_reset { self.reset() } else { Ok(()) }
            }
            Region::Bar(_) if !endpoint.answers_memory() => Err(Errno::EIO),
            Region::Bar(msix::BAR) => Ok(()),
            Region::Bar(bar) => endpoint.bar_write(bar, offset, data).map_err(|_| Errno::EINVAL),
        }
    }

    /// Reads configuration space.
    ///
    /// # Errors
    /// As [`region_read`](Self::region_read).
    pub fn config_read(&self, offset: u64, into: &mut [u8]) -> Result<(), Errno> {
        self.region_read(Region::Config, offset, into)
    }

    /// Lets the device make requests, or not any more (Bus Master Enable).
    ///
    /// # Errors
    /// As [`region_write`](Self::region_write).
    pub fn set_bus_master(&self, master: BusMaster) -> Result<(), Errno> {
        let mut command = [0; 2];
        let offset = u64::from(layout::COMMAND);
        self.config_read(offset, &mut command)?;
        let [low, ..] = layout::BUS_MASTER_ENABLE.to_le_bytes();
        match master {
            BusMaster::On => command[0] |= low,
            BusMaster::Off => command[0] &= !low,
        }
        self.region_write(Region::Config, offset, &command)
    }

    fn inside(&self, region: Region, offset: u64, length: usize) -> Result<(), Errno> {
        let end = offset.checked_add(length as u64).ok_or(Errno::EINVAL)?;
        if end <= self.region_size(region) { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

/// Writes configuration space register by register, without those that only the kernel writes. Says
/// whether the function is to be reset: VFIO keeps that bit to itself and does what
/// `VFIO_DEVICE_RESET` does.
fn write_config(endpoint: &mut Endpoint, offset: u64, data: &[u8]) -> Result<bool, Errno> {
    let mut data = data.to_vec();
    let reset_byte = Endpoint::reset_byte(offset).and_then(|at| data.get_mut(at));
    let wants_reset = reset_byte.is_some_and(|byte| {
        let wanted = *byte & layout::FUNCTION_RESET != 0;
        *byte &= !layout::FUNCTION_RESET;
        wanted
    });
    let (mut at, mut rest) = (offset, data.as_slice());
    while !rest.is_empty() {
        let room = usize::from(4 - at.to_le_bytes()[0] % 4);
        let (register, later) = rest.split_at(rest.len().min(room));
        if !endpoint.owned_by_kernel(at, register.len()) {
            endpoint.config_write(at, register)?;
        }
        at += register.len() as u64;
        rest = later;
    }
    Ok(wants_reset)
}

/// Whether a device may make requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusMaster {
    /// It may.
    On,
    /// It may not.
    Off,
}
