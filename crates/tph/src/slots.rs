//! Tags of many buffers in the few places that a device has for them.
//!
//! A device that writes into a peer's memory sends the tag that came with the buffer. It keeps such
//! tags in places of its own (a register array, a table in its context memory), and each buffer's
//! context names one by index; or it has no places, and the context holds the tag itself. A device
//! has few places and many buffers, so buffers with the same tag share one.
//!
//! Place 0 is kept for "no tag". A buffer for which no place is left is registered without one:
//! a hint is never worth a failed registration (reference: the mlx5 importer).

use crate::SteeringTag;

/// The number of a place for a tag in a device; 0 is "no tag" unless the device takes tags directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(pub u16);

/// What is remembered of one place: storage for [`TagSlots`], made with `Default`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotUse(Option<Held>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    tag: SteeringTag,
    /// Buffers that use it, at least 1.
    users: u32,
}

/// One buffer's use of a tag. It is counted: exactly one [`release`](TagSlots::release) belongs to
/// it, after the device has forgotten the buffer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the place stays taken until this is released"]
pub struct TagSlot {
    index: SlotIndex,
    tag: SteeringTag,
}

impl TagSlot {
    /// What the device is told: the number of the place, or where it takes tags directly the tag.
    pub const fn index(&self) -> SlotIndex {
        self.index
    }

    /// The tag that the device sends for it.
    pub const fn tag(&self) -> SteeringTag {
        self.tag
    }
}

/// Why a buffer has no tag. It can be registered all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot<E> {
    /// Every place holds another tag.
    Full,
    /// The tag could not be written to its place, which is free again.
    Write(E),
}

/// Which tags lie in which places of a device, and how many buffers use each.
///
/// `S` is the caller's storage, an array or a slice of [`SlotUse`], an element for each place. Calls
/// take turns by `&mut self`: whoever shares it holds one lock over a call, the write of the place
/// included, so that nobody is given a place before its tag is there.
#[derive(Debug)]
pub struct TagSlots<S>(Option<S>);

impl<S: AsRef<[SlotUse]> + AsMut<[SlotUse]>> TagSlots<S> {
    /// For a device that takes tags directly.
    pub const fn direct() -> Self {
        Self(None)
    }

    /// For a device with a place for each element of `storage`, which forgets what it held. Place 0
    /// is not given out; places from 65536 on cannot be named and stay unused.
    pub fn table(mut storage: S) -> Self {
        storage.as_mut().fill(SlotUse(None));
        Self(Some(storage))
    }

    /// A place that holds `tag`, for one more buffer: the one that holds it already, or a free one
    /// after `write` has put it there.
    ///
    /// # Errors
    /// [`NoSlot`]: the buffer goes without a tag, and nothing has changed.
    pub fn acquire<E>(
        &mut self,
        tag: SteeringTag,
        write: impl FnOnce(SlotIndex, SteeringTag) -> Result<(), E>,
    ) -> Result<TagSlot, NoSlot<E>> {
        let Some(storage) = &mut self.0 else {
            return Ok(TagSlot { index: SlotIndex(tag.entry_bits()), tag });
        };
        let mut free = None;
        for (index, place) in numbered(storage.as_mut()) {
            match &mut place.0 {
                Some(held) if held.tag == tag && held.users < u32::MAX => {
                    held.users = held.users.saturating_add(1);
                    return Ok(TagSlot { index, tag });
                }
                None if free.is_none() => free = Some((index, place)),
                _ => {}
            }
        }
        let (index, place) = free.ok_or(NoSlot::Full)?;
        write(index, tag).map_err(NoSlot::Write)?;
        place.0 = Some(Held { tag, users: 1 });
        Ok(TagSlot { index, tag })
    }

    /// Gives one use back; says how many buffers still use the place. At 0 it is free: what it holds
    /// stays there until the next tag, since no buffer names it.
    #[expect(clippy::needless_pass_by_value, reason = "the use ends here")]
    pub fn release(&mut self, slot: TagSlot) -> u32 {
        let TagSlot { index, tag } = slot;
        let storage = self.0.as_mut().map(AsMut::as_mut).unwrap_or_default();
        let Some(place) = storage.get_mut(usize::from(index.0)) else { return 0 };
        match &mut place.0 {
            Some(held) if held.tag == tag => {
                held.users = held.users.saturating_sub(1);
                let left = held.users;
                if left == 0 {
                    place.0 = None;
                }
                left
            }
            // Of another device: not counted here.
            _ => 0,
        }
    }

    /// Writes every tag that is in use to its place again, for a device that was reset.
    ///
    /// # Errors
    /// The first error of `write`; what comes after it is not written.
    pub fn rewrite<E>(
        &mut self,
        mut write: impl FnMut(SlotIndex, SteeringTag) -> Result<(), E>,
    ) -> Result<(), E> {
        self.in_use().try_for_each(|(index, tag, _)| write(index, tag))
    }

    /// The places in use, in order: number, tag, how many buffers.
    pub fn in_use(&self) -> impl Iterator<Item = (SlotIndex, SteeringTag, u32)> {
        let places = self.0.as_ref().map(AsRef::as_ref).unwrap_or_default();
        let numbered = (0..=u16::MAX).map(SlotIndex).zip(places);
        numbered.filter_map(|(index, place)| place.0.map(|held| (index, held.tag, held.users)))
    }
}

/// The places that can be given out.
fn numbered(places: &mut [SlotUse]) -> impl Iterator<Item = (SlotIndex, &mut SlotUse)> {
    (0..=u16::MAX).map(SlotIndex).zip(places).skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tag8;
    use core::convert::Infallible;

    #[test]
    fn a_place_with_as_many_buffers_as_can_be_counted_is_not_shared_further() {
        let tag = SteeringTag::Standard(Tag8(7));
        let mut slots = TagSlots::table([SlotUse(None); 3]);
        let write = |_, _| Ok::<(), Infallible>(());
        let first = slots.acquire(tag, write).unwrap();
        slots.0.as_mut().unwrap()[1].0.as_mut().unwrap().users = u32::MAX;
        let second = slots.acquire(tag, write).unwrap();
        assert_eq!((first.index(), second.index()), (SlotIndex(1), SlotIndex(2)));
        assert_eq!(slots.release(first), u32::MAX - 1);
        assert_eq!(slots.release(second), 0);
    }
}
