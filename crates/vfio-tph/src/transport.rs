//! The way to a device through the kernel.

use std::os::fd::{AsFd, BorrowedFd};

use tph_abi::{Errno, FeatureNumber, FeatureTransport, Transport};

use crate::{Host, sys};

/// Requests to a VFIO device file, borrowed ([`BorrowedFd`]) or owned
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

impl<F: AsFd> AsFd for VfioFd<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<F: AsFd> Transport for VfioFd<F> {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        sys::send_tph(self.fd.as_fd(), request)
    }
}

/// Carries `DMA_BUF_TPH` and no other feature: some of those hold addresses.
impl<F: AsFd> FeatureTransport for VfioFd<F> {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Host::default().dma_buf_feature().ok_or(Errno::ENOTTY)
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let number = self.dma_buf_tph()?;
        sys::send_dma_buf_tph(self.fd.as_fd(), number, request)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use crate::{Advice, TphDevice};

    #[test]
    fn a_file_that_does_not_serve_the_interface_is_told_apart_from_one_that_refuses() {
        let file = File::open("/dev/null").unwrap();
        let error = TphDevice::adopt(&file, "0000:01:00.0").capability().unwrap_err();
        assert_eq!(
            error.to_string(),
            "0000:01:00.0: asking for the TPH capability: ENOTTY: the driver that has the device \
             does not offer TPH"
        );
        assert!(error.is_not_supported());
        assert_eq!(error.advice(), Some(Advice::BindModule { device: "0000:01:00.0".to_owned() }));
    }
}
