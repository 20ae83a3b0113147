//! A PCI function that this process owns through VFIO.
//!
//! The work is done by the crate `vfio-ioctls`; here it gets an address to start from, errors that
//! say what happened, memory that is safe to share with a device, and [TPH](VfioFunction::tph).

mod bar;
mod config;
mod dma;
mod errno;
mod export;
mod iommu;
mod region;

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use tph::Bdf;
use tph_abi::Errno;
use vfio_bindings::bindings::vfio::{VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX};
use vfio_ioctls::{VfioDevice, VfioError};
use vmm_sys_util::eventfd::EventFd;

use crate::{Error, Host, OpenStep, TphDevice, VfioCall, VfioFd, sys};

pub use bar::Bar;
pub use config::ConfigRegion;
pub use dma::DmaBuffer;
pub use iommu::Iommu;

/// Holding one means that the function is bound to a VFIO driver, that this process has it open,
/// and that its DMA goes through an [`Iommu`]. The kernel closes all of it when this is dropped.
///
/// ```no_run
/// use vfio_tph::VfioFunction;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let function = VfioFunction::open("0000:01:00.0".parse()?)?;
/// let registers = function.map_bar(0)?;
/// let memory = function.dma_buffer(0x10_0000, 4096)?; // The device finds it at 0x10_0000.
/// registers.write32(0x1000, 0x10_0000)?;
/// println!("{} entries", function.tph().capability()?.table_entries);
/// # Ok(()) }
/// ```
pub struct VfioFunction {
    address: Bdf,
    // Dropped in this order; `open_until_last` says when the last one is there.
    device: VfioDevice,
    iommu: Iommu,
    open_until_last: Option<File>,
}

impl Drop for VfioFunction {
    /// `vfio-ioctls` closes the device and then looks in sysfs for its group, with a panic if that is
    /// not there any more. A device that the kernel wants to remove goes the moment its last file is
    /// closed: so a second file stays open until the group, too, has been closed. In an address
    /// space that others use as well the group could then not be given back, so there it is done only
    /// for a device that has lost its driver's link, as one has that is leaving.
    fn drop(&mut self) {
        let is_leaving = || !Host::default().folder(self.address).join("driver").exists();
        if self.iommu.is_of_one_function() || is_leaving() {
            self.open_until_last = sys::duplicate(&*self).ok();
        }
    }
}

impl VfioFunction {
    /// Opens the function at `address` with an IOMMU address space of its own.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`], [`Error::Open`].
    pub fn open(address: Bdf) -> Result<Self, Error> {
        traced(address, Self::open_alone(address))
    }

    fn open_alone(address: Bdf) -> Result<Self, Error> {
        let host = Host::default();
        if !host.folder(address).exists() {
            return Err(Error::NoSuchFunction { address });
        }
        if host.iommu_group(address).is_none() {
            return Err(iommu::no_group(address));
        }
        let iommu = Iommu::for_function(address)?;
        Self::open_in(address, iommu)
    }

    /// Opens the function at `address` in the address space of `iommu`, which several functions can
    /// share.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`], [`Error::Open`].
    pub fn open_on(address: Bdf, iommu: Iommu) -> Result<Self, Error> {
        traced(address, Self::open_in(address, iommu))
    }

    fn open_in(address: Bdf, iommu: Iommu) -> Result<Self, Error> {
        let host = Host::default();
        let folder = host.folder(address);
        if !folder.exists() {
            return Err(Error::NoSuchFunction { address });
        }
        let group = iommu.group(&host, address)?;
        let device = VfioDevice::new(&folder, iommu.ops(), true)
            .map_err(|error| open_error(address, group, &error))?;
        Ok(Self { address, device, iommu, open_until_last: None })
    }

    /// Its address.
    pub fn address(&self) -> Bdf {
        self.address
    }

    /// The address space that its DMA goes through.
    pub fn iommu(&self) -> &Iommu {
        &self.iommu
    }

    /// What the crate `vfio-ioctls` knows of it, and everything else that it can do.
    pub fn device(&self) -> &VfioDevice {
        &self.device
    }

