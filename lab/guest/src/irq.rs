//! Events in place of a VFIO device's interrupts, one at a time.

use std::os::fd::AsRawFd;

use vfio_tph::{Errno, EventFd, VfioFunction};

use crate::raw::{self, Ioctl};

/// `VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER`.
const GIVE_EVENTS: u32 = 1 << 2 | 1 << 5;
/// `VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER`: raises vectors, or frees all if there are 0.
pub const RAISE: u32 = 1 << 0 | 1 << 5;

/// A kind of interrupt that a VFIO PCI device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Interrupt {
    /// The vectors of MSI-X.
    MsiX = 2,
    /// The kernel has seen an error of the device.
    Error = 3,
    /// The kernel wants the device back.
    Request = 4,
}

/// The bytes of a `VFIO_DEVICE_SET_IRQS` without data.
pub fn set_irqs(interrupt: Interrupt, flags: u32, start: u32, count: u32) -> Vec<u8> {
    const SIZE: u32 = 20;
    [SIZE, flags, interrupt as u32, start, count].map(u32::to_ne_bytes).concat()
}

/// Has the kernel raise `event` for a vector, or nothing (`VFIO_DEVICE_SET_IRQS`).
///
/// # Errors
/// What the kernel answered.
pub fn give_event(
    function: &VfioFunction,
    interrupt: Interrupt,
    vector: u16,
    event: Option<&EventFd>,
) -> Result<(), Errno> {
    let event = event.map_or(-1, EventFd::as_raw_fd).cast_unsigned();
    let words = [24, GIVE_EVENTS, interrupt as u32, u32::from(vector), 1, event];
    let (outcome, _) =
        raw::call(function, Ioctl::SetIrqs, &mut words.map(u32::to_ne_bytes).concat());
    outcome.map(drop).map_err(Errno)
}
