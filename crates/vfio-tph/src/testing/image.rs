//! Configuration spaces made by hand, as a dump prints them and as sysfs shows them.

use std::fmt::Write;

/// The bytes of one configuration space.
#[derive(Clone, Debug)]
pub(crate) struct ConfigImage(pub(crate) Vec<u8>);

impl ConfigImage {
    pub(crate) fn set(mut self, offset: usize, value: u32) -> Self {
        self.0[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.0.truncate(bytes);
        self
    }

    /// As `lspci -xxxx` prints it.
    pub(crate) fn dump(&self, address: &str) -> String {
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

fn express(port_type: u32, device_capabilities_2: u32) -> ConfigImage {
    ConfigImage(vec![0; 4096])
        .set(0x00, 0x1572_8086)
        .set(0x04, 0x0010_0000)
        .set(0x08, 0x0200_0001)
        .set(0x34, 0x40)
        .set(0x40, port_type << 20 | 0x0002_0010)
        .set(0x64, device_capabilities_2)
}

/// An endpoint with a TPH capability at 0x160: no-ST and device-specific mode, 3 entries.
pub(crate) fn endpoint() -> ConfigImage {
    express(0, 0)
        .set(0x100, 0x1601_0001)
        .set(0x160, 0x0001_0017)
        .set(0x164, 0x0002_0205)
        .set(0x168, 0x0000_0102)
        .set(0x16c, 0x000b_000a)
        .set(0x170, 0xdead_000c)
}

/// A root port that takes 8-bit tags and leads to bus `secondary`.
pub(crate) fn root_port(secondary: u8) -> ConfigImage {
    express(4, 0x1000).set(0x0c, 0x0001_0000).set(0x18, u32::from(secondary) << 8)
}
