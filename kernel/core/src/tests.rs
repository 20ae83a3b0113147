//! The C surface as `request.c` and `life.c` use it.

use core::mem::MaybeUninit;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use tph::{CpuId, Entry, MemoryType, StIndex, StMode, TagSource};
use tph_abi::{Errno, Operation, StRequest, Transport, client, layout};

use crate::entry::{Core, Reply, tph_core_close, tph_core_init, tph_core_ioctl};
use crate::entry::{tph_core_needed, tph_core_open, tph_core_restore, tph_core_size};
use crate::host::Device;
use crate::mock::{ACCESS, CONFIG, FIRMWARE, ROOT_PORT, dword, with};
use crate::report::{Info, Status, tph_core_cpu_tag, tph_core_firmware};
use crate::report::{tph_core_info, tph_core_status};

const CONTROL: usize = 0x108;
const TABLE: usize = 0x10c;
const ON: u32 = 0x302;

const EIO: i32 = -5;
const ENODEV: i32 = -19;

/// A device as the glue keeps it.
struct Glue {
    core: Box<Core>,
    device: Device,
}

impl Glue {
    fn new() -> Self {
        let mut memory = Box::new(MaybeUninit::<Core>::uninit());
        assert_eq!(tph_core_size(), size_of::<Core>());
        tph_core_init(&mut memory);
        // SAFETY: `tph_core_init` has written it.
        Self { core: unsafe { memory.assume_init() }, device: Device::stand_in() }
    }

    fn opened() -> Self {
        let mut glue = Self::new();
        assert_eq!(glue.open(), 0);
        glue
    }

    fn open(&mut self) -> i32 {
        tph_core_open(&mut self.core, &self.device)
    }

    fn close(&mut self) -> i32 {
        tph_core_close(&mut self.core, &self.device)
    }

    fn restore(&mut self) -> i32 {
        tph_core_restore(&mut self.core, &self.device)
    }

    fn status(&self) -> Status {
        let mut status = Status::default();
        tph_core_status(&self.core, &mut status);
        status
    }

    fn set_st(&mut self, cpus: &[u32]) -> Result<(), Errno> {
        let mut bytes = vec![0; layout::st_size(cpus.len())];
        let mut request = StRequest::new(Operation::SetSt, &mut bytes).unwrap();
        for (position, cpu) in cpus.iter().enumerate() {
            let source = TagSource::Cpu { cpu: CpuId(*cpu), memory: MemoryType::Volatile };
            let index = StIndex(u16::try_from(position).unwrap());
            request.set(position, Entry { index, source });
        }
        client::call(self, &mut request)
    }
}

/// Copies in as `request.c` does, and out only what the reply names.
impl Transport for Glue {
    fn call(&mut self, user: &mut [u8]) -> Result<(), Errno> {
        let mut copy: Vec<u8> = Vec::new();
        loop {
            // SAFETY: a slice's own pointer and length.
            let needed = unsafe { tph_core_needed(copy.as_ptr(), copy.len()) };
            let needed =
                usize::try_from(needed).map_err(|_| Errno(i32::try_from(-needed).unwrap()))?;
            if needed <= copy.len() {
                break;
            }
            copy.extend_from_slice(&user[copy.len()..needed]);
        }
        let (bytes, size) = (copy.as_mut_ptr(), copy.len());
        let mut reply = Reply::default();
        // SAFETY: a slice's own pointer and length.
        let status =
            unsafe { tph_core_ioctl(&mut self.core, &self.device, bytes, size, &mut reply) };
        if status != 0 {
            return Err(Errno(-status));
        }
        user[reply.start..reply.end].copy_from_slice(&copy[reply.start..reply.end]);
        Ok(())
    }
}

#[test]
fn open_and_close_leave_tph_off_and_the_table_empty() {
    let mut glue = Glue::opened();
    assert_eq!((dword(CONTROL), dword(TABLE)), (0, 0));
    client::enable(&mut glue, StMode::DeviceSpecific).unwrap();
    glue.set_st(&[3, 4]).unwrap();
    assert_eq!((dword(CONTROL), dword(TABLE)), (ON, 0x0124_0123));
    assert_eq!(glue.close(), 0);
    assert_eq!((dword(CONTROL), dword(TABLE)), (0, 0));
}

#[test]
fn a_reset_keeps_what_the_user_set() {
    let mut glue = Glue::opened();
    client::enable(&mut glue, StMode::DeviceSpecific).unwrap();
    glue.set_st(&[3]).unwrap();
    CONFIG.with_borrow_mut(|space| space[CONTROL / 4..=TABLE / 4].fill(0));
    assert_eq!(glue.restore(), 0);
    assert_eq!((dword(CONTROL), dword(TABLE)), (ON, 0x0123));
}

#[test]
fn without_a_user_nothing_is_touched() {
    let mut glue = Glue::new();
    let before = CONFIG.with_borrow(Clone::clone);
    assert_eq!((glue.restore(), glue.close()), (0, 0));
    assert_eq!(client::capability(&mut glue), Err(Errno::ENODEV));
    assert_eq!(CONFIG.with_borrow(Clone::clone), before);
}

