//! Requests as a driver makes them; of a batch at most one entry is at an edge.

use tph::{BatchLen, CpuId, Entry, MemoryType, StIndex, TagSource};
use tph::{MAX_CAPABILITY_ENTRIES, MAX_MSIX_ENTRIES};
use tph_abi::layout::op;
use tph_abi::{MODE_DS, MODE_IV, Operation, layout};
use tph_conformance as bytes_of;

use crate::{Random, Target};

/// The longest tail behind a request.
const TAIL: u32 = 40;

/// A request of any operation; now and then bytes that mean nothing.
pub(super) fn any(random: &mut Random, target: &Target) -> Vec<u8> {
    let mut bytes = match random.below(100) {
        0..=7 => bytes_of::get_cap(),
        8..=25 => enable(random),
        26..=33 => bytes_of::disable(),
        34..=79 => bytes_of::st(Operation::SetSt, &batch(random, target)),
        80..=86 => bytes_of::st(Operation::GetSt, &batch(random, target)),
        87..=95 => bytes_of::entries(&indices(random, target)),
        _ => return noise(random),
    };
    if random.once_in(8) {
        let tail = random.below(TAIL);
        bytes.extend((0..tail).map(|_| random.bits().to_le_bytes()[0]));
        let argsz = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        op::ARGSZ.write(&mut bytes, 0, argsz);
    }
    bytes
}

/// `ENABLE` of a mode that exists.
pub(super) fn enable(random: &mut Random) -> Vec<u8> {
    bytes_of::enable(random.pick(&[MODE_IV, MODE_DS, MODE_DS].map(|mode| mode.to_le_bytes()[0])))
}

/// The size of the largest request.
pub(super) fn largest() -> u32 {
    u32::try_from(layout::st_size(BatchLen::MAX as usize)).unwrap_or(u32::MAX)
}

fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(64);
    let mut bytes: Vec<u8> = (0..length).map(|_| random.bits().to_le_bytes()[0]).collect();
    if random.once_in(2) {
        op::ARGSZ.write(&mut bytes, 0, random.pick(&[8, 16, 28, 64, largest()]));
        let own = random.once_in(4);
        op::OP.write(&mut bytes, 0, if own { Operation::OWN } else { random.below(6) });
    }
    bytes.resize(bytes.len().max(layout::BODY), 0);
    bytes
}

fn batch(random: &mut Random, target: &Target) -> Vec<Entry> {
    let table = u32::from(target.usable().min(MAX_CAPABILITY_ENTRIES));
    let (length, first) = match random.below(80) {
        0..=64 => (1 + random.below(4), None),
        65..=72 => (1 + random.below(table + 2), None),
        // Every entry in a row, from somewhere to the end.
        73..=78 => {
            let first = random.below(table);
            (table - first, Some(first))
        }
        _ => (2047 + random.below(2), None),
    };
    let mut entries: Vec<Entry> = (0..length)
        .map(|n| {
            let index = first.map_or_else(|| index(random, target), |at| at + n);
            Entry { index: index_of(index), source: source(random, target) }
        })
        .collect();
    if random.once_in(4) {
        let place = random.place(entries.len());
        let entry = &mut entries[place];
        match random.below(2) {
            0 => entry.index = bad_index(random, target),
            _ => {
                entry.source =
                    TagSource::Cpu { cpu: bad_cpu(random, target), memory: memory(random) }
            }
        }
    }
    entries
}

/// What to ask about: mostly few entries, now and then the whole table.
fn indices(random: &mut Random, target: &Target) -> Vec<StIndex> {
    if random.once_in(3) {
        return (0..target.entries().min(MAX_CAPABILITY_ENTRIES)).map(StIndex).collect();
    }
    batch(random, target).into_iter().map(|entry| entry.index).collect()
}

fn source(random: &mut Random, target: &Target) -> TagSource {
    if random.once_in(8) {
        return TagSource::Clear;
    }
    TagSource::Cpu { cpu: CpuId(random.below(target.cpus())), memory: memory(random) }
}

fn memory(random: &mut Random) -> MemoryType {
    random.pick(&[MemoryType::Volatile, MemoryType::Volatile, MemoryType::Persistent])
}

/// An entry of the table, mostly one that can be programmed.
fn index(random: &mut Random, target: &Target) -> u32 {
    let all = random.once_in(12);
    random.below(if all { target.entries() } else { target.usable() }.into())
}

fn index_of(index: u32) -> StIndex {
    StIndex(u16::try_from(index).unwrap_or(u16::MAX))
}

fn bad_index(random: &mut Random, target: &Target) -> StIndex {
    let entries = target.entries();
    let any = u16::from_le_bytes([random.bits().to_le_bytes()[0], random.bits().to_le_bytes()[1]]);
    StIndex(random.pick(&[
        entries - 1,
        entries,
        entries + 1,
        MAX_CAPABILITY_ENTRIES - 1,
        MAX_CAPABILITY_ENTRIES,
        MAX_CAPABILITY_ENTRIES + 1,
        MAX_MSIX_ENTRIES - 1,
        MAX_MSIX_ENTRIES,
        u16::MAX,
        any,
    ]))
}

fn bad_cpu(random: &mut Random, target: &Target) -> CpuId {
    let cpus = target.cpus();
    let any = random.word();
    CpuId(random.pick(&[cpus, cpus + 1, 63, 64, 255, 256, 8191, 8192, 1 << 31, u32::MAX - 1, any]))
}
