//! Which interface the driver of a device serves: found out, never assumed.

use tph::RequesterType;
use tph_abi::{DmaBufQuery, Errno, Transport, client};

use crate::{Advice, Error, Step, TphDevice};

/// Which interface the driver that has a device serves. [`TphDevice::interface`] finds out.
///
/// A later revision of the kernel series becomes a variant of its own once this library speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interface {
    /// That of the module `vfio_pci_tph`: everything that this library asks for.
    Module,
    /// That of the kernel series "vfio/pci: Add PCIe TPH support" v3 to v8 and no more:
    /// [`entries`](TphDevice::entries) and [`dma_buf_tag`](TphDevice::dma_buf_tag) fail with `EINVAL`.
    Series,
    /// The driver knows the request and not its layout: a revision that this library does not speak.
    Unknown,
    /// None: plain `vfio-pci`, or another driver without TPH.
    None,
}

impl Interface {
    /// What has to be installed or loaded for `device`, if something is missing.
    pub fn advice(self, device: &str) -> Option<Advice> {
        match self {
            Self::Module | Self::Series => None,
            Self::Unknown => Some(Advice::UpdateLibrary),
            Self::None => Some(Advice::BindModule { device: device.to_owned() }),
        }
    }
}

impl<T: Transport> TphDevice<T> {
    /// Which interface the driver that has the device serves. Changes nothing, and needs neither TPH in
    /// the device nor a permission.
    ///
    /// ```no_run
    /// # use std::os::fd::BorrowedFd;
    /// # fn f(fd: BorrowedFd<'_>) -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{Interface, TphDevice};
    ///
    /// let mut tph = TphDevice::adopt(fd, "0000:01:00.0");
    /// match tph.interface()? {
    ///     Interface::Module | Interface::Series => {} // Go on.
    ///     other => match other.advice(tph.name()) {
    ///         Some(advice) => eprintln!("no TPH: {advice}"),
    ///         None => eprintln!("no TPH"),
    ///     },
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`] if the device cannot be asked: `ENODEV`, `EIO`.
    pub fn interface(&mut self) -> Result<Interface, Error> {
        let served = self.served().map_err(|errno| self.error(Step::Capability, errno, None))?;
        self.done(Step::Capability);
        Ok(served)
    }

    pub(super) fn served(&mut self) -> Result<Interface, Errno> {
        // GET_CAP has no argument that could be wrong, so EINVAL is about the layout.
        match client::capability(&mut self.transport) {
            Ok(_) | Err(Errno::EOPNOTSUPP) => Ok(self.with_own_operations()),
            Err(Errno::ENOTTY) => Ok(Interface::None),
            Err(Errno::EINVAL) => Ok(Interface::Unknown),
            Err(errno) => Err(errno),
        }
    }

    /// An operation of our own, about a descriptor that nobody has: whoever knows it says what is wrong
    /// with the descriptor, or that there are no dma-bufs.
    fn with_own_operations(&mut self) -> Interface {
        let query = DmaBufQuery { descriptor: -1, requester: RequesterType::Tph };
        match query.ask(&mut self.transport) {
            Err(Errno::EINVAL) => Interface::Series,
            _ => Interface::Module,
        }
    }
}
