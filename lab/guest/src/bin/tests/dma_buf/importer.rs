//! An importer in the kernel: `tph_lab_importer.ko`.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};

use tph_lab_guest::{Endpoint, Failure};

const DEVICE: &str = "/dev/tph_lab_importer";

/// One importer, which holds one dma-buf at a time.
pub(super) struct Importer(File);

/// Tag and hint, or the errno.
pub(super) type Answer = Result<(u16, u8), i32>;

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// 0 or a negative errno.
    pub(super) status: i32,
    pub(super) tag: u16,
    pub(super) ph: u8,
    pub(super) mapped: bool,
    /// How often the mapping was taken away.
    pub(super) invalidations: u32,
}

impl Reply {
    /// Tag and hint, or the errno.
    pub(super) fn answer(self) -> Answer {
        if self.status == 0 { Ok((self.tag, self.ph)) } else { Err(-self.status) }
    }
}

impl Importer {
    pub(super) fn open() -> Result<Self, Failure> {
        Ok(Self(File::options().read(true).write(true).open(DEVICE)?))
    }

    /// One that holds and maps `dma_buf` in the name of nic0.
    pub(super) fn of(dma_buf: impl AsFd) -> Result<Self, Failure> {
        let mut importer = Self::open()?;
        match importer.attach(dma_buf)? {
            Reply { status: 0, mapped: true, .. } => Ok(importer),
            other => Err(format!("the dma-buf was not mapped: {other:?}").into()),
        }
    }

    pub(super) fn attach(&mut self, dma_buf: impl AsFd) -> Result<Reply, Failure> {
        let nic = Endpoint::named("nic0").ok_or("no nic0")?;
        self.command(&format!("attach {} {}", dma_buf.as_fd().as_raw_fd(), nic.address))
    }

    /// Maps the dma-buf, if it is not mapped, and asks for the tag of `width` bits.
    pub(super) fn get(&mut self, width: u8) -> Result<Reply, Failure> {
        self.command(&format!("get {width}"))
    }

    /// The answers for 8 and for 16 bits.
    pub(super) fn answers(&mut self) -> Result<[Answer; 2], Failure> {
        Ok([self.get(8)?.answer(), self.get(16)?.answer()])
    }

    fn command(&mut self, text: &str) -> Result<Reply, Failure> {
        self.0.write_all(text.as_bytes())?;
        let mut line = [0; 64];
        let length = self.0.read(&mut line)?;
        let line = std::str::from_utf8(&line[..length])?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [status, tag, ph, mapped, invalidations] = words[..] else {
            return Err(format!("the importer said {line:?}").into());
        };
        Ok(Reply {
            status: status.parse()?,
            tag: u16::from_str_radix(tag.trim_start_matches("0x"), 16)?,
            ph: ph.parse()?,
            mapped: mapped == "1",
            invalidations: invalidations.parse()?,
        })
    }
}
