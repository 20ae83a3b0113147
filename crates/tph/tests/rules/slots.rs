//! Slots for tags against a model that keeps nothing but a list of who holds what.

use std::collections::BTreeSet;
use std::convert::Infallible;

use tph::{NoSlot, SlotIndex, SlotUse, SteeringTag, Tag8, Tag16, TagSlot, TagSlots};

fn wide(bits: u16) -> SteeringTag {
    SteeringTag::Extended(Tag16(bits))
}

fn narrow(bits: u8) -> SteeringTag {
    SteeringTag::Standard(Tag8(bits))
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a write that could fail")]
fn written(_: SlotIndex, _: SteeringTag) -> Result<(), Infallible> {
    Ok(())
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end).unwrap()
    }
}

#[test]
fn buffers_with_the_same_tag_share_a_slot_and_it_is_written_once() {
    let mut slots = TagSlots::table([SlotUse::default(); 4]);
    let first = slots.acquire(wide(7), |index, tag| {
        assert_eq!((index, tag), (SlotIndex(1), wide(7)));
        Ok::<_, Infallible>(())
    });
    let first = first.unwrap();
    let second = slots.acquire(wide(7), |_, _| Err("written twice")).unwrap();
    assert_eq!((first.index(), second.index()), (SlotIndex(1), SlotIndex(1)));
    assert_eq!(slots.release(first), 1);
    assert_eq!(slots.release(second), 0);
    assert_eq!(slots.in_use().count(), 0);
}

#[test]
fn the_same_number_in_two_namespaces_is_two_slots() {
    let mut slots = TagSlots::table([SlotUse::default(); 4]);
    let tags = [wide(7), narrow(7), wide(0), narrow(0)].map(|tag| slots.acquire(tag, written));
    let [a, b, c, d] = tags;
    let found = [a, b, c].map(|slot| slot.unwrap().index().0);
    assert_eq!((found, d), ([1, 2, 3], Err(NoSlot::Full)));
}

#[test]
fn a_write_that_fails_leaves_the_slot_free() {
    let mut slots = TagSlots::table([SlotUse::default(); 2]);
    assert_eq!(slots.acquire(wide(1), |_, _| Err("no")), Err(NoSlot::Write("no")));
    assert_eq!(slots.in_use().count(), 0);
    let slot = slots.acquire(wide(2), written).unwrap();
    assert_eq!((slot.index(), slot.tag()), (SlotIndex(1), wide(2)));
}

#[test]
fn a_device_without_places_takes_the_tag_itself() {
    let mut slots = TagSlots::<[SlotUse; 0]>::direct();
    for tag in [wide(0xabcd), wide(0), narrow(0xab)] {
        let slot = slots.acquire(tag, |_, _| Err("written")).unwrap();
        assert_eq!(slot.index(), SlotIndex(tag.entry_bits()));
        assert_eq!((slots.in_use().count(), slots.release(slot)), (0, 0));
    }
}

#[test]
fn a_table_without_a_place_beside_0_has_no_slots() {
    for places in 0..2 {
        let mut slots = TagSlots::table(vec![SlotUse::default(); places]);
        assert_eq!(slots.acquire(wide(1), written), Err(NoSlot::Full));
    }
}

#[test]
fn a_slot_of_another_table_counts_for_nothing() {
    let mut slots = TagSlots::table([SlotUse::default(); 2]);
    let mut other = TagSlots::table([SlotUse::default(); 9]);
    let _held = slots.acquire(wide(1), written).unwrap();
    for tag in 2..6 {
        let foreign = other.acquire(wide(tag), written).unwrap();
        assert_eq!(slots.release(foreign), 0);
    }
    assert_eq!(slots.in_use().collect::<Vec<_>>(), [(SlotIndex(1), wide(1), 1)]);
}

/// Thousands of random registrations, against who holds what in a plain list.
#[test]
fn it_agrees_with_a_list_of_all_buffers() {
    for places in [1_usize, 2, 3, 8, 33] {
        let mut random = Random(0x2545_f491_4f6c_dd1d + places as u64);
        let mut storage = vec![SlotUse::default(); places];
        let mut slots = TagSlots::table(storage.as_mut_slice());
        let mut device = vec![None; places];
        let mut buffers: Vec<TagSlot> = Vec::new();
        for _ in 0..20_000 {
            if buffers.len() > 200 || !buffers.is_empty() && random.below(2) == 0 {
                let gone = buffers.swap_remove(random.below(buffers.len() as u64));
                let tag = gone.tag();
                let left = buffers.iter().filter(|slot| slot.tag() == tag).count();
                assert_eq!(slots.release(gone) as usize, left);
            } else {
                let number = u8::try_from(random.below(2 * places as u64)).unwrap();
                let tag = if number % 2 == 0 { narrow(number) } else { wide(number.into()) };
                let fails = random.below(5) == 0;
                let mut asked = false;
                let tags: BTreeSet<_> = buffers.iter().map(TagSlot::tag).collect();
                let known = tags.contains(&tag);
                let answer = slots.acquire(tag, |index, tag| {
                    asked = true;
                    if fails {
                        return Err(());
                    }
                    device[usize::from(index.0)] = Some(tag);
                    Ok(())
                });
                let full = !known && tags.len() + 1 >= places;
                assert_eq!(asked, !known && !full, "a place is written once, for its first buffer");
                match answer {
                    Err(why) if full => assert_eq!(why, NoSlot::Full),
                    Err(why) => assert!(why == NoSlot::Write(()) && fails && !known),
                    Ok(slot) => buffers.push(slot),
                }
            }
            for slot in &buffers {
                assert_ne!(slot.index(), SlotIndex(0));
                assert_eq!(device[usize::from(slot.index().0)], Some(slot.tag()));
            }
            let counted: u32 = slots.in_use().map(|(_, _, users)| users).sum();
            assert_eq!(counted as usize, buffers.len());
        }
    }
}

#[test]
fn after_a_reset_every_tag_in_use_is_written_again() {
    let mut slots = TagSlots::table([SlotUse::default(); 5]);
    let [a, b, c] = [wide(1), wide(2), wide(3)].map(|tag| slots.acquire(tag, written).unwrap());
    assert_eq!(slots.release(b), 0);
    let mut seen = Vec::new();
    let done = slots.rewrite(|index, tag| {
        seen.push((index, tag));
        written(index, tag)
    });
    done.unwrap();
    assert_eq!(seen, [(a.index(), wide(1)), (c.index(), wide(3))]);
    let failed = slots.rewrite(|index, _| if index == SlotIndex(3) { Err(index) } else { Ok(()) });
    assert_eq!(failed, Err(SlotIndex(3)));
}
