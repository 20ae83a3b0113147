//! Capabilities captured from real devices (`pciutils tests/pri-pasid`, the documentation of the
//! `pcics` crate) decode as their owners say.

use crate::fake::Fake;
use tph::{
    ConfigOffset, ConfigSpace, Control, ExtendedHeader, RequesterEnable, RequesterType, StIndex,
    StMode, StTable, TphCapability, entry_offset,
};

/// Puts the bytes of a capability at `offset`, with the list leading there.
fn function(offset: u16, bytes: &[u8]) -> Fake {
    let mut fake = Fake::new(0);
    fake.config[0x100 / 4..].fill(0);
    fake.config[0x100 / 4] = u32::from(offset) << 20 | 0x0001_0001;
    for (n, chunk) in bytes.chunks_exact(4).enumerate() {
        let value = u32::from_le_bytes(chunk.try_into().unwrap());
        fake.config[usize::from(offset) / 4 + n] = value;
    }
    fake
}

fn entry(fake: &mut Fake, capability: &TphCapability, index: u16) -> u16 {
    let (dword, upper) = entry_offset(capability.offset, StIndex(index)).unwrap();
    let value = fake.read_config(dword).unwrap();
    if upper { (value >> 16) as u16 } else { (value & 0xffff) as u16 }
}

#[test]
fn intel_dsa() {
    let bytes = [0x17, 0, 1, 0x17, 5, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0x0a, 0].map(|byte: u8| byte);
    let mut fake = function(0x160, &bytes);
    let capability = TphCapability::find(&mut fake).unwrap().unwrap();
    let modes: Vec<_> = capability.register.modes().iter().collect();
    assert_eq!(modes, [StMode::NoSt, StMode::DeviceSpecific]);
    assert_eq!(capability.register.requester_type(), RequesterType::Tph);
    assert_eq!(capability.table, Ok(StTable::Capability { entries: 2 }));
    let control = Control(fake.read_config(capability.control().unwrap()).unwrap());
    assert_eq!(control.mode(), Some(StMode::DeviceSpecific));
    assert_eq!(control.enable(), RequesterEnable::On(RequesterType::Tph));
    let table = [0, 1].map(|index| entry(&mut fake, &capability, index));
    assert_eq!(table, [0x0000, 0x000a]);
    let header = ExtendedHeader(fake.read_config(capability.offset).unwrap());
    assert_eq!((header.version(), header.next()), (1, ConfigOffset::new(0x170)));
}

#[test]
fn intel_i210() {
    let mut bytes = vec![0x17, 0, 1, 0x1c, 5, 2, 7, 0];
    bytes.resize(28, 0);
    let mut fake = function(0x1a0, &bytes);
    let capability = TphCapability::find(&mut fake).unwrap().unwrap();
    assert_eq!(capability.offset.get(), 0x1a0);
    assert_eq!(capability.table, Ok(StTable::Capability { entries: 8 }));
    let control = Control(fake.read_config(capability.control().unwrap()).unwrap());
    assert_eq!(control.mode(), Some(StMode::NoSt));
    assert_eq!(control.enable(), RequesterEnable::Off);
}
