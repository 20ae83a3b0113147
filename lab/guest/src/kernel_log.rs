//! What the guest's kernel says from now on.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

/// The kernel's log, read from where it was when this was opened.
#[derive(Debug)]
pub struct KernelLog(File);

impl KernelLog {
    /// Passes over all that was said before.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn from_now() -> io::Result<Self> {
        let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let mut log = OpenOptions::new().read(true).custom_flags(no_wait).open("/dev/kmsg")?;
        log.seek(SeekFrom::End(0))?;
        Ok(Self(log))
    }

    /// Whether a line that was said since, and was not looked at yet, contains `text`. Lines up to
    /// that one are looked at with it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn said(&mut self, text: &str) -> io::Result<bool> {
        // One read gives one record.
        let mut record = [0; 2048];
        loop {
            match self.0.read(&mut record) {
                Ok(length) if String::from_utf8_lossy(&record[..length]).contains(text) => {
                    return Ok(true);
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                // Records were overwritten before they were read.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(error) => return Err(error),
            }
        }
    }
}
