//! The TPH registers of one function.

use tph::entry_offset;
use tph::{AccessError, ConfigSpace, Control, ExtendedHeader, RequesterEnable, RequesterType};
use tph::{StIndex, StTable, TphCapability};

/// The TPH registers of one function at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TphView {
    /// The capability's header.
    pub header: ExtendedHeader,
    /// Where it lies and what it offers.
    pub capability: TphCapability,
    /// The control register; `None` in a capability that the end of the space cuts off.
    pub control: Option<Control>,
    /// The ST entries in the capability, from index 0. Empty if the table lies elsewhere, or if only
    /// registers were looked at.
    pub entries: Vec<u16>,
}

impl TphView {
    /// Reads the registers and the entries of a function; `None` if it has no TPH Requester
    /// capability.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn read(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Option<Self>, AccessError> {
        let Some(mut view) = Self::registers(space)? else {
            return Ok(None);
        };
        view.entries = entries(space, &view.capability)?;
        Ok(Some(view))
    }

    /// Reads the registers alone: [`entries`](Self::entries) is empty.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn registers(space: &mut (impl ConfigSpace + ?Sized)) -> Result<Option<Self>, AccessError> {
        let Some(capability) = TphCapability::find(space)? else {
            return Ok(None);
        };
        let header = ExtendedHeader(space.read_config(capability.offset)?);
        let control = match capability.control() {
            Some(offset) => Some(Control(space.read_config(offset)?)),
            None => None,
        };
        Ok(Some(Self { header, capability, control, entries: Vec::new() }))
    }

    /// Reads how TPH is on: the control register, and which tags the function sends. `None` without
    /// the capability, while TPH is off, and if the register holds a reserved value.
    ///
    /// # Errors
    /// [`AccessError`] if configuration space could not be read.
    pub fn when_on(
        space: &mut (impl ConfigSpace + ?Sized),
    ) -> Result<Option<(Control, RequesterType)>, AccessError> {
        let control = Self::registers(space)?.and_then(|view| view.control);
        Ok(control.and_then(|control| match control.enable() {
            RequesterEnable::On(requester) => Some((control, requester)),
            RequesterEnable::Off | RequesterEnable::Reserved => None,
        }))
    }
}

fn entries(
    space: &mut (impl ConfigSpace + ?Sized),
    capability: &TphCapability,
) -> Result<Vec<u16>, AccessError> {
    let Ok(StTable::Capability { entries }) = capability.table else {
        return Ok(Vec::new());
    };
    let mut bits = Vec::with_capacity(usize::from(entries));
    for index in (0..entries).step_by(2) {
        let Some((offset, _)) = entry_offset(capability.offset, StIndex(index)) else { break };
        let [a, b, c, d] = space.read_config(offset)?.to_le_bytes();
        bits.extend([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]);
    }
    bits.truncate(usize::from(entries));
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::config_file::ConfigFile;
    use crate::testing::endpoint;

    #[test]
    fn which_tags_are_sent_is_known_while_tph_is_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        for enable in (0..4).map(RequesterEnable::from_low_bits) {
            let control = Control(0).with_mode(tph::StMode::DeviceSpecific).with_enable(enable);
            std::fs::write(&path, endpoint().set(0x168, control.0).0).unwrap();
            let on = TphView::when_on(&mut ConfigFile::open(&path).unwrap()).unwrap();
            assert_eq!(on.is_some(), matches!(enable, RequesterEnable::On(_)), "{enable:?}");
            if let Some((read, requester)) = on {
                assert_eq!((read, RequesterEnable::On(requester)), (control, enable));
            }
        }
    }
}
