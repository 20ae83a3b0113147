//! The text of a dump, line by line.

use tph::{Bdf, ConfigOffset};

use super::image::Image;

/// A line of a dump that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
#[non_exhaustive]
pub struct DumpError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: DumpErrorKind,
}

/// What is wrong with a line of a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DumpErrorKind {
    /// The text ends without a single function.
    #[error("no function found; this is not the output of lspci")]
    Empty,
    /// The line is none that lspci prints.
    #[error("neither a function nor a row of bytes: {text:?}")]
    Unexpected {
        /// The start of the line.
        text: String,
    },
    /// A row of bytes before the first function.
    #[error("a row of bytes that belongs to no function")]
    Orphan,
    /// The same address twice.
    #[error("function {address} for the second time")]
    Twice {
        /// The address.
        address: Bdf,
    },
    /// A row whose offset does not follow that of the row before.
    #[error("a row for byte {found:#x} where that for byte {expected:#x} should be")]
    Gap {
        /// The offset that the row should have.
        expected: usize,
        /// The offset that it has.
        found: usize,
    },
    /// A row that is no row of 16 bytes.
    #[error("a row of 16 bytes was expected, but this has {found}: is the file cut off?")]
    ShortRow {
        /// How many bytes it has.
        found: usize,
    },
    /// A function whose header lspci could not even read.
    #[error("function {address} has no bytes: take the dump with lspci -xxxx")]
    NoBytes {
        /// The address.
        address: Bdf,
    },
}

const ROW: usize = 16;

/// Reads all functions, in the order of their addresses.
pub(super) fn parse(text: &str) -> Result<Vec<Image>, DumpError> {
    let mut images: Vec<Image> = Vec::new();
    let mut line = 0;
    for row in text.lines() {
        line += 1;
        read_line(&mut images, row).map_err(|kind| DumpError { line, kind })?;
    }
    check_last(&images).map_err(|kind| DumpError { line: line.max(1), kind })?;
    images.sort_by_key(|image| image.address);
    Ok(images)
}

fn read_line(images: &mut Vec<Image>, line: &str) -> Result<(), DumpErrorKind> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(());
    }
    if line.starts_with([' ', '\t']) {
        if let Some(image) = images.last_mut() {
            read_detail(image, line.trim());
        }
        return Ok(());
    }
    let word = line.split_whitespace().next().unwrap_or_default();
    if let Some(offset) = word.strip_suffix(':').and_then(|hex| usize::from_str_radix(hex, 16).ok())
    {
        let image = images.last_mut().ok_or(DumpErrorKind::Orphan)?;
        return read_row(image, offset, line);
    }
    let Ok(address) = word.parse() else {
        let text = line.chars().take(40).collect();
        return Err(DumpErrorKind::Unexpected { text });
    };
    check_last(images).or_else(|kind| if images.is_empty() { Ok(()) } else { Err(kind) })?;
    if images.iter().any(|image| image.address == address) {
        return Err(DumpErrorKind::Twice { address });
    }
    images.push(Image::new(address));
    Ok(())
}

/// Checks that the function that ends here has bytes, and that there is one.
fn check_last(images: &[Image]) -> Result<(), DumpErrorKind> {
    match images.last() {
        None => Err(DumpErrorKind::Empty),
        Some(image) if image.bytes.is_empty() => {
            Err(DumpErrorKind::NoBytes { address: image.address })
        }
        Some(_) => Ok(()),
    }
}

fn read_row(image: &mut Image, offset: usize, line: &str) -> Result<(), DumpErrorKind> {
    let expected = image.bytes.len();
    if offset != expected || offset >= usize::from(ConfigOffset::SPACE) {
        return Err(DumpErrorKind::Gap { expected, found: offset });
    }
    let words = line.split_whitespace().skip(1);
    let bytes: Vec<u8> = words.map_while(byte).collect();
    let words = line.split_whitespace().count() - 1;
    if bytes.len() != ROW || words != ROW {
        return Err(DumpErrorKind::ShortRow { found: bytes.len() });
    }
    image.bytes.extend(bytes);
    Ok(())
}

fn byte(word: &str) -> Option<u8> {
    if word.len() == 2 { u8::from_str_radix(word, 16).ok() } else { None }
}

/// Takes what `lspci -v` and `-k` add.
fn read_detail(image: &mut Image, line: &str) {
    if let Some(driver) = line.strip_prefix("Kernel driver in use: ") {
        image.driver = Some(driver.to_owned());
    } else if let Some(group) = line.strip_prefix("IOMMU group: ") {
        image.iommu_group = group.parse().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW_0: &str = "00: 86 80 25 0b 06 00 10 00 00 00 80 08 00 00 00 00\n";
    const ROW_1: &str = "10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n";

    #[test]
    fn functions_come_with_bytes_driver_and_group_in_order_of_address() {
        let text = format!(
            "# taken by hand\n0000:6a:01.0 System peripheral\n\tIOMMU group: 12\n\tKernel driver in \
             use: idxd\n{ROW_0}{ROW_1}\n01:00.0 Ethernet\n{ROW_0}"
        );
        let images = parse(&text).unwrap();
        let seen: Vec<_> = images
            .iter()
            .map(|i| (i.address.to_string(), i.bytes.len(), i.driver.as_deref(), i.iommu_group))
            .collect();
        assert_eq!(
            seen,
            [
                ("0000:01:00.0".into(), 16, None, None),
                ("0000:6a:01.0".into(), 32, Some("idxd"), Some(12))
            ]
        );
        assert_eq!(images[0].bytes[..4], [0x86, 0x80, 0x25, 0x0b]);
    }

    #[test]
    fn what_is_no_dump_is_refused_with_its_line() {
        let slot = "01:00.0 Ethernet\n";
        let cases = [
            (String::new(), 1, "no function found; this is not the output of lspci"),
            ("# only a comment\n".into(), 1, "no function found; this is not the output of lspci"),
            ("hello\n".into(), 1, "neither a function nor a row of bytes: \"hello\""),
            (ROW_0.into(), 1, "a row of bytes that belongs to no function"),
            (slot.into(), 1, "function 0000:01:00.0 has no bytes: take the dump with lspci -xxxx"),
            (
                format!("{slot}02:00.0 x\n{ROW_0}"),
                2,
                "function 0000:01:00.0 has no bytes: take the dump with lspci -xxxx",
            ),
            (format!("{slot}{ROW_0}{slot}"), 3, "function 0000:01:00.0 for the second time"),
            (format!("{slot}{ROW_1}"), 2, "a row for byte 0x10 where that for byte 0x0 should be"),
            (
                format!("{slot}{ROW_0}10: 00 00 0"),
                3,
                "a row of 16 bytes was expected, but this has 2: is the file cut off?",
            ),
            (
                format!("{slot}{ROW_0}10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"),
                3,
                "a row of 16 bytes was expected, but this has 17: is the file cut off?",
            ),
        ];
        for (text, line, message) in cases {
            let error = parse(&text).unwrap_err();
            assert_eq!(error.to_string(), format!("line {line}: {message}"), "{text:?}");
        }
    }
}
