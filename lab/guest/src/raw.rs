//! Ioctls as bytes, for tests that spoil them: the package's only `unsafe`.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use rustix::ffi::c_void;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::ioctl::{self, IoctlOutput, Opcode};
use tph_abi::VFIO_DEVICE_PCI_TPH;
use vfio_tph::VfioFunction;

mod room;

pub use room::{BarRoom, Place, Room};

/// More than any request that is sent here: no `argsz` may claim more, and where it is not minded,
/// none has more than [`LARGEST`].
const ROOM: usize = 0x1_0000;
/// The largest request of TPH: `SET_ST` with all entries that one may have.
pub const LARGEST: usize = tph_abi::layout::st_size(tph::BatchLen::MAX as usize);
const _: () = assert!(LARGEST <= ROOM);
/// What the room behind a request is filled with.
static FILL: [u8; ROOM] = [0xa5; ROOM];
/// How much behind a request is looked at after each call, and after how many calls all of it.
const BEHIND: usize = 1024;
const ALL: u32 = 64;

thread_local! {
    /// Calls so far, and the room, `FILL` between them.
    static ROOMS: RefCell<(u32, Vec<u8>)> = RefCell::new((0, FILL.to_vec()));
}

const BASE: u32 = 0x3b64;

/// An ioctl of a VFIO device. The kernel reads and writes its argument and, with what [`call`] lets
/// pass, no other memory: no argument holds an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Ioctl {
    /// `VFIO_DEVICE_GET_INFO`.
    GetInfo = BASE + 7,
    /// `VFIO_DEVICE_GET_REGION_INFO`.
    GetRegionInfo = BASE + 8,
    /// `VFIO_DEVICE_GET_IRQ_INFO`.
    GetIrqInfo = BASE + 9,
    /// `VFIO_DEVICE_SET_IRQS`.
    SetIrqs = BASE + 10,
    /// `VFIO_DEVICE_GET_PCI_HOT_RESET_INFO`.
    GetPciHotResetInfo = BASE + 12,
    /// `VFIO_DEVICE_PCI_HOT_RESET`.
    PciHotReset = BASE + 13,
    /// `VFIO_DEVICE_FEATURE`, as far as [`call`] lets it pass.
    Feature = BASE + 17,
    /// `VFIO_DEVICE_PCI_TPH`.
    PciTph = VFIO_DEVICE_PCI_TPH,
    /// The number behind that, which no VFIO device knows.
    Unknown23 = BASE + 23,
    /// Another that none knows.
    Unknown24 = BASE + 24,
    /// Another that none knows.
    Unknown60 = BASE + 60,
}

impl Ioctl {
    /// Why these bytes must not be sent, if so.
    fn objection(self, bytes: &[u8]) -> Option<&'static str> {
        let word = |at: usize| {
            let mut word = [0; 4];
            let given = bytes.get(at..).unwrap_or_default();
            let length = given.len().min(4);
            word[..length].copy_from_slice(&given[..length]);
            // What is missing is `FILL` in the room.
            word[length..].fill(FILL[0]);
            u32::from_ne_bytes(word)
        };
        let claims_too_much = word(0) as usize > ROOM;
        match self {
            _ if bytes.len() > ROOM => Some("longer than any request"),
            // Its size depends on its count: it is at most `LARGEST`.
            Self::PciTph => None,
            _ if claims_too_much => Some("argsz is more than there is room for"),
            Self::Feature => feature::objection(word(4)),
            _ => None,
        }
    }
}

/// What `VFIO_DEVICE_FEATURE` may be asked: some features (`DMA_LOGGING_REPORT`) take addresses.
pub mod feature {
    /// Reads the feature.
    pub const GET: u32 = 1 << 16;
    /// Sets the feature.
    pub const SET: u32 = 1 << 17;
    /// Only asks whether the feature can be read or set: its data are not looked at.
    pub const PROBE: u32 = 1 << 18;
    /// `VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY`, which has no data.
    pub const LOW_POWER_ENTRY: u32 = 3;
    /// `VFIO_DEVICE_FEATURE_LOW_POWER_EXIT`, which has no data.
    pub const LOW_POWER_EXIT: u32 = 5;
    /// A number that no feature has.
    pub const UNKNOWN: u32 = 0xfff;
    /// `DMA_BUF_TPH`, where the module has its default number, and one that tests move it to. They
    /// hold no address, and no other feature that does has these numbers.
    pub const DMA_BUF_TPH: [u32; 2] = [13, 700];

    pub(super) fn objection(flags: u32) -> Option<&'static str> {
        let number = flags & 0xffff;
        let has_no_data = [LOW_POWER_ENTRY, LOW_POWER_EXIT, UNKNOWN].contains(&number);
        let harmless = flags & PROBE != 0 || has_no_data || DMA_BUF_TPH.contains(&number);
        (!harmless).then_some("the feature may take an address")
    }
}

struct Request {
    opcode: Opcode,
    argument: *mut c_void,
}

// SAFETY: `send`, which makes every `Request`, has its caller promise that the kernel may read and
// write at `argument`; the result is a number and no pointer.
unsafe impl ioctl::Ioctl for Request {
    type Output = u32;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.argument
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<u32> {
        Ok(u32::try_from(out).unwrap_or(u32::MAX))
    }
}