#[test]
fn a_device_that_cannot_be_reached_cannot_be_opened() {
    for (access, status) in [(ENODEV, ENODEV), (EIO, EIO), (-22, EIO)] {
        with(&ACCESS, access, || {
            let mut glue = Glue::new();
            assert_eq!(glue.open(), status);
            assert_eq!(client::disable(&mut glue), Err(Errno::ENODEV));
        });
    }
}

#[test]
fn a_close_that_fails_forgets_the_user_all_the_same() {
    let mut glue = Glue::opened();
    with(&ACCESS, ENODEV, || assert_eq!(glue.close(), ENODEV));
    assert_eq!(client::disable(&mut glue), Err(Errno::ENODEV));
}

#[test]
fn what_the_root_port_says_reaches_the_rules() {
    let mut glue = Glue::opened();
    for (root_port, expected) in [
        ((ENODEV, 0x3000), Err(Errno::EINVAL)),
        ((EIO, 0x3000), Err(Errno::EIO)),
        ((0, 0x2000), Err(Errno::EINVAL)),
        ((0, 0x1000), Ok(())),
    ] {
        with(&ROOT_PORT, root_port, || {
            assert_eq!(client::enable(&mut glue, StMode::DeviceSpecific), expected);
        });
    }
    assert_eq!(dword(CONTROL), 0x102);
}

#[test]
fn what_firmware_says_reaches_the_rules() {
    let mut glue = Glue::opened();
    client::enable(&mut glue, StMode::DeviceSpecific).unwrap();
    for answer in [ENODEV, -2, EIO] {
        with(&FIRMWARE, answer, || assert_eq!(glue.set_st(&[3]), Err(Errno::ENODEV)));
    }
    glue.set_st(&[3]).unwrap();
    // Now it is known that there are tags.
    for (answer, errno) in [(ENODEV, Errno::ENODEV), (EIO, Errno::EIO), (7, Errno::EIO)] {
        with(&FIRMWARE, answer, || assert_eq!(glue.set_st(&[3]), Err(errno)));
    }
}

#[test]
fn what_is_known_of_cpus_reaches_the_rules() {
    let mut glue = Glue::opened();
    client::enable(&mut glue, StMode::DeviceSpecific).unwrap();
    for cpu in [7, 8, 9, 10, u32::MAX - 1] {
        assert_eq!(glue.set_st(&[0, cpu]), Err(Errno::EINVAL), "CPU {cpu}");
        assert_eq!(dword(TABLE), 0);
    }
}

#[test]
fn only_the_answer_goes_back() {
    let mut glue = Glue::opened();
    let capability = client::capability(&mut glue).unwrap();
    assert_eq!((capability.modes.bits(), capability.table_entries), (6, 64));
    let mut bytes = [0xff; 16];
    bytes[..8].copy_from_slice(&[16, 0, 0, 0, 2, 0, 0, 0]);
    let before = bytes;
    glue.call(&mut bytes).unwrap();
    assert_eq!(bytes, before);
}

#[test]
fn what_a_device_has_is_told_without_a_user() {
    let (device, mut info) = (Device::stand_in(), Info::default());
    assert_eq!(tph_core_info(&device, &mut info), 0);
    assert_eq!(info, Info { modes: 7, location: 1, entries: 64 });
    for (capability, errno) in [(0x0040_0307, Errno::EINVAL), (0, Errno::EOPNOTSUPP)] {
        CONFIG.with_borrow_mut(|space| {
            space[0x104 / 4] = capability;
            space[0x100 / 4] *= u32::from(capability != 0);
        });
        assert_eq!(tph_core_info(&device, &mut info), -errno.0);
    }
}

#[test]
fn what_tph_is_doing_is_told_from_open_to_close() {
    let mut glue = Glue::new();
    assert_eq!(glue.status(), Status::default());
    assert_eq!(glue.open(), 0);
    client::enable(&mut glue, StMode::DeviceSpecific).unwrap();
    glue.set_st(&[3, 4]).unwrap();
    let mode = StMode::DeviceSpecific.bits() + 1;
    assert_eq!(glue.status(), Status { mode, width: 16, in_use: 2 });
    assert_eq!(glue.close(), 0);
    assert_eq!(glue.status(), Status::default());
}

#[test]
fn tags_are_told_whoever_asks_of_cpus_that_are_online() {
    let (device, mut tag) = (Device::stand_in(), 0);
    assert_eq!(tph_core_firmware(&device), 1);
    // The caller may not run on CPU 8; that is for the other module to know.
    assert_eq!((tph_core_cpu_tag(&device, 8, 0, 16, &mut tag), tag), (0, 0x128));
    for (cpu, memory, width, errno) in [
        (7, 0, 16, Errno::EINVAL),
        (9, 0, 16, Errno::EINVAL),
        (10, 0, 16, Errno::EINVAL),
        (8, 2, 16, Errno::EINVAL),
        (8, 0, 12, Errno::EINVAL),
        (8, 0, 8, Errno::ENODATA),
        (8, 1, 16, Errno::ENODATA),
    ] {
        let status = tph_core_cpu_tag(&device, cpu, memory, width, &mut tag);
        assert_eq!((status, tag), (-errno.0, 0x128), "CPU {cpu}, memory {memory}, {width} bits");
    }
    with(&FIRMWARE, -2, || assert_eq!(tph_core_firmware(&device), 0));
}