    /// Its TPH.
    pub fn tph(&self) -> TphDevice<VfioFd<BorrowedFd<'_>>> {
        TphDevice::adopt(self.as_fd(), self.address.to_string())
    }

    /// Its configuration space, as the kernel lets a user see it.
    pub fn config(&self) -> ConfigRegion<'_> {
        ConfigRegion::new(self)
    }

    /// Maps a BAR into memory.
    ///
    /// # Errors
    /// [`Error::Call`]; also if the kernel does not let it be mapped.
    pub fn map_bar(&self, bar: u32) -> Result<Bar, Error> {
        Bar::map(self, bar)
    }

    /// Allocates `size` bytes, whole pages, that the device reaches at `iova`.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn dma_buffer(&self, iova: u64, size: usize) -> Result<DmaBuffer, Error> {
        DmaBuffer::new(self.address, &self.iommu, iova, size)
    }

    /// How many MSI-X vectors it has.
    pub fn msix_vectors(&self) -> u32 {
        self.device.get_irq_info(VFIO_PCI_MSIX_IRQ_INDEX).map_or(0, |irq| irq.count)
    }

    /// Sets up MSI-X: vector *n* signals `events[n]`.
    ///
    /// # Errors
    /// [`Error::Call`]; also for more events than vectors.
    pub fn enable_msix(&self, events: &[EventFd]) -> Result<(), Error> {
        self.device
            .enable_msix(events.iter().collect())
            .map_err(|error| self.call_error(VfioCall::Interrupts, &error))
    }

    /// Takes MSI-X down again.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn disable_msix(&self) -> Result<(), Error> {
        self.device.disable_msix().map_err(|error| self.call_error(VfioCall::Interrupts, &error))
    }

    /// Has the kernel signal `event` when it wants the function back: somebody unbinds it or asks its
    /// card back, and waits until this is dropped.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn signal_request(&self, event: &EventFd) -> Result<(), Error> {
        self.device
            .enable_irq(VFIO_PCI_REQ_IRQ_INDEX, vec![event])
            .map_err(|error| self.call_error(VfioCall::Interrupts, &error))
    }

    /// Resets the function. TPH stays as it was set.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn reset(&self) -> Result<(), Error> {
        sys::reset(self.as_fd()).map_err(|errno| self.errno_error(VfioCall::Reset, errno))
    }

    fn errno_error(&self, call: VfioCall, errno: Errno) -> Error {
        Error::Call { address: self.address, call, errno: Some(errno), detail: String::new() }
    }

    fn detail_error(&self, call: VfioCall, detail: String) -> Error {
        Error::Call { address: self.address, call, errno: None, detail }
    }

    fn call_error(&self, call: VfioCall, error: &VfioError) -> Error {
        call_error(self.address, call, error)
    }
}

impl AsFd for VfioFunction {
    fn as_fd(&self) -> BorrowedFd<'_> {
        sys::borrow_fd(&self.device)
    }
}

impl std::fmt::Debug for VfioFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VfioFunction").field("address", &self.address).finish_non_exhaustive()
    }
}

fn traced(address: Bdf, outcome: Result<VfioFunction, Error>) -> Result<VfioFunction, Error> {
    match &outcome {
        Ok(function) => tracing::debug!(device = %address, iommu = ?function.iommu, "opened"),
        Err(error) => {
            let (errno, text) = (error.errno().map(tracing::field::display), error.to_string());
            let step = match error {
                Error::Open { step, .. } => Some(tracing::field::display(step)),
                _ => None,
            };
            tracing::debug!(device = %address, step, errno, error = text, "not opened");
        }
    }
    outcome
}

fn call_error(address: Bdf, call: VfioCall, error: &VfioError) -> Error {
    let (errno, detail) = errno::split(error);
    Error::Call { address, call, errno, detail }
}

fn open_error(address: Bdf, group: Option<u32>, error: &VfioError) -> Error {
    let step = match error {
        VfioError::OpenGroup(..) => {
            group.map_or(OpenStep::FindGroup, |group| OpenStep::Group { group })
        }
        VfioError::GroupViable
        | VfioError::GroupSetContainer
        | VfioError::ContainerSetIOMMU(_)
        | VfioError::VfioDeviceBindIommufd(_)
        | VfioError::VfioDeviceAttachIommufdPt(_) => OpenStep::Attach,
        VfioError::InvalidPath => OpenStep::FindGroup,
        _ => OpenStep::Device,
    };
    let (errno, detail) = errno::split(error);
    Error::Open { address, step, errno, detail }
}
