//! The text of a dump, line by line.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

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
    let mut reader = Reader::default();
    text.lines().try_for_each(|line| reader.line(line.as_bytes()))?;
    reader.finish()
}

/// The same of a file, a piece at a time: dumps of large hosts have hundreds of megabytes.
pub(super) fn read(mut file: impl BufRead) -> io::Result<Result<Vec<Image>, DumpError>> {
    let mut reader = Reader::default();
    let mut line = Vec::new();
    loop {
        let text = match file.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            text => text?,
        };
        if let Some((length, (offset, bytes))) = row_at(text)
            && let Some(image) = reader.images.last_mut()
        {
            reader.line += 1;
            if let Err(kind) = add_row(image, offset, &bytes) {
                return Ok(Err(DumpError { line: reader.line, kind }));
            }
            file.consume(length);
            continue;
        }
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(reader.finish());
        }
        let end = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Err(error) = reader.line(end.strip_suffix(b"\r").unwrap_or(end)) {
            return Ok(Err(error));
        }
        line.clear();
    }
}

/// The offset of a row and its bytes.
type Row = (usize, [u8; ROW]);

/// A row exactly as lspci prints it that is all here with its end of line, and its length: nearly every
/// line of a dump, whose end so has not to be looked for.
fn row_at(text: &[u8]) -> Option<(usize, Row)> {
    let end = if text.get(2) == Some(&b':') { 3 + 3 * ROW } else { 4 + 3 * ROW };
    let row = text.get(..end).filter(|_| text.get(end) == Some(&b'\n'))?;
    Some((end + 1, printed_row(row)?))
}

/// The functions as far as they were read.
#[derive(Debug, Default)]
struct Reader {
    images: Vec<Image>,
    addresses: BTreeSet<Bdf>,
    line: usize,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), DumpError> {
        self.line += 1;
        let read = match (printed_row(line), self.images.last_mut()) {
            (Some((offset, bytes)), Some(image)) => add_row(image, offset, &bytes),
            _ => self.other_line(&String::from_utf8_lossy(line)),
        };
        read.map_err(|kind| DumpError { line: self.line, kind })
    }

    fn finish(mut self) -> Result<Vec<Image>, DumpError> {
        let line = self.line.max(1);
        check_last(&self.images).map_err(|kind| DumpError { line, kind })?;
        self.images.sort_by_key(|image| image.address);
        Ok(self.images)
    }

    fn other_line(&mut self, line: &str) -> Result<(), DumpErrorKind> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.starts_with([' ', '\t']) {
            if let Some(image) = self.images.last_mut() {
                read_detail(image, line.trim());
            }
            return Ok(());
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        let offset = word.strip_suffix(':').and_then(|hex| usize::from_str_radix(hex, 16).ok());
        if let Some(offset) = offset {
            let image = self.images.last_mut().ok_or(DumpErrorKind::Orphan)?;
            return read_row(image, offset, line);
        }
        let Ok(address) = word.parse() else {
            let text = line.chars().take(40).collect();
            return Err(DumpErrorKind::Unexpected { text });
        };
        if !self.images.is_empty() {
            check_last(&self.images)?;
        }
        if !self.addresses.insert(address) {
            return Err(DumpErrorKind::Twice { address });
        }
        // The functions of a dump have mostly the same number of bytes.
        let bytes = self.images.last().map_or(0, |image| image.bytes.len());
        self.images.push(Image::new(address, bytes));
        Ok(())
    }
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

/// A row exactly as lspci prints it: two or three digits, `:`, and 16 times a space and two digits.
/// `None` for any other line, which may be a row all the same.
fn printed_row(line: &[u8]) -> Option<Row> {
    let (offset, words) = match line {
        [a, b, b':', words @ ..] => (byte(*a, *b)?, words),
        [a, b, c, b':', words @ ..] => (digit(*a)? << 8 | byte(*b, *c)?, words),
        _ => return None,
    };
    let (words, rest) = words.as_chunks::<3>();
    let words: &[_; ROW] = words.try_into().ok().filter(|_| rest.is_empty())?;
    let mut bytes = [0; ROW];
    let mut wrong = 0;
    for (place, [space, high, low]) in bytes.iter_mut().zip(words) {
        let [high, low] = [high, low].map(|digit| DIGITS[usize::from(*digit)]);
        wrong |= (high | low) & NO_DIGIT | space ^ b' ';
        *place = high << 4 | low & 0xf;
    }
    (wrong == 0).then_some((offset, bytes))
}

const NO_DIGIT: u8 = 0x80;
/// What each character is as a hexadecimal digit.
const DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let digits = b"0123456789abcdefABCDEF";
    let mut at = 0;
    while at < digits.len() {
        let value = if at < 16 { at } else { at - 6 };
        values[digits[at] as usize] = value.to_le_bytes()[0];
        at += 1;
    }
    values
};

fn digit(character: u8) -> Option<usize> {
    let value = DIGITS[usize::from(character)];
    (value != NO_DIGIT).then_some(usize::from(value))
}

fn byte(high: u8, low: u8) -> Option<usize> {
    Some(digit(high)? << 4 | digit(low)?)
}

fn read_row(image: &mut Image, offset: usize, line: &str) -> Result<(), DumpErrorKind> {
    expect_offset(image, offset)?;
    let words = line.split_whitespace().skip(1);
    let bytes: Vec<u8> = words.map_while(byte_of).collect();
    let words = line.split_whitespace().count() - 1;
    match bytes.as_slice().try_into() {
        Ok(bytes) if words == ROW => add_row(image, offset, bytes),
        _ => Err(DumpErrorKind::ShortRow { found: bytes.len() }),
    }
}

fn byte_of(word: &str) -> Option<u8> {
    if word.len() == 2 { u8::from_str_radix(word, 16).ok() } else { None }
}

fn add_row(image: &mut Image, offset: usize, bytes: &[u8; ROW]) -> Result<(), DumpErrorKind> {
    expect_offset(image, offset)?;
    image.bytes.extend_from_slice(bytes);
    Ok(())
}

fn expect_offset(image: &Image, offset: usize) -> Result<(), DumpErrorKind> {
    let expected = image.bytes.len();
    if offset != expected || offset >= usize::from(ConfigOffset::SPACE) {
        return Err(DumpErrorKind::Gap { expected, found: offset });
    }
    Ok(())
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
    fn a_row_is_read_the_same_however_it_is_spaced() {
        let bytes: Vec<u8> = (0..16).map(|n| n * 17).collect();
        let row = "00: 00 11 22 33 44 55 66 77 88 99 aa bb cc dd EE Ff";
        let spaced = row.replace(' ', "  ");
        for (row, printed) in [(row, true), (&spaced, false), (&format!("0{row}"), true)] {
            assert_eq!(printed_row(row.as_bytes()).is_some(), printed, "{row}");
            for end in ["\n", "\r\n", ""] {
                let text = format!("01:00.0 Ethernet\n{row}{end}");
                let images = parse(&text).unwrap();
                assert_eq!(images[0].bytes, bytes, "{text:?}");
                let again = read(text.as_bytes()).unwrap().unwrap();
                assert_eq!(again[0].bytes, bytes, "{text:?}");
            }
        }
        for row in ["0g: 00", "00:", "00; 00", &row.replace('1', "g"), &row.replace(" 22", "-22")] {
            assert_eq!(printed_row(row.as_bytes()), None, "{row}");
        }
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
            assert_eq!(read(text.as_bytes()).unwrap().unwrap_err(), error);
            assert_eq!(error.to_string(), format!("line {line}: {message}"), "{text:?}");
        }
    }
}
