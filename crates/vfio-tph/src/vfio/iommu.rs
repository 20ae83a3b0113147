//! The address space that a device's DMA goes through.

use std::sync::Arc;

use iommufd_ioctls::IommuFd;
use rustix::io::Errno as Os;
use tph::Bdf;
use vfio_ioctls::{VfioContainer, VfioError, VfioIommufd, VfioOps};

use super::errno;
use crate::{Error, Host, OpenStep};

/// An IOMMU address space; clones are the same one. Functions opened in it see the same memory.
#[derive(Clone)]
pub enum Iommu {
    /// A container of IOMMU groups (type 1), which every kernel with VFIO has.
    Container(Arc<VfioContainer>),
    /// An I/O address space of iommufd, for kernels that give each device a file of its own.
    Iommufd(Arc<VfioIommufd>),
}

impl Iommu {
    /// The newest kind that this kernel and the permissions of this process offer for the function
    /// at `address`: iommufd if the function has a device file of its own and `/dev/iommu` can be
    /// opened, else a container.
    ///
    /// # Errors
    /// [`Error::Open`] if neither can be had.
    pub fn for_function(address: Bdf) -> Result<Self, Error> {
        if Host::default().vfio_device_file(address).is_none() {
            return Self::container(address);
        }
        match Self::iommufd(address) {
            Err(error) if lacks_iommufd(&error) => Self::container(address).map_err(|_| error),
            outcome => outcome,
        }
    }

    /// A new container; `address` is only for the error.
    ///
    /// # Errors
    /// [`Error::Open`] if `/dev/vfio/vfio` cannot be opened or is of another kind.
    pub fn container(address: Bdf) -> Result<Self, Error> {
        let container = VfioContainer::new(None)
            .map_err(|error| open_error(address, OpenStep::Container, &error))?;
        Ok(Self::Container(Arc::new(container)))
    }

    /// A new I/O address space of iommufd; `address` is only for the error.
    ///
    /// # Errors
    /// [`Error::Open`] if `/dev/iommu` cannot be opened.
    pub fn iommufd(address: Bdf) -> Result<Self, Error> {
        let fail = |error: &(dyn std::error::Error + 'static)| {
            open_error(address, OpenStep::Iommufd, error)
        };
        let file = IommuFd::new().map_err(|error| fail(&error))?;
        let space = VfioIommufd::new(Arc::new(file), None, None).map_err(|error| fail(&error))?;
        Ok(Self::Iommufd(Arc::new(space)))
    }

    /// The same for `vfio-ioctls`.
    pub(crate) fn ops(&self) -> Arc<dyn VfioOps> {
        match self {
            Self::Container(container) => Arc::clone(container) as Arc<dyn VfioOps>,
            Self::Iommufd(space) => Arc::clone(space) as Arc<dyn VfioOps>,
        }
    }

    /// Whether it is a container that goes with the function that has it open.
    pub(super) fn is_of_one_function(&self) -> bool {
        // The function has it, and so has what `vfio-ioctls` made for the function.
        matches!(self, Self::Container(container) if Arc::strong_count(container) <= 2)
    }

    /// The group of the function at `address`, which a container cannot do without.
    pub(super) fn group(&self, host: &Host, address: Bdf) -> Result<Option<u32>, Error> {
        match (self, host.iommu_group(address)) {
            (Self::Container(_), None) => Err(no_group(address)),
            (_, group) => Ok(group),
        }
    }

    pub(super) fn unmap(&self, iova: u64, size: usize) -> Result<(), VfioError> {
        self.ops().vfio_dma_unmap(iova, size)
    }
}

impl std::fmt::Debug for Iommu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Container(_) => "Iommu::Container",
            Self::Iommufd(_) => "Iommu::Iommufd",
        })
    }
}

/// A function without a group has no IOMMU that could keep its DMA where it belongs.
pub(super) fn no_group(address: Bdf) -> Error {
    let detail = "it has none: is the IOMMU off?".to_owned();
    Error::Open { address, step: OpenStep::FindGroup, errno: None, detail }
}

/// Whether `/dev/iommu` is not there or not for this process, which a container does not need.
fn lacks_iommufd(error: &Error) -> bool {
    let Error::Open { step: OpenStep::Iommufd, errno: Some(errno), .. } = error else {
        return false;
    };
    [Os::NOENT, Os::NODEV, Os::ACCESS, Os::PERM].iter().any(|os| os.raw_os_error() == errno.0)
}

fn open_error(address: Bdf, step: OpenStep, error: &(dyn std::error::Error + 'static)) -> Error {
    let (errno, detail) = errno::split(error);
    Error::Open { address, step, errno, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iommufd_ioctls::IommufdError;
    use std::io;

    #[test]
    fn without_dev_iommu_a_container_will_do_and_after_other_failures_it_will_not() {
        let falls_back = |step, errno: Os| {
            let error =
                IommufdError::OpenIommufd(io::Error::from_raw_os_error(errno.raw_os_error()));
            lacks_iommufd(&open_error("1:0.0".parse().unwrap(), step, &error))
        };
        for errno in [Os::NOENT, Os::NODEV, Os::ACCESS, Os::PERM] {
            assert!(falls_back(OpenStep::Iommufd, errno), "{errno:?}");
            assert!(!falls_back(OpenStep::Attach, errno), "{errno:?}");
        }
        for errno in [Os::NOMEM, Os::MFILE, Os::INVAL] {
            assert!(!falls_back(OpenStep::Iommufd, errno), "{errno:?}");
        }
    }
}
