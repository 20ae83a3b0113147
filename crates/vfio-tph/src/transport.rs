//! The way to a device through the kernel.

use std::os::fd::AsFd;

use tph_abi::{Errno, Transport};

use crate::sys;

/// Requests to a VFIO device file, borrowed ([`BorrowedFd`](std::os::fd::BorrowedFd)) or owned
/// ([`OwnedFd`](std::os::fd::OwnedFd)).
#[derive(Debug)]
pub struct VfioFd<F> {
    fd: F,
}

impl<F: AsFd> VfioFd<F> {
    /// Requests through `fd`, the file of a VFIO device: what `VFIO_GROUP_GET_DEVICE_FD` returns,
    /// or an open `/dev/vfio/devices/vfio…`.
    pub fn new(fd: F) -> Self {
        Self { fd }
    }
}

impl<F: AsFd> Transport for VfioFd<F> {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        sys::send_tph(self.fd.as_fd(), request)
    }
}
