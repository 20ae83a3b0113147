//! Sets, queries, importers and resets at the same time.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use tph::{DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag8, Tag16};
use tph_lab_guest::module::TestModule;
use tph_lab_guest::{Endpoint, Failure};

use super::exporter::export;
use super::importer::Importer;
use super::{Outcome, TAGGED, tagged};

pub(super) const TESTS: &[(&str, super::Test)] = &[
    ("no_answer_is_of_two_sets", whole),
    ("sets_and_queries_survive_resets_and_closing_buffers", disturbed),
];

/// Sets of each writer.
const SETS: u16 = 400;

/// Everything in it follows from one number.
fn hint_of(number: u16) -> DmaBufHint {
    let tags = DmaBufTags::Apart {
        standard: Some(Tag8(number.to_le_bytes()[0])),
        extended: Some(Tag16(number)),
    };
    let hint =
        ProcessingHint::from_low_bits((number >> 8).to_le_bytes()[0] ^ number.to_le_bytes()[0]);
    DmaBufHint { tags, hint }
}

/// The answers of both ways of asking for 16 bits are whole.
fn is_whole(tag: u16, ph: u8) -> Result<(), String> {
    if hint_of(tag).hint.bits() == ph { Ok(()) } else { Err(format!("{tag:#x} came with {ph}")) }
}

/// Writers and readers; each reader, of either way, saw more than one set.
fn whole(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    function.tph().set_dma_buf_tags(&buffer, hint_of(0))?;
    let done = AtomicBool::new(false);
    let (function, buffer, done) = (&function, &buffer, &done);
    let write = |first: u16| {
        move || -> Result<(), String> {
            for round in 0..SETS {
                let number = round.wrapping_mul(257).wrapping_add(first);
                let set = function.tph().set_dma_buf_tags(buffer, hint_of(number));
                set.map_err(|error| error.to_string())?;
            }
            Ok(())
        }
    };
    let ask = move || {
        let answer = function.tph().dma_buf_tag(buffer, RequesterType::ExtendedTph);
        let (tag, hint) = answer.map_err(|error| error.to_string())?;
        Ok((tag.entry_bits(), hint.bits()))
    };
    let mut importer = Importer::of(buffer)?;
    let import = move || {
        let reply = importer.get(16).map_err(|failure| failure.to_string())?;
        reply.answer().map_err(|errno| errno.to_string())
    };
    let begun = Barrier::new(3);
    let begun = &begun;
    thread::scope(|scope| {
        let readers = [
            scope.spawn(move || read(ask, begun, done)),
            scope.spawn(move || read(import, begun, done)),
        ];
        begun.wait();
        let writers = [scope.spawn(write(1)), scope.spawn(write(2))];
        let writers = writers.map(outcome);
        done.store(true, Ordering::Relaxed);
        let readers = readers.map(outcome);
        writers.into_iter().collect::<Result<(), _>>()?;
        for (way, seen) in ["the library", "the importer"].iter().zip(readers) {
            let seen = seen?;
            if seen < 2 {
                return Err(format!("{way} saw {seen} tag, and {SETS} were set twice").into());
            }
        }
        Ok(())
    })
}

/// Asks until all is `done`, and says so after the first answer; how many tags it saw.
fn read(
    mut ask: impl FnMut() -> Result<(u16, u8), String>,
    begun: &Barrier,
    done: &AtomicBool,
) -> Result<usize, String> {
    let mut answer = ask();
    begun.wait();
    let mut seen = BTreeSet::new();
    loop {
        let (tag, ph) = answer?;
        is_whole(tag, ph)?;
        seen.insert(tag);
        answer = ask();
        // What came after the last set was no race.
        if done.load(Ordering::Relaxed) {
            return Ok(seen.len());
        }
    }
}

fn outcome<T>(thread: ScopedJoinHandle<'_, Result<T, String>>) -> Result<T, Failure> {
    match thread.join() {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err("a thread panicked".into()),
    }
}

/// What they answer is not looked at: the kernel's log is, when the guest ends.
fn disturbed(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let done = AtomicBool::new(false);
    let (function, buffer, done) = (&function, &buffer, &done);
    thread::scope(|scope| {
        for number in 0..2 {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let _ = function.tph().set_dma_buf_tags(buffer, hint_of(number));
                    let _ = function.tph().dma_buf_tag(buffer, RequesterType::Tph);
                }
            });
        }
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let Ok(buffer) = export(function) else { continue };
                let _ = function.tph().set_dma_buf_tags(&buffer, TAGGED);
                let _ = Importer::of(&buffer).and_then(|mut importer| importer.answers());
            }
        });
        let resets = (0..20).try_for_each(|_| function.reset());
        done.store(true, Ordering::Relaxed);
        resets
    })?;
    let answer = function.tph().dma_buf_tag(buffer, RequesterType::ExtendedTph)?;
    is_whole(answer.0.entry_bits(), answer.1.bits()).map_err(Failure::from)
}
