//! A device's own places for tags, shared by its buffers.

use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tph::{NoSlot, SlotIndex, SlotUse, SteeringTag, TagSlot, TagSlots};

/// Puts tags in the places of a device: the driver's own code, as only it knows the registers.
///
/// `SET_ST` cannot do this: it takes CPUs, and asks firmware for their tags. The tag of a peer's
/// memory is a number that the peer's driver chose.
pub trait WriteTag {
    /// Why a tag could not be written.
    type Error;

    /// Makes the device send `tag` for what names place `index`. Called with the table locked: it
    /// must not register or drop a buffer of the same table.
    ///
    /// # Errors
    /// Why it could not be written. The place counts as free then.
    fn write_tag(&mut self, index: SlotIndex, tag: SteeringTag) -> Result<(), Self::Error>;
}

impl<E, F: FnMut(SlotIndex, SteeringTag) -> Result<(), E>> WriteTag for F {
    type Error = E;

    fn write_tag(&mut self, index: SlotIndex, tag: SteeringTag) -> Result<(), E> {
        self(index, tag)
    }
}

/// Which tags lie in which places of a device. Clones are the same table, for all threads of a
/// driver.
///
/// ```
/// use vfio_tph::{SteeringTag, Tag16, TagTable};
///
/// # let mut registers = [0; 8];
/// // Eight places in the device; 0 means "no tag" and is never given out.
/// let table = TagTable::new(8, move |index: vfio_tph::SlotIndex, tag: SteeringTag| {
///     registers[usize::from(index.0)] = tag.entry_bits();
///     Ok::<_, std::io::Error>(())
/// });
/// let tag = SteeringTag::Extended(Tag16(0xf0)); // That of the dma-buf.
/// let first = table.register(Some(tag));
/// let second = table.register(Some(tag));
/// assert_eq!((first.index(), second.index()), (second.index(), first.index()));
/// // Buffer contexts name the place while the guards live. Dropped, the place is free.
/// ```
pub struct TagTable<W: WriteTag>(Arc<Mutex<Inner<W>>>);

struct Inner<W> {
    slots: TagSlots<Vec<SlotUse>>,
    writer: Option<W>,
}

impl<W: WriteTag> TagTable<W> {
    /// For a device with `places` places, which `writer` writes.
    pub fn new(places: u16, writer: W) -> Self {
        let slots = TagSlots::table(vec![SlotUse::default(); usize::from(places)]);
        Self(Arc::new(Mutex::new(Inner { slots, writer: Some(writer) })))
    }

    /// Takes a place for one more buffer with this tag. Never fails: without a tag, without a place
    /// left or if writing fails the buffer has no tag, which costs a cache hit and nothing else.
    pub fn register(&self, tag: Option<SteeringTag>) -> BufferTag<W> {
        let slot = tag.map(|tag| {
            let Inner { slots, writer } = &mut *self.lock();
            slots.acquire(tag, |index, tag| match writer {
                Some(writer) => writer.write_tag(index, tag),
                None => Ok(()), // Direct: not called.
            })
        });
        BufferTag { table: self.clone(), slot }
    }

    /// Writes every tag that is in use again: after a reset the device has forgotten them, as its
    /// own registers are restored by nobody.
    ///
    /// # Errors
    /// The first error of the writer.
    pub fn rewrite(&self) -> Result<(), W::Error> {
        let Inner { slots, writer } = &mut *self.lock();
        let Some(writer) = writer else { return Ok(()) };
        slots.rewrite(|index, tag| writer.write_tag(index, tag))
    }

    /// The places in use: number, tag, how many buffers.
    pub fn in_use(&self) -> Vec<(SlotIndex, SteeringTag, u32)> {
        self.lock().slots.in_use().collect()
    }

    /// A writer that panicked has left its place free, so the table is in order.
    fn lock(&self) -> MutexGuard<'_, Inner<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer of a table that has no places.
pub type NoPlaces = fn(SlotIndex, SteeringTag) -> Result<(), std::convert::Infallible>;

impl TagTable<NoPlaces> {
    /// For a device without places of its own: each buffer's context holds the tag itself.
    pub fn direct() -> Self {
        Self(Arc::new(Mutex::new(Inner { slots: TagSlots::direct(), writer: None })))
    }
}

impl<W: WriteTag> Clone for TagTable<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: WriteTag> std::fmt::Debug for TagTable<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TagTable").field("in_use", &self.in_use()).finish_non_exhaustive()
    }
}

/// A buffer's tag, for as long as the buffer is registered. Drop it when the device has forgotten
/// the buffer: from then on its place may hold another tag.
#[must_use = "the place is given back when this is dropped"]
pub struct BufferTag<W: WriteTag> {
    table: TagTable<W>,
    slot: Option<Result<TagSlot, NoSlot<W::Error>>>,
}

impl<W: WriteTag> BufferTag<W> {
    /// What the buffer's context names: a place, or in a device without places the tag. `None`: the
    /// buffer has no tag, its requests go without a hint.
    pub fn index(&self) -> Option<SlotIndex> {
        self.slot.as_ref()?.as_ref().ok().map(TagSlot::index)
    }

    /// Why it has none although it came with one.
    pub fn refusal(&self) -> Option<&NoSlot<W::Error>> {
        self.slot.as_ref()?.as_ref().err()
    }
}

impl<W: WriteTag> Drop for BufferTag<W> {
    fn drop(&mut self) {
        if let Some(Ok(slot)) = self.slot.take() {
            self.table.lock().slots.release(slot);
        }
    }
}

impl<W: WriteTag> std::fmt::Debug for BufferTag<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BufferTag").field("index", &self.index()).finish_non_exhaustive()
    }
}
