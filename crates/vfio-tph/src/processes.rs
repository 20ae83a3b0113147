//! Which dma-bufs a process holds, where the kernel lets it be seen.
//!
//! `/proc/PID/fdinfo` says of each descriptor how large the buffer is and which driver exported it,
//! of a VFIO device which function it is (7.3 does, 6.12 does not). It does not say which function's memory
//! a buffer is. Who attached to it stands in debugfs alone.

mod attachments;
mod device;
mod files;
mod tags;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tph::Bdf;

use crate::Error;

pub use tags::SeenTags;

/// What the kernel calls the exporter of VFIO's dma-bufs.
const VFIO: &str = "vfio_pci_core";

/// The processes of a host, seen through its `/proc` and `/sys`.
#[derive(Clone, Debug)]
pub struct Processes {
    root: PathBuf,
}

/// A process with its dma-bufs and VFIO devices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessView {
    /// Its number.
    pub pid: u32,
    /// What it calls itself: any characters, those that control a terminal too.
    pub name: String,
    /// The dma-bufs that it holds by a descriptor, in the order of the descriptors.
    pub buffers: Vec<BufferView>,
    /// The VFIO devices that it has open.
    pub devices: Vec<DeviceView>,
}

/// A dma-buf as a descriptor of a process shows it. What the kernel does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferView {
    /// The descriptor in its process.
    pub descriptor: i32,
    /// The number by which the kernel tells dma-bufs apart.
    pub inode: Option<u64>,
    /// How many bytes.
    pub size: Option<u64>,
    /// How often it is held: by descriptors of all processes, and by drivers.
    pub references: Option<u64>,
    /// The driver that exported it.
    pub exporter: Option<String>,
    /// The name that somebody gave it: any characters, too.
    pub name: Option<String>,
}

impl BufferView {
    /// Whether it is memory of a VFIO device.
    pub fn is_from_vfio(&self) -> bool {
        self.exporter.as_deref() == Some(VFIO)
    }
}

/// A VFIO device that a process has open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceView {
    /// The descriptor in its process.
    pub descriptor: i32,
    /// Which function it is, if the kernel says.
    pub address: Option<Bdf>,
}

impl Default for Processes {
    /// Those of this machine.
    fn default() -> Self {
        Self::at("/")
    }
}

impl Processes {
    /// Those of the host whose `/proc` and `/sys` lie below `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// One process.
    ///
    /// # Errors
    /// [`Error::Sysfs`] if there is none, or its descriptors may not be seen.
    pub fn process(&self, pid: u32) -> Result<ProcessView, Error> {
        let folder = self.root.join("proc").join(pid.to_string());
        let name = text(&folder.join("comm")).map_err(|source| fail(&folder, source))?;
        let name = name.trim_end().to_owned();
        let (buffers, devices) = files::read(&folder)?;
        Ok(ProcessView { pid, name, buffers, devices })
    }

    /// Every process that holds a dma-buf, in the order of their numbers, and how many processes
    /// could not be looked at.
    ///
    /// # Errors
    /// [`Error::Sysfs`] if there is no list of processes.
    pub fn all(&self) -> Result<(Vec<ProcessView>, usize), Error> {
        let folder = self.root.join("proc");
        let entries = fs::read_dir(&folder).map_err(|source| fail(&folder, source))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut pids: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
        pids.sort_unstable();
        let (mut found, mut unreadable) = (Vec::new(), 0);
        for pid in pids {
            match self.process(pid) {
                Ok(process) if process.buffers.is_empty() => {}
                Ok(process) => found.push(process),
                Err(Error::Sysfs { source, .. }) if is_gone(&source) => {}
                Err(_) => unreadable += 1,
            }
        }
        Ok((found, unreadable))
    }
}

/// A text in which others may have put any bytes: what is not UTF-8 is replaced, the rest is there.
fn text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// The process ended meanwhile.
fn is_gone(error: &io::Error) -> bool {
    const ESRCH: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

fn fail(path: &Path, source: io::Error) -> Error {
    Error::Sysfs { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