/// Sends an ioctl whose argument is `bytes`, more or fewer than their `argsz` claims. Returns what
/// the ioctl returns and whether it wrote behind `bytes`, or one of the last calls far behind its own.
///
/// # Errors
/// The error number that came back.
///
/// # Panics
/// If `bytes` are longer than 64 KiB or (but for [`Ioctl::PciTph`], which minds its count) claim to
/// be; for [`Ioctl::Feature`] unless it probes or is for one of the features named in [`feature`].
pub fn call(function: &VfioFunction, ioctl: Ioctl, bytes: &mut [u8]) -> (Result<u32, i32>, bool) {
    if let Some(why) = ioctl.objection(bytes) {
        panic!("{ioctl:?}: {why}");
    }
    ROOMS.with_borrow_mut(|(calls, room)| {
        room[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: the kernel reads a head of fewer than 100 bytes; past that it reads and writes at
        // most `argsz` bytes in all, which `objection` has seen to be no more than `room` has, and
        // for `PciTph`, whatever its `argsz`, at most `LARGEST`. It takes no address out of them: none of
        // the ioctls has one, except for features that `objection` refuses. `room` is not looked at
        // until the call is over, and the kernel keeps no pointer to it.
        let outcome = unsafe { send(function, ioctl, room.as_mut_ptr().cast()) };
        bytes.copy_from_slice(&room[..bytes.len()]);
        // Looking at all of it takes longer than the call: a write far behind is found later.
        *calls += 1;
        let far = if *calls % ALL == 0 { ROOM } else { ROOM.min(bytes.len() + BEHIND) };
        let wrote_behind = room[bytes.len()..far] != FILL[bytes.len()..far];
        room[..far].copy_from_slice(&FILL[..far]);
        (outcome, wrote_behind)
    })
}

/// Sends an ioctl whose argument lies where no process has memory.
///
/// # Errors
/// The error number that came back.
pub fn call_nowhere(function: &VfioFunction, ioctl: Ioctl) -> Result<u32, i32> {
    let last_page = std::ptr::without_provenance_mut(usize::MAX - 0xfff);
    // SAFETY: the last page of the address space is the kernel's and never a user's, so the copies
    // from and to it, which are all that the kernel does with an argument, fail before they begin.
    unsafe { send(function, ioctl, last_page) }
}

/// # Safety
/// The kernel may read and write at `argument`, and at addresses that it finds there, whatever the
/// ioctl makes it read and write.
unsafe fn send(function: &VfioFunction, ioctl: Ioctl, argument: *mut c_void) -> Result<u32, i32> {
    let request = Request { opcode: ioctl as Opcode, argument };
    // SAFETY: as the caller promises; the file is a VFIO device's, so that the number means what
    // `Ioctl` says.
    unsafe { ioctl::ioctl(function.as_fd(), request) }.map_err(rustix::io::Errno::raw_os_error)
}

/// A dma-buf of host memory: `UDMABUF_CREATE` of a sealed memfd, both of one page.
///
/// # Errors
/// What the kernel answered; also if it has no udmabuf.
pub fn host_dma_buf() -> std::io::Result<OwnedFd> {
    /// `_IOW('u', 0x42, struct udmabuf_create)`.
    const UDMABUF_CREATE: Opcode = 0x4018_7542;
    const PAGE: u64 = 0x1000;

    let memory = memfd_create("page", MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&memory, PAGE)?;
    fcntl_add_seals(&memory, SealFlags::SHRINK)?;
    let device = File::open("/dev/udmabuf")?;
    // struct udmabuf_create: the memfd, flags, offset, size.
    let mut words = [u64::from(memory.as_raw_fd().cast_unsigned()), 0, PAGE];
    let request = Request { opcode: UDMABUF_CREATE, argument: words.as_mut_ptr().cast() };
    // SAFETY: the kernel reads 24 bytes, which `words` has, and finds no address in them.
    let fd = unsafe { ioctl::ioctl(&device, request) }?;
    // SAFETY: what the call returns is a new descriptor, which nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(fd.cast_signed()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn passes(ioctl: Ioctl, bytes: &[u8]) -> bool {
        ioctl.objection(bytes).is_none()
    }

    #[test]
    fn no_request_claims_more_than_there_is_room_for() {
        let claims = [(0, true), (0x1_0000, true), (0x1_0001, false), (u32::MAX, false)];
        for (argsz, good) in claims {
            assert_eq!(passes(Ioctl::GetRegionInfo, &words(&[argsz])), good, "{argsz:#x}");
            assert!(passes(Ioctl::PciTph, &words(&[argsz])), "it minds its count");
        }
        assert!(!passes(Ioctl::GetInfo, &[]), "what the room holds is an argsz, too");
        let longest = vec![0; ROOM + 1];
        assert!(passes(Ioctl::PciTph, &longest[1..]) && !passes(Ioctl::PciTph, &longest));
    }

    #[test]
    fn a_feature_that_may_take_an_address_is_only_probed() {
        use feature::{GET, LOW_POWER_ENTRY, LOW_POWER_EXIT, PROBE, SET, UNKNOWN};
        const DMA_LOGGING_REPORT: u32 = 8;
        let feature = |flags| passes(Ioctl::Feature, &words(&[16, flags]));
        assert!(
            [LOW_POWER_ENTRY | SET, LOW_POWER_EXIT | SET, UNKNOWN | GET].map(feature) == [true; 3]
        );
        assert!((0..=0xffff).all(|number| feature(number | GET | PROBE)));
        assert!(!feature(DMA_LOGGING_REPORT | GET));
    }
}
