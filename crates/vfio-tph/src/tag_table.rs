//! A device's own places for tags, shared by its buffers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU16, Ordering};
    use tph::Tag16;

    fn tag(bits: u16) -> SteeringTag {
        SteeringTag::Extended(Tag16(bits))
    }

    #[test]
    fn a_buffer_is_registered_whether_or_not_there_is_a_place() {
        let table = TagTable::new(2, |_, _| Ok::<_, ()>(()));
        let first = table.register(Some(tag(1)));
        let second = table.register(Some(tag(2)));
        assert_eq!((first.index(), first.refusal()), (Some(SlotIndex(1)), None));
        assert_eq!((second.index(), second.refusal()), (None, Some(&NoSlot::Full)));
        drop((first, second));
        assert_eq!(table.register(Some(tag(2))).index(), Some(SlotIndex(1)));
        let without = table.register(None);
        assert_eq!((without.index(), without.refusal()), (None, None));
        assert_eq!(table.in_use(), []);
    }

    #[test]
    fn a_writer_that_fails_or_panics_leaves_the_place_free() {
        let mut calls = 0;
        let table = TagTable::new(2, move |_, _| {
            calls += 1;
            match calls {
                1 => Err("no"),
                2 => panic!("in the driver"),
                _ => Ok(()),
            }
        });
        assert_eq!(table.register(Some(tag(1))).refusal(), Some(&NoSlot::Write("no")));
        let shared = std::panic::AssertUnwindSafe(&table);
        std::panic::catch_unwind(|| drop(shared.register(Some(tag(1))))).unwrap_err();
        assert_eq!(table.register(Some(tag(1))).index(), Some(SlotIndex(1)));
    }

    #[test]
    fn a_device_without_places_is_given_the_tag() {
        let table = TagTable::direct();
        assert_eq!(table.register(Some(tag(0xbea5))).index(), Some(SlotIndex(0xbea5)));
        assert_eq!(table.register(Some(tag(0))).index(), Some(SlotIndex(0)), "0 is a tag");
        table.rewrite().unwrap();
    }

    #[test]
    fn after_a_reset_the_tags_in_use_are_written_again() {
        let device: Arc<Mutex<Vec<(u16, u16)>>> = Arc::default();
        let registers = Arc::clone(&device);
        let table = TagTable::new(4, move |index: SlotIndex, tag: SteeringTag| {
            registers.lock().unwrap().push((index.0, tag.entry_bits()));
            Ok::<_, ()>(())
        });
        let _held = [5, 6].map(|bits| table.register(Some(tag(bits))));
        drop(table.register(Some(tag(7))));
        device.lock().unwrap().clear();
        table.rewrite().unwrap();
        assert_eq!(*device.lock().unwrap(), [(1, 5), (2, 6)]);
    }

    /// While a guard lives, the place that it names holds its tag, whatever other threads do.
    #[test]
    fn no_thread_ever_sees_a_place_with_another_tag() {
        let device: Arc<Vec<AtomicU16>> = Arc::new((0..6).map(|_| AtomicU16::new(0)).collect());
        let registers = Arc::clone(&device);
        let table = TagTable::new(6, move |index: SlotIndex, tag: SteeringTag| {
            registers[usize::from(index.0)].store(tag.entry_bits(), Ordering::SeqCst);
            std::thread::yield_now();
            Ok::<_, ()>(())
        });
        std::thread::scope(|scope| {
            for thread in 0..4_u16 {
                let (table, device) = (table.clone(), Arc::clone(&device));
                scope.spawn(move || {
                    for round in 0..5_000_u16 {
                        let bits = (round.wrapping_mul(7) ^ thread) % 9 + 1;
                        let buffer = table.register(Some(tag(bits)));
                        let Some(index) = buffer.index() else { continue };
                        std::thread::yield_now();
                        let held = device[usize::from(index.0)].load(Ordering::SeqCst);
                        assert_eq!(held, bits);
                    }
                });
            }
        });
        assert_eq!(table.in_use(), []);
    }
}
