//! The address space that a device's DMA goes through.

use std::path::Path;
use std::sync::Arc;

use iommufd_ioctls::IommuFd;
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
    /// The newest kind that this kernel offers for the function at `address`.
    ///
    /// # Errors
    /// [`Error::Open`] if it cannot be had.
    pub fn for_function(address: Bdf) -> Result<Self, Error> {
        let has_device_file = Host::default().folder(address).join("vfio-dev").exists();
        let has_iommufd = Path::new("/dev/iommu").exists();
        if has_device_file && has_iommufd {
            Self::iommufd(address)
        } else {
            Self::container(address)
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

fn open_error(address: Bdf, step: OpenStep, error: &(dyn std::error::Error + 'static)) -> Error {
    let (errno, detail) = errno::split(error);
    Error::Open { address, step, errno, detail }
}
