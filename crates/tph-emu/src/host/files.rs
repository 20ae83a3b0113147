//! The descriptors of the one process that the emulated host has: dma-bufs, and files that are none.

use std::collections::BTreeMap;
use std::sync::Arc;

use tph::DmaBufError;
use tph_abi::Errno;

use crate::dma::Buffer;

/// The first number that is given out, after standard input, output and error.
const FIRST: i32 = 3;

/// Too many open files.
pub(super) const EMFILE: Errno = Errno(24);

/// A file that no function exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFile {
    /// A dma-buf of host memory, as `/dev/udmabuf` makes them.
    HostBuffer,
    /// No dma-buf.
    Other,
}

/// What a descriptor stands for.
#[derive(Clone, Debug)]
pub(crate) enum File {
    /// A dma-buf that a function exported.
    Buffer(Arc<Buffer>),
    /// A dma-buf of host memory.
    HostBuffer,
    /// Anything else.
    Other,
}

impl From<OpenFile> for File {
    fn from(file: OpenFile) -> Self {
        match file {
            OpenFile::HostBuffer => Self::HostBuffer,
            OpenFile::Other => Self::Other,
        }
    }
}

/// The table of descriptors.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<i32, File>);

impl Files {
    /// The lowest number that is free, for `file`; `None` if there is none left.
    pub(crate) fn open(&mut self, file: File) -> Option<i32> {
        let number = (FIRST..=i32::MAX).find(|number| !self.0.contains_key(number))?;
        self.0.insert(number, file);
        Some(number)
    }

    pub(crate) fn close(&mut self, descriptor: i32) {
        self.0.remove(&descriptor);
    }

    /// What `descriptor` stands for.
    pub(crate) fn get(&self, descriptor: i32) -> Result<&File, DmaBufError> {
        self.0.get(&descriptor).ok_or(DmaBufError::NotOpen)
    }
}
