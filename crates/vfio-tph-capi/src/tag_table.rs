//! The places for tags of a device, as C shares them among its buffers.

use tph::{NoSlot, SlotIndex, SteeringTag, Tag8, Tag16};
use vfio_tph::Errno;

use crate::{DmaBufTag, Failure, numbers};

/// No space left (the kernel's errno.h).
const ENOSPC: Errno = Errno(28);

/// Calls the driver's function, in whatever thread needs a place.
type Writer = Box<dyn FnMut(SlotIndex, SteeringTag) -> Result<(), Errno> + Send>;

/// Which tags lie in which places of a device: a device has few, and many buffers. Buffers with the
/// same tag share a place.
pub struct TagTable(vfio_tph::TagTable<Writer>);

/// A place that a buffer's tag lies in.
pub struct BufferTag {
    /// Gives the place back when it is dropped.
    _held: vfio_tph::BufferTag<Writer>,
}

/// C may use them in any thread, and a table in several at a time.
const _: fn() = || {
    fn any_thread<T: Send + Sync>() {}
    fn one_thread<T: Send>() {}
    any_thread::<TagTable>();
    one_thread::<BufferTag>();
};

impl TagTable {
    pub(crate) fn new(
        places: u16,
        write: impl FnMut(SlotIndex, SteeringTag) -> Result<(), Errno> + Send + 'static,
    ) -> Self {
        Self(vfio_tph::TagTable::new(places, Box::new(write)))
    }

    /// A place for one more buffer with this tag, and its number.
    pub(crate) fn register(&self, tag: DmaBufTag) -> Result<(BufferTag, SlotIndex), Failure> {
        let buffer = self.0.register(Some(steering_tag(tag)?));
        if let Some(index) = buffer.index() {
            return Ok((BufferTag { _held: buffer }, index));
        }
        let (errno, why) = match buffer.refusal() {
            Some(NoSlot::Write(errno)) => (*errno, "the driver's function did not write the tag"),
            _ => (ENOSPC, "every place of the device holds another tag"),
        };
        let text = format!("taking a place for tag {:#x}: {errno}: {why}", tag.tag);
        Err(Failure::new(errno, text).with_advice(
            "Use the buffer without a tag: its writes go without a hint, which costs a cache hit \
             and no more.",
        ))
    }

    pub(crate) fn rewrite(&self) -> Result<(), Failure> {
        self.0.rewrite().map_err(|errno| {
            let why = "the driver's function did not write a tag";
            Failure::new(errno, format!("writing all tags again: {errno}: {why}"))
        })
    }
}

fn steering_tag(DmaBufTag { tag, bits, .. }: DmaBufTag) -> Result<SteeringTag, Failure> {
    let refused = || {
        let text = format!("{tag:#x} is no tag of {bits} bits");
        Failure::argument(text).with_advice("Give what vfiotph_get_dma_buf_tag() answered.")
    };
    let requester = numbers::requester(bits.into()).ok_or_else(refused)?;
    match requester {
        tph::RequesterType::Tph => {
            let tag = u8::try_from(tag).map_err(|_| refused())?;
            Ok(SteeringTag::Standard(Tag8(tag)))
        }
        tph::RequesterType::ExtendedTph => Ok(SteeringTag::Extended(Tag16(tag))),
    }
}
