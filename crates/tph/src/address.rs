//! Names of things: functions on the bus, CPUs as the kernel and as the firmware number them.

use core::fmt;
use core::str::FromStr;

/// A CPU as Linux numbers it (the *logical* number), 0 to `nr_cpu_ids - 1`.
///
/// Firmware uses another number, [`AcpiUid`]; the two are equal on some machines only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(pub u32);

/// A CPU as firmware numbers it: the ACPI Processor UID of the MADT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AcpiUid(pub u32);

/// The address of a PCI function: segment (domain), bus, device 0 to 31, function 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bdf {
    /// PCI segment group, "domain" in Linux.
    pub segment: u16,
    /// Bus number.
    pub bus: u8,
    devfn: u8,
}

impl Bdf {
    /// The function at `segment:bus:device.function`, or `None` if `device` is over 31 or
    /// `function` over 7.
    pub const fn new(segment: u16, bus: u8, device: u8, function: u8) -> Option<Self> {
        if device > 31 || function > 7 {
            return None;
        }
        Some(Self { segment, bus, devfn: device << 3 | function })
    }

    /// The device number, 0 to 31.
    pub const fn device(self) -> u8 {
        self.devfn >> 3
    }

    /// The function number, 0 to 7.
    pub const fn function(self) -> u8 {
        self.devfn & 7
    }

    /// The 16-bit Requester ID that the function puts in its requests (PCIe 6.x, 2.2.6.2).
    pub const fn requester_id(self) -> u16 {
        u16::from_be_bytes([self.bus, self.devfn])
    }
}

impl fmt::Display for CpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AcpiUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Bdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, function) = (self.device(), self.function());
        write!(f, "{:04x}:{:02x}:{device:02x}.{function}", self.segment, self.bus)
    }
}

/// The text is not a PCI address such as `0000:01:00.0` or `01:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseBdfError;

impl fmt::Display for ParseBdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a PCI address: write it as 0000:01:00.0 or 01:00.0")
    }
}

impl core::error::Error for ParseBdfError {}

impl FromStr for Bdf {
    type Err = ParseBdfError;

    /// Reads `[segment:]bus:device.function`, hexadecimal; the segment defaults to 0.
    fn from_str(text: &str) -> Result<Self, ParseBdfError> {
        let (rest, function) = text.rsplit_once('.').ok_or(ParseBdfError)?;
        let (rest, device) = rest.rsplit_once(':').ok_or(ParseBdfError)?;
        let (segment, bus) = rest.split_once(':').unwrap_or(("0", rest));
        let (segment, bus) = (hex(segment, 4)?, hex(bus, 2)?);
        let (device, function) = (hex(device, 2)?, hex(function, 1)?);
        let byte = |value: u16| u8::try_from(value).map_err(|_| ParseBdfError);
        Self::new(segment, byte(bus)?, byte(device)?, byte(function)?).ok_or(ParseBdfError)
    }
}

fn hex(text: &str, digits: usize) -> Result<u16, ParseBdfError> {
    let plain = text.bytes().all(|b| b.is_ascii_hexdigit()) && text.len() <= digits;
    let value = u16::from_str_radix(text, 16).map_err(|_| ParseBdfError)?;
    plain.then_some(value).ok_or(ParseBdfError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["0000:01:00.0", "00ff:fe:1f.7", "ffff:00:02.1"] {
            assert_eq!(text.parse::<Bdf>().unwrap().to_string(), text);
        }
        assert_eq!("3:1f.7".parse::<Bdf>().unwrap().to_string(), "0000:03:1f.7");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "1", "01:00", "01:20.0", "01:00.8", "+1:00.0", "10000:00:00.0", "x:0.0"] {
            assert_eq!(text.parse::<Bdf>(), Err(ParseBdfError), "{text:?}");
        }
    }

    #[test]
    fn every_device_and_function_has_its_place() {
        for (device, function) in
            (0..=32).flat_map(|device| [(device, 0), (device, 7), (device, 8)])
        {
            let place = Bdf::new(0, 0, device, function).map(|bdf| (bdf.device(), bdf.function()));
            let there = device < 32 && function < 8;
            assert_eq!(place, there.then_some((device, function)));
        }
    }

    #[test]
    fn the_requester_id_is_bus_device_function() {
        assert_eq!("04:02.3".parse::<Bdf>().unwrap().requester_id(), 0x0413);
    }
}
