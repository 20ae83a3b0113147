//! Numbers in plain words.

use tph::{PortType, RequesterEnable, StMode, StTable, TableLocation};

/// What a class code means, as far as a list wants to know.
pub(crate) fn class(code: u32) -> &'static str {
    let [_, subclass, base, _] = code.to_le_bytes();
    match (base, subclass) {
        (0x01, 0x07) => "SAS controller",
        (0x01, 0x08) => "NVMe controller",
        (0x01, _) => "storage controller",
        (0x02, 0x00) => "Ethernet controller",
        (0x02, 0x07) => "InfiniBand controller",
        (0x02, _) => "network controller",
        (0x03, _) => "display controller",
        (0x05, 0x02) => "CXL memory",
        (0x05, _) => "memory controller",
        (0x06, 0x00) => "host bridge",
        (0x06, 0x04) => "PCI bridge",
        (0x06, _) => "bridge",
        (0x08, _) => "system peripheral",
        (0x0b, _) => "processor",
        (0x0c, 0x03) => "USB controller",
        (0x0c, _) => "serial bus controller",
        (0x12, _) => "processing accelerator",
        _ => "device",
    }
}

/// What a function is on the bus (PCIe 6.x, 7.5.3.2).
pub(crate) fn port_type(port_type: Option<PortType>) -> String {
    let Some(port_type) = port_type else { return "conventional PCI function".into() };
    match port_type.bits() {
        0 => "PCI Express endpoint".into(),
        1 => "legacy PCI Express endpoint".into(),
        4 => "root port".into(),
        5 => "upstream port of a switch".into(),
        6 => "downstream port of a switch".into(),
        7 => "PCI Express to PCI bridge".into(),
        8 => "PCI to PCI Express bridge".into(),
        9 => "endpoint inside the root complex".into(),
        10 => "event collector of the root complex".into(),
        reserved => format!("reserved type {reserved}"),
    }
}

/// A mode as JSON and the command line name it.
pub(crate) const fn mode(mode: StMode) -> &'static str {
    match mode {
        StMode::NoSt => "no-st",
        StMode::InterruptVector => "interrupt-vector",
        StMode::DeviceSpecific => "device-specific",
    }
}

/// Where a table lies, as JSON names it.
pub(crate) const fn table_location(location: TableLocation) -> &'static str {
    match location {
        TableLocation::None => "none",
        TableLocation::Capability => "capability",
        TableLocation::MsixTable => "msix-table",
        TableLocation::Reserved => "reserved",
    }
}

/// Whether a requester is on, as JSON names it.
pub(crate) const fn requester(enable: RequesterEnable) -> &'static str {
    match enable {
        RequesterEnable::Off => "off",
        RequesterEnable::On(tph::RequesterType::Tph) => "on-8-bit",
        RequesterEnable::On(tph::RequesterType::ExtendedTph) => "on-16-bit",
        RequesterEnable::Reserved => "reserved",
    }
}

/// A table in a few words.
pub(crate) fn table(table: StTable) -> String {
    match table {
        StTable::None => "none".into(),
        StTable::Capability { entries } => {
            format!("{} in the capability", count(entries.into(), "entry"))
        }
        StTable::Msix { entries } => {
            format!("{} in the MSI-X table", count(entries.into(), "entry"))
        }
    }
}

/// A number of things.
pub(crate) fn count(number: u64, thing: &str) -> String {
    match (number, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) if !thing.ends_with("ey") => format!("{number} {stem}ies"),
        _ if thing.ends_with('s') => format!("{number} {thing}es"),
        _ => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_in_english() {
        assert_eq!(count(1, "entry"), "1 entry");
        assert_eq!(count(2, "entry"), "2 entries");
        assert_eq!(count(0, "function"), "0 functions");
        assert_eq!([count(1, "process"), count(2, "process")], ["1 process", "2 processes"]);
    }

    #[test]
    fn classes_of_interest_have_names() {
        for (code, name) in [
            (0x02_0000, "Ethernet controller"),
            (0x02_8000, "network controller"),
            (0x01_0802, "NVMe controller"),
            (0x08_8000, "system peripheral"),
            (0xff_0000, "device"),
        ] {
            assert_eq!(class(code), name, "{code:#x}");
        }
    }
}
