//! Numbers in plain words.

use textwrap::{WordSeparator, WordSplitter};
use tph::{PortType, RequesterEnable, StMode, StTable, TableLocation};
use vfio_tph::Unreadable;

/// A word of a command line, quoted for a shell if it has to be.
pub(crate) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

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

/// What stands for the identity of a function that shows none, for `tph` is what is known of its
/// registers: it is there no longer, or it could not be looked at.
pub(crate) fn no_identity<T>(tph: &Result<T, Unreadable>) -> &'static str {
    match tph {
        Err(Unreadable::Gone) => "gone",
        _ => "unknown",
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

/// Numbers in ascending order as short as can be: `0-7,128-135`, and `0-62 by 2` for every second one.
pub(crate) fn numbers(numbers: impl IntoIterator<Item = u32>) -> String {
    /// Fewer with gaps between are told one by one.
    const SERIES: usize = 4;
    let numbers: Vec<_> = numbers.into_iter().collect();
    let mut rest = numbers.as_slice();
    let mut parts = Vec::new();
    while let [first, others @ ..] = rest {
        let step = others.first().map_or(0, |second| second - first);
        let steps = rest.windows(2).take_while(|pair| pair[1] - pair[0] == step).count();
        let last = rest[steps];
        let taken = match step {
            1 => {
                parts.push(format!("{first}-{last}"));
                steps + 1
            }
            _ if steps + 1 >= SERIES => {
                parts.push(format!("{first}-{last} by {step}"));
                steps + 1
            }
            _ => {
                parts.push(first.to_string());
                1
            }
        };
        rest = &rest[taken..];
    }
    parts.join(",")
}

/// Wraps lines of plain text, and only where there is a space.
pub(crate) fn wrapping(width: usize) -> textwrap::Options<'static> {
    let options = textwrap::Options::new(width).word_splitter(WordSplitter::NoHyphenation);
    options.word_separator(WordSeparator::AsciiSpace)
}

/// A size of a cache, given in bytes.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => count(bytes, "byte"),
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
    fn numbers_are_told_in_runs_and_series() {
        for (list, text) in [
            (vec![], ""),
            (vec![3], "3"),
            (vec![0, 1], "0-1"),
            (vec![0, 1, 2, 128, 129], "0-2,128-129"),
            (vec![0, 2, 4, 6, 8], "0-8 by 2"),
            (vec![0, 2, 4], "0,2,4"),
            (vec![0, 2, 3, 4], "0,2-4"),
            (vec![1, 5, 6, 10, 14, 18, 22], "1,5-6,10-22 by 4"),
        ] {
            assert_eq!(numbers(list.iter().copied()), text, "{list:?}");
        }
    }

    #[test]
    fn sizes_are_told_in_the_largest_unit_that_fits() {
        assert_eq!(size(32 << 20), "32 MiB");
        assert_eq!(size(1280 << 10), "1280 KiB");
        assert_eq!(size(100), "100 bytes");
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
