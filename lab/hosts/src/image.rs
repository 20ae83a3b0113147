//! Configuration spaces made by hand, as a dump prints them and as sysfs shows them.

use std::fmt::Write;

use tph::{AccessError, ConfigOffset, ConfigSpace};

/// The bytes of one configuration space.
#[derive(Clone, Debug)]
pub struct ConfigImage(pub Vec<u8>);

/// Device/Port Types (PCIe 6.x, 7.5.3.2) that the hosts here have.
pub(crate) const ENDPOINT: u32 = 0;
pub(crate) const ROOT_PORT: u32 = 4;
pub(crate) const UPSTREAM: u32 = 5;
pub(crate) const DOWNSTREAM: u32 = 6;
pub(crate) const INTEGRATED: u32 = 9;

impl ConfigImage {
    /// A PCI Express function of a type, with its Device Capabilities 2.
    pub fn express(port_type: u32, device_capabilities_2: u32) -> Self {
        Self(vec![0; 4096])
            .ids(0x1572_8086, 0x02_0000)
            .set(0x04, 0x0010_0000)
            .set(0x34, 0x40)
            .set(0x40, port_type << 20 | 0x0002_0010)
            .set(0x64, device_capabilities_2)
    }

    /// Another dword.
    #[must_use]
    pub fn set(mut self, offset: usize, value: u32) -> Self {
        self.0[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// Another maker (device ID, then vendor ID) and class.
    #[must_use]
    pub fn ids(self, ids: u32, class: u32) -> Self {
        self.set(0x00, ids).set(0x08, class << 8 | 1)
    }

    /// A bridge to bus `secondary`.
    #[must_use]
    pub fn bridge(self, secondary: u8) -> Self {
        self.ids(0x2030_8086, 0x06_0400).set(0x0c, 0x0001_0000).set(0x18, u32::from(secondary) << 8)
    }

    /// Extended capabilities from 0x100 on, the dwords of each, one after another: the headers'
    /// pointers are put in.
    ///
    /// # Panics
    /// If they do not fit.
    #[must_use]
    pub fn extended(mut self, capabilities: &[&[u32]]) -> Self {
        let mut at = 0x100;
        for (number, capability) in capabilities.iter().enumerate() {
            let next = at + 4 * capability.len();
            let pointer = if number + 1 < capabilities.len() { next } else { 0 };
            for (index, value) in capability.iter().enumerate() {
                let pointer = if index == 0 { u32::try_from(pointer).unwrap() << 20 } else { 0 };
                self = self.set(at + 4 * index, value | pointer);
            }
            at = next;
        }
        self
    }

    /// The same list, as long as the largest devices of today have it: power management, MSI and
    /// MSI-X before PCI Express, and `extended` capabilities without meaning here.
    ///
    /// # Panics
    /// If they do not fit.
    #[must_use]
    pub fn crowded(self, extended: usize) -> Self {
        let express = [self.0[0x42], self.0[0x43]];
        let devcap2 = u32::from_le_bytes(*self.0[0x64..].first_chunk().unwrap());
        let crowd: Vec<[u32; 2]> =
            (0..extended).map(|id| [(u32::try_from(id).unwrap() + 1) | 1 << 16, 0]).collect();
        let crowd: Vec<&[u32]> = crowd.iter().map(<[u32; 2]>::as_slice).collect();
        self.set(0x40, 0x5001)
            .set(0x50, 0x7005)
            .set(0x70, 0x9011)
            .set(0x90, 0x0010 | u32::from(u16::from_le_bytes(express)) << 16)
            .set(0xb4, devcap2)
            .extended(&crowd)
    }

    /// The first bytes only.
    #[must_use]
    pub fn cut(mut self, bytes: usize) -> Self {
        self.0.truncate(bytes);
        self
    }

    /// As `lspci -xxxx` prints it.
    pub fn dump(&self, address: &str) -> String {
        let mut text = format!("{address} Ethernet controller: made by hand\n");
        for (row, bytes) in self.0.chunks(16).enumerate() {
            write!(text, "{:02x}:", row * 16).unwrap();
            for byte in bytes {
                write!(text, " {byte:02x}").unwrap();
            }
            text.push('\n');
        }
        text + "\n"
    }
}

/// To be read only; what lies past its end cannot be.
impl ConfigSpace for &ConfigImage {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let bytes = self.0.get(usize::from(offset.get())..).and_then(<[u8]>::first_chunk);
        bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(AccessError::Failed)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}

/// An endpoint with a TPH capability at 0x160: no-ST and device-specific mode, 3 entries.
pub fn endpoint() -> ConfigImage {
    ConfigImage::express(ENDPOINT, 0)
        .set(0x100, 0x1601_0001)
        .set(0x160, 0x0001_0017)
        .set(0x164, 0x0002_0205)
        .set(0x168, 0x0000_0102)
        .set(0x16c, 0x000b_000a)
        .set(0x170, 0xdead_000c)
}

/// A root port that takes 8-bit tags and leads to bus `secondary`.
pub fn root_port(secondary: u8) -> ConfigImage {
    ConfigImage::express(ROOT_PORT, 0x1000)
        .set(0x0c, 0x0001_0000)
        .set(0x18, u32::from(secondary) << 8)
}
