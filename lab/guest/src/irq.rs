//! Events in place of a VFIO device's interrupts, one at a time.

use std::os::fd::AsRawFd;

use vfio_tph::{Errno, EventFd, VfioFunction};

use crate::raw::{self, Ioctl};

/// The flags of `VFIO_DEVICE_SET_IRQS` (`VFIO_IRQ_SET_*`).
pub mod flags {
    /// Nothing comes with it.
    pub const DATA_NONE: u32 = 1 << 0;
    /// A byte for each interrupt.
    pub const DATA_BOOL: u32 = 1 << 1;
    /// An event's descriptor for each interrupt.
    pub const DATA_EVENTFD: u32 = 1 << 2;
    /// Masks.
    pub const ACTION_MASK: u32 = 1 << 3;
    /// Unmasks.
    pub const ACTION_UNMASK: u32 = 1 << 4;
    /// Raises, or sets up what is raised.
    pub const ACTION_TRIGGER: u32 = 1 << 5;
}

/// The size of a `VFIO_DEVICE_SET_IRQS` without data.
pub const HEAD: u32 = 20;
const GIVE_EVENTS: u32 = flags::DATA_EVENTFD | flags::ACTION_TRIGGER;
/// Raises vectors, or frees all if there are 0.
pub const RAISE: u32 = flags::DATA_NONE | flags::ACTION_TRIGGER;

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
    [HEAD, flags, interrupt as u32, start, count].map(u32::to_ne_bytes).concat()
}

/// The bytes of a `VFIO_DEVICE_SET_IRQS` that gives events to vectors from `first` on; those without one
/// raise nothing.
///
/// # Panics
/// If there are more than a `u32` counts.
pub fn give_events(interrupt: Interrupt, first: u16, events: &[Option<&EventFd>]) -> Vec<u8> {
    let descriptors: Vec<u32> =
        events.iter().map(|event| event.map_or(-1, EventFd::as_raw_fd).cast_unsigned()).collect();
    let count = u32::try_from(events.len()).expect("no more than vectors");
    let head = [HEAD + 4 * count, GIVE_EVENTS, interrupt as u32, u32::from(first), count];
    head.iter().chain(&descriptors).flat_map(|word| word.to_ne_bytes()).collect()
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
    let mut request = give_events(interrupt, vector, &[event]);
    let (outcome, _) = raw::call(function, Ioctl::SetIrqs, &mut request);
    outcome.map(drop).map_err(Errno)
}
