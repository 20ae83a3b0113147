//! The places of a device that its buffers' tags share. `lab/models` tries every order of threads.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use vfio_tph::{NoSlot, SlotIndex, SteeringTag, Tag16, TagTable};

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
