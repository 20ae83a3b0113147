//! Places where a request lies badly: past the end of what is mapped, where nothing can be written,
//! in a device's own memory, or where another thread writes meanwhile.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::ptr;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use vfio_tph::VfioFunction;

use super::{Ioctl, LARGEST, ROOM, send};
use rustix::ffi::c_void;

const PAGE: usize = 0x1000;
/// VFIO's offset of a region in the device's file (`VFIO_PCI_INDEX_TO_OFFSET`).
const REGION_SHIFT: u32 = 40;

/// Where a request lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In memory of its own.
    Whole,
    /// So many of its last bytes are behind the last page.
    Cut(usize),
    /// Where it can be read and not written.
    ReadOnly,
    /// At address 0.
    Null,
}

/// A piece of the address space, which only the kernel looks into.
#[derive(Debug)]
struct Mapping {
    start: *mut c_void,
    length: usize,
}

// SAFETY: the address is used for nothing but to hand it to the kernel.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped by this value, and no reference into it was ever made.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

/// Memory for requests. Several threads may use one: then each finds what others wrote, and they
/// write while the kernel reads.
#[derive(Debug)]
pub struct Room {
    bytes: File,
    /// With a page behind it that is not there.
    writable: Mapping,
    read_only: Mapping,
}

impl Room {
    /// Makes one.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn new() -> io::Result<Self> {
        let bytes = memfd_create("room", MemfdFlags::CLOEXEC)?;
        ftruncate(&bytes, ROOM as u64)?;
        let none = ProtFlags::empty();
        let both = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: new mappings at places that the kernel chooses; the one at a fixed place replaces
        // a part of the one before, into which nothing points.
        let (writable, read_only) = unsafe {
            let whole = mmap_anonymous(ptr::null_mut(), ROOM + PAGE, none, MapFlags::PRIVATE)?;
            let writable = Mapping { start: whole, length: ROOM + PAGE };
            mmap(whole, ROOM, both, MapFlags::SHARED | MapFlags::FIXED, &bytes, 0)?;
            let start = mmap(ptr::null_mut(), ROOM, ProtFlags::READ, MapFlags::SHARED, &bytes, 0)?;
            (writable, Mapping { start, length: ROOM })
        };
        Ok(Self { bytes: bytes.into(), writable, read_only })
    }

    /// Puts `bytes` at `place`, sends them, and reads back what lies there then.
    ///
    /// # Errors
    /// The error number that came back.
    ///
    /// # Panics
    /// As [`call`](super::call), and if the room cannot be read or written.
    pub fn call(
        &self,
        function: &VfioFunction,
        ioctl: Ioctl,
        bytes: &mut [u8],
        place: Place,
    ) -> Result<u32, i32> {
        if let Some(why) = ioctl.objection(bytes) {
            panic!("{ioctl:?}: {why}");
        }
        let cut = if let Place::Cut(missing) = place { missing.min(bytes.len()) } else { 0 };
        let here = bytes.len() - cut;
        let at = if cut > 0 { ROOM - here } else { 0 };
        self.bytes.write_all_at(&bytes[..here], at as u64).expect("the room can be written");
        let argument = match place {
            Place::Whole | Place::Cut(_) => self.writable.start.wrapping_byte_add(at),
            Place::ReadOnly => self.read_only.start,
            Place::Null => ptr::null_mut(),
        };
        // SAFETY: the kernel reads and writes at most `ROOM` bytes from there, as in `call`; that is
        // this room, or ends in the page behind it, which nobody has, or begins in page 0, which
        // nobody has. Where others write to the room, each request of theirs is as harmless:
        // `PciTph` minds its count whatever it finds, `SetIrqs` writes nothing back, and of others no
        // two threads share a room (`Room` is used so by its callers; a feature's number alone could
        // do harm, and it lies in the first 8 bytes, which all features of ours have in common).
        let outcome = unsafe { send(function, ioctl, argument) };
        self.bytes.read_exact_at(&mut bytes[..here], at as u64).expect("the room can be read");
        outcome
    }
}

impl Room {
    /// Writes into the room, whoever uses it at the moment.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn poke(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.bytes.write_all_at(bytes, at)
    }
}

/// A BAR in which a request lies, and which is touched without harm when it does not answer.
#[derive(Debug)]
pub struct BarRoom {
    region: u32,
    memory: Mapping,
}

impl BarRoom {
    /// Maps the first `length` bytes of a BAR, at least [`LARGEST`] if TPH requests shall lie there.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn new(function: &VfioFunction, bar: u32, length: usize) -> io::Result<Self> {
        let both = ProtFlags::READ | ProtFlags::WRITE;
        let offset = u64::from(bar) << REGION_SHIFT;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let start = unsafe {
            mmap(ptr::null_mut(), length, both, MapFlags::SHARED, function.as_fd(), offset)?
        };
        Ok(Self { region: bar, memory: Mapping { start, length } })
    }

    /// Writes a request into the BAR, as far as memory is on, and sends what lies there.
    ///
    /// # Errors
    /// The error number that came back.
    ///
    /// # Panics
    /// If the BAR is too small for the largest request.
    pub fn call_tph(&self, function: &VfioFunction, bytes: &[u8]) -> Result<u32, i32> {
        assert!(self.memory.length >= LARGEST, "the BAR is too small");
        let _ = function.write_region(self.region, 0, &bytes[..bytes.len().min(LARGEST)]);
        // SAFETY: `PciTph` minds its count: it reads and writes at most `LARGEST` bytes, all in this
        // mapping of a device's memory, which is nobody's but the device's.
        unsafe { send(function, Ioctl::PciTph, self.memory.start) }
    }

    /// Has the kernel read from the BAR as the argument of `VFIO_DEVICE_SET_IRQS`, whatever lies there.
    ///
    /// # Errors
    /// The error number that came back; `EFAULT` where memory is off.
    pub fn touch(&self, function: &VfioFunction) -> Result<u32, i32> {
        // SAFETY: `SetIrqs` only reads, and takes no address out of what it reads.
        unsafe { send(function, Ioctl::SetIrqs, self.memory.start) }
    }
}
