//! Tags that travel with a dma-buf: the exporter sets them, an importer asks.

mod export;
mod step;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use tph::{DmaBufHint, ProcessingHint, RequesterType, SteeringTag};
use tph_abi::{DmaBufQuery, DmaBufSet, Errno, FeatureRequest, FeatureTransport, Transport};

use crate::{Error, Step, TphDevice};

pub use export::ExportDmaBuf;
pub use step::DmaBufStep;

/// A dma-buf, by the number that its descriptor has for whoever answers: this process's for the
/// kernel, the emulated host's for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor(pub i32);

impl<F: AsFd> From<&F> for Descriptor {
    fn from(file: &F) -> Self {
        Self(file.as_fd().as_raw_fd())
    }
}

/// A piece of a device's memory that other devices can be let at: the file descriptor of a dma-buf,
/// to be handed to whoever drives them.
///
/// [`TphDevice::export_dma_buf`] makes one; what came over a
/// socket becomes one by `DmaBuf::from(fd)`.
#[derive(Debug)]
pub struct DmaBuf(OwnedFd);

impl From<OwnedFd> for DmaBuf {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<DmaBuf> for OwnedFd {
    fn from(buffer: DmaBuf) -> Self {
        buffer.0
    }
}

impl AsFd for DmaBuf {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The exporter's side. The tags are for the device's own memory, so they say what *it* understands;
/// the kernel does not judge them.
impl<T: FeatureTransport> TphDevice<T> {
    /// Whether dma-bufs of this device can have tags at all: the device takes hints on what it
    /// receives (TPH Completer, in its own Device Capabilities 2), and the kernel and the driver do
    /// their part.
    ///
    /// # Errors
    /// [`Error::Request`], which says what is missing.
    pub fn probe_dma_buf_tags(&mut self) -> Result<(), Error> {
        self.feature(DmaBufStep::Probe, FeatureRequest::probe)
    }

    /// Sets tags and hint of a dma-buf that this device exported, and replaces all that were set
    /// before. Do it before anybody else has the descriptor: later importers alone see it.
    /// [`DmaBufTags::NONE`](tph::DmaBufTags::NONE) takes the tags back.
    ///
    /// ```
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{Descriptor, DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag16, TphDevice};
    ///
    /// # let accel0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::peer(), "accel0").unwrap();
    /// # let range = tph_emu::BarRange { offset: 0, length: 0x1000 };
    /// # let file = accel0.export_dma_buf(tph_emu::Region::Bar(4), &[range]).unwrap();
    /// # let buffer = Descriptor(file.number());
    /// # let mut exporter = TphDevice::new(accel0.clone(), "accel0");
    /// # let mut importer = TphDevice::new(accel0, "accel0");
    /// // The driver of the memory knows which of its caches tag 0x1a5 names.
    /// let tags = DmaBufTags::Apart { standard: None, extended: Some(Tag16(0x1a5)) };
    /// exporter.set_dma_buf_tags(buffer, DmaBufHint { tags, hint: ProcessingHint::Target })?;
    ///
    /// // The driver of a device that writes there asks for a tag that its device can send.
    /// let (tag, hint) = importer.dma_buf_tag(buffer, RequesterType::ExtendedTph)?;
    /// assert_eq!((tag.entry_bits(), hint), (0x1a5, ProcessingHint::Target));
    /// assert!(importer.dma_buf_tag(buffer, RequesterType::Tph).is_err(), "none of 8 bits");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn set_dma_buf_tags(
        &mut self,
        dma_buf: impl Into<Descriptor>,
        hint: DmaBufHint,
    ) -> Result<(), Error> {
        let set = DmaBufSet { descriptor: dma_buf.into().0, hint };
        self.feature(DmaBufStep::Set, |number| set.request(number))
    }

    fn feature(
        &mut self,
        step: DmaBufStep,
        request: impl FnOnce(tph_abi::FeatureNumber) -> FeatureRequest,
    ) -> Result<(), Error> {
        let transport = self.transport();
        let outcome =
            transport.dma_buf_tph().and_then(|number| transport.feature(request(number).bytes()));
        self.told(step, outcome)
    }
}

/// The importer's side.
impl<T: Transport> TphDevice<T> {
    /// The tag and hint of a dma-buf for a requester of this type, in which only tags of its own
    /// width count. Any device of the driver answers, about any dma-buf.
    ///
    /// The answer holds until the mapping is invalidated; ask again whenever the buffer is mapped
    /// anew. Whatever goes wrong here, the buffer can be used without a tag.
    ///
    /// # Errors
    /// [`Error::Request`]; `EOPNOTSUPP` if there is no tag of this width.
    pub fn dma_buf_tag(
        &mut self,
        dma_buf: impl Into<Descriptor>,
        requester: RequesterType,
    ) -> Result<(SteeringTag, ProcessingHint), Error> {
        let query = DmaBufQuery { descriptor: dma_buf.into().0, requester };
        let answer = query.ask(self.transport());
        self.told(DmaBufStep::Ask(requester), answer)
    }

    /// What came of a step, of which whoever listens hears.
    fn told<R>(&self, step: DmaBufStep, outcome: Result<R, Errno>) -> Result<R, Error> {
        let step = Step::DmaBuf(step);
        let value = outcome.map_err(|errno| self.error(step, errno, None))?;
        self.done(step);
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
