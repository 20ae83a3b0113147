//! The glue's functions for tests: one function, one CPU's worth of firmware, per test thread.

use core::cell::{Cell, RefCell};
use core::ffi::c_int;
use std::thread::LocalKey;
use std::vec;
use std::vec::Vec;

use tph::DsmCall;

use crate::host::{Device, DsmArguments};

std::thread_local! {
    /// Configuration space in dwords: a TPH capability of 64 entries at 0x100.
    pub(crate) static CONFIG: RefCell<Vec<u32>> = RefCell::new(config());
    /// What configuration accesses return.
    pub(crate) static ACCESS: Cell<c_int> = const { Cell::new(0) };
    /// What asking the root port returns, and its Device Capabilities 2.
    pub(crate) static ROOT_PORT: Cell<(c_int, u32)> = const { Cell::new((0, 0x3000)) };
    /// Whether `pci=notph` was given.
    pub(crate) static SWITCHED_OFF: Cell<bool> = const { Cell::new(false) };
    /// What the kernel's own support returns when it turns the requester on.
    pub(crate) static TURNED_ON: Cell<c_int> = const { Cell::new(0) };
    /// The mode in which it holds the requester for on.
    pub(crate) static HOST_MODE: Cell<Option<u8>> = const { Cell::new(None) };
    /// What is kept for the dma-bufs with descriptors 0 and 1; what finding them returns.
    pub(crate) static DMA_BUFS: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
    pub(crate) static DMA_BUF: Cell<c_int> = const { Cell::new(0) };
    /// What evaluating the method returns.
    pub(crate) static FIRMWARE: Cell<c_int> = const { Cell::new(8) };
}

fn config() -> Vec<u32> {
    let mut space = vec![0; 1024];
    for (offset, value) in [
        (0x004, 0x0010_0000), // a list of capabilities
        (0x034, 0x0000_0040),
        (0x040, 0x0002_0010), // PCI Express endpoint
        (0x100, 0x0001_0017), // TPH: all modes, 16-bit tags, 64 entries here
        (0x104, 0x003f_0307),
        (0x108, 0xffff_ffff),
        (0x10c, 0x1234_5678),
    ] {
        space[offset / 4] = value;
    }
    space
}

/// The dword at `offset` of configuration space.
pub(crate) fn dword(offset: usize) -> u32 {
    CONFIG.with_borrow(|space| space[offset / 4])
}

/// Runs `test` with another value in one of the cells above.
pub(crate) fn with<T: Copy + 'static>(
    cell: &'static LocalKey<Cell<T>>,
    value: T,
    test: impl FnOnce(),
) {
    let before = cell.replace(value);
    test();
    cell.set(before);
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_read_config(_: &Device, offset: u16, value: &mut u32) -> c_int {
    *value = dword(offset.into());
    ACCESS.get()
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_write_config(_: &Device, offset: u16, value: u32) -> c_int {
    if ACCESS.get() == 0 {
        CONFIG.with_borrow_mut(|space| space[usize::from(offset) / 4] = value);
    }
    ACCESS.get()
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_switched_off(_: &Device) -> bool {
    SWITCHED_OFF.get()
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_turn_on(_: &Device, mode: u8) -> c_int {
    if TURNED_ON.get() == 0 {
        HOST_MODE.set(Some(mode));
    }
    TURNED_ON.get()
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_turn_off(_: &Device) {
    HOST_MODE.set(None);
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_write_msix_tag(_: &Device, _: u16, _: u16) -> c_int {
    -95
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_msix_vector_allocated(_: &Device, _: u16) -> bool {
    false
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_root_port_devcap2(_: &Device, value: &mut u32) -> c_int {
    let status;
    (status, *value) = ROOT_PORT.get();
    status
}

/// Answers as firmware does whose tags for a CPU are its UID plus 0x100 (16 bits, volatile).
#[unsafe(no_mangle)]
extern "C" fn tph_host_evaluate_dsm(
    _: &Device,
    call: &DsmArguments,
    answer: &mut [u8; DsmCall::ANSWER_SIZE],
) -> c_int {
    assert_eq!((call.guid, call.revision), (DsmCall::GUID, 7));
    assert_eq!(call.key, if call.function == 0 { 0 } else { 1 + call.integers[1] });
    *answer = match (call.function, call.count, call.integers) {
        (0, 0, _) => 0x8001_u64,
        (0xf, 3, [0, uid, 0]) => 2 | (0x100 + uid) << 16,
        other => panic!("firmware was asked {other:x?}"),
    }
    .to_le_bytes();
    FIRMWARE.get()
}

/// CPU 9 has no UID; the others' differ from their numbers.
#[unsafe(no_mangle)]
extern "C" fn tph_host_cpu_uid(cpu: u32, uid: &mut u32) -> c_int {
    *uid = cpu + 0x20;
    if cpu == 9 { -22 } else { 0 }
}

/// CPU 7 is offline, from 10 on there are none.
#[unsafe(no_mangle)]
extern "C" fn tph_host_cpu_presence(cpu: u32) -> c_int {
    match cpu {
        7 => 1,
        0..10 => 2,
        _ => 0,
    }
}

/// The caller may run on CPUs other than 8.
#[unsafe(no_mangle)]
extern "C" fn tph_host_caller_may_run_on(cpu: u32) -> bool {
    cpu != 8
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_caller_may_place_threads() -> bool {
    false
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_direct_tags_allowed() -> bool {
    false
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_dma_buf_hint(descriptor: c_int, kept: &mut u64) -> c_int {
    *kept = DMA_BUFS.get()[usize::try_from(descriptor).unwrap()];
    DMA_BUF.get()
}

#[unsafe(no_mangle)]
extern "C" fn tph_host_set_dma_buf_hint(_: &Device, descriptor: c_int, kept: u64) -> c_int {
    let mut all = DMA_BUFS.get();
    all[usize::try_from(descriptor).unwrap()] = kept;
    if DMA_BUF.get() == 0 {
        DMA_BUFS.set(all);
    }
    DMA_BUF.get()
}
