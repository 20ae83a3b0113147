//! The archive format of an initramfs: cpio "newc" (the kernel's
//! Documentation/driver-api/early-userspace/buffer-format.rst).

use std::io::{self, Write};

/// File types, as in `st_mode`.
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

/// An archive under construction.
#[derive(Debug)]
pub(super) struct Archive<W> {
    out: W,
    written: usize,
    entries: u32,
}

struct Entry<'a> {
    name: &'a str,
    mode: u32,
    device: (u32, u32),
    content: &'a [u8],
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, written: 0, entries: 0 }
    }

    /// Adds a folder; the folders above it have to come before.
    pub(super) fn folder(&mut self, name: &str) -> io::Result<()> {
        self.entry(&Entry { name, mode: FOLDER | 0o755, device: (0, 0), content: &[] })
    }

    /// Adds a file that everybody may read and run.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.entry(&Entry { name, mode: REGULAR | 0o755, device: (0, 0), content })
    }

    /// Adds a character device.
    pub(super) fn device(&mut self, name: &str, major: u32, minor: u32) -> io::Result<()> {
        let mode = CHARACTER_DEVICE | 0o600;
        self.entry(&Entry { name, mode, device: (major, minor), content: &[] })
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.entry(&Entry { name: "TRAILER!!!", mode: 0, device: (0, 0), content: &[] })?;
        Ok(self.out)
    }

    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let size = u32::try_from(entry.content.len()).map_err(io::Error::other)?;
        let name_size = u32::try_from(entry.name.len() + 1).map_err(io::Error::other)?;
        self.entries += 1;
        let fields = [
            self.entries, // inode
            entry.mode,
            0, // user
            0, // group
            1, // links
            0, // time
            size,
            0, // device of the file system: major, minor
            0,
            entry.device.0,
            entry.device.1,
            name_size,
            0, // checksum, unused in this variant
        ];
        self.write(b"070701")?;
        for field in fields {
            self.write(format!("{field:08x}").as_bytes())?;
        }
        self.write(entry.name.as_bytes())?;
        self.write(&[0])?;
        self.pad()?;
        self.write(entry.content)?;
        self.pad()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.out.write_all(bytes)
    }

    fn pad(&mut self) -> io::Result<()> {
        let missing = self.written.next_multiple_of(4) - self.written;
        self.write(&[0; 3][..missing])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_byte_for_byte_what_the_kernel_documents() {
        let mut archive = Archive::new(Vec::new());
        archive.folder("bin").unwrap();
        archive.file("bin/a", b"hello").unwrap();
        archive.device("null", 1, 3).unwrap();
        let bytes = archive.finish().unwrap();
        let zeros = |count: usize| "00000000".repeat(count);
        let mut expected = String::new();
        expected += "07070100000001000041ed";
        expected += &(zeros(2) + "00000001" + &zeros(6) + "00000004" + &zeros(1));
        expected += "bin\0\0\0";
        expected += "07070100000002000081ed";
        expected += &(zeros(2) + "00000001" + &zeros(1) + "00000005" + &zeros(4));
        expected += &("00000006".to_owned() + &zeros(1));
        expected += "bin/a\0hello\0\0\0";
        expected += "0707010000000300002180";
        expected += &(zeros(2) + "00000001" + &zeros(4) + "0000000100000003");
        expected += &("00000005".to_owned() + &zeros(1));
        expected += "null\0\0";
        expected += "0707010000000400000000";
        expected += &(zeros(2) + "00000001" + &zeros(6) + "0000000b" + &zeros(1));
        expected += "TRAILER!!!\0\0\0\0";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn every_entry_begins_at_a_multiple_of_four() {
        for length in 0..9 {
            let mut archive = Archive::new(Vec::new());
            archive.file(&"n".repeat(length + 1), &vec![1; length]).unwrap();
            assert_eq!(archive.written % 4, 0, "{length}");
        }
    }
}
