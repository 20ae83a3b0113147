//! The places of a device that its buffers' tags share.

use shuttle::sync::atomic::{AtomicU16, Ordering::SeqCst};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;
use tph::{SlotIndex, SteeringTag, Tag16};

use crate::tag_table::{TagTable, WriteTag};
use crate::{every_order, many_orders};

/// The registers of a device.
type Registers = Arc<Vec<AtomicU16>>;

fn tag(bits: u16) -> SteeringTag {
    SteeringTag::Extended(Tag16(bits))
}

/// A device with `places` places, and its table.
fn device(places: u16) -> (Registers, TagTable<Writer>) {
    let registers: Registers = Arc::new((0..places).map(|_| AtomicU16::new(0)).collect());
    let table = TagTable::new(places, Writer(Arc::clone(&registers)));
    (registers, table)
}

struct Writer(Registers);

impl WriteTag for Writer {
    type Error = ();

    fn write_tag(&mut self, index: SlotIndex, tag: SteeringTag) -> Result<(), ()> {
        self.0[usize::from(index.0)].store(tag.entry_bits(), SeqCst);
        Ok(())
    }
}

/// Registers a buffer. While it is, its place holds its tag.
fn hold<W: WriteTag<Error = ()>>(registers: &Registers, table: &TagTable<W>, bits: u16) {
    let buffer = table.register(Some(tag(bits)));
    let Some(index) = buffer.index() else { return };
    let held = registers[usize::from(index.0)].load(SeqCst);
    assert_eq!(held, bits, "a place holds another tag");
}

/// A thread for each of `tags`, the first of them this one, which holds these one after the other.
fn threads_hold(places: u16, tags: &'static [&'static [u16]]) {
    let (registers, table) = device(places);
    let hold_all = |tags: &'static [u16]| {
        let (registers, table) = (Arc::clone(&registers), table.clone());
        move || tags.iter().for_each(|bits| hold(&registers, &table, *bits))
    };
    let (first, others) = tags.split_first().expect("there is one");
    let threads: Vec<_> = others.iter().map(|tags| thread::spawn(hold_all(tags))).collect();
    hold_all(first)();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(table.in_use(), []);
}

#[test]
fn a_place_holds_its_tag_for_as_long_as_a_buffer_names_it() {
    assert!(every_order(|| threads_hold(2, &[&[1], &[2]])) > 20, "one place, two tags");
    assert!(every_order(|| threads_hold(3, &[&[1], &[1]])) > 20, "two places, one tag");
    many_orders(|| threads_hold(3, &[&[1, 2, 3], &[3, 1, 2], &[2, 3, 1]]));
}

/// The device forgets its tags while threads come and go, and its driver puts them back with `rewrite`. Each
/// thread keeps what it registers last.
fn reset_among_others(rewrite: fn(&Registers, &TagTable<Writer>)) {
    let (registers, table) = device(4);
    let held = table.register(Some(tag(7)));
    let others = [[7, 8], [9, 7]].map(|[first, last]| {
        let table = table.clone();
        thread::spawn(move || {
            drop(table.register(Some(tag(first))));
            table.register(Some(tag(last)))
        })
    });
    registers.iter().for_each(|register| register.store(0, SeqCst));
    rewrite(&registers, &table);
    let kept = others.map(|thread| thread.join().unwrap());
    for (index, tag, _) in table.in_use() {
        let found = registers[usize::from(index.0)].load(SeqCst);
        assert_eq!(found, tag.entry_bits(), "a place holds another tag after a reset");
    }
    drop((held, kept));
    assert_eq!(table.in_use(), []);
}

#[test]
fn after_a_reset_each_tag_in_use_is_there_whoever_comes_and_goes() {
    many_orders(|| reset_among_others(|_, table| table.rewrite().unwrap()));
}

/// The driver asks what is in use, and writes that: by then others may be.
#[test]
#[should_panic(expected = "a place holds another tag after a reset")]
fn tags_that_are_put_back_without_the_lock_would_be_found() {
    many_orders(|| {
        reset_among_others(|registers, table| {
            for (index, tag, _) in table.in_use() {
                registers[usize::from(index.0)].store(tag.entry_bits(), SeqCst);
            }
        });
    });
}

/// The writer promises to write, and whoever registers does it later, without the table's lock.
#[test]
#[should_panic(expected = "a place holds another tag")]
fn a_tag_that_is_written_without_the_lock_would_be_found() {
    many_orders(|| {
        let registers: Registers = Arc::new((0..2).map(|_| AtomicU16::new(0)).collect());
        let promised: Arc<Mutex<Vec<(SlotIndex, SteeringTag)>>> = Arc::default();
        let later = Arc::clone(&promised);
        let table = TagTable::new(2, move |index: SlotIndex, tag: SteeringTag| {
            later.lock().unwrap().push((index, tag));
            Ok(())
        });
        let threads = [(); 2].map(|()| {
            let (registers, table) = (Arc::clone(&registers), table.clone());
            let promised = Arc::clone(&promised);
            thread::spawn(move || {
                let first = table.register(Some(tag(1)));
                let due: Vec<_> = promised.lock().unwrap().drain(..).collect();
                for (index, tag) in due {
                    registers[usize::from(index.0)].store(tag.entry_bits(), SeqCst);
                }
                hold(&registers, &table, 1);
                drop(first);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
