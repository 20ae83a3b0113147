//! A step's plainer neighbours, the boldest first.

use tph_abi::layout::{self, Field, entry, op, st};

use crate::{Rights, Step};

/// Bytes that are tried one by one.
const BYTES: usize = 64;
/// Entries that are tried one by one.
const ENTRIES: usize = 8;

/// Steps that are shorter, or have fewer bytes that are not 0.
pub(crate) fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Call(bytes) => {
            let calls = fewer_entries(step).into_iter().chain(shorter(bytes));
            calls
                .chain(zeros(bytes, layout::BODY))
                .map(Step::call)
                .filter(|new| new != step)
                .collect()
        }
        Step::Write { offset, bytes } => {
            let parts = [&bytes[..bytes.len() / 2], &bytes[bytes.len().div_ceil(2)..]];
            let shorter = [(*offset, parts[0]), (*offset + skipped(bytes), parts[1])]
                .into_iter()
                .filter(|(_, part)| !part.is_empty() && part.len() < bytes.len())
                .map(|(offset, part)| (offset, part.to_vec()));
            let plainer = zeros(bytes, 0).into_iter().map(|bytes| (*offset, bytes));
            shorter.chain(plainer).map(|(offset, bytes)| Step::Write { offset, bytes }).collect()
        }
        Step::Vectors(count @ 2..) => vec![Step::Vectors(1), Step::Vectors(count / 2)],
        Step::Caller(rights) if rights.sys_nice && rights.cpus.is_some() => {
            vec![Step::Caller(Rights::ALL)]
        }
        Step::Vectors(_) | Step::FreeVectors | Step::Caller(_) | Step::Reset | Step::Reopen => {
            Vec::new()
        }
    }
}

fn skipped(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len().div_ceil(2)).unwrap_or(0)
}

/// Without the tail that no server reads.
fn shorter(bytes: &[u8]) -> Option<Vec<u8>> {
    let needed = tph_abi::needed(bytes).ok()?;
    let size = u32::try_from(needed).ok()?;
    let mut cut = bytes.get(..needed)?.to_vec();
    op::ARGSZ.write(&mut cut, 0, size);
    Some(cut)
}

/// One byte that is 0 instead.
fn zeros(bytes: &[u8], from: usize) -> Vec<Vec<u8>> {
    let at = (from..bytes.len().min(BYTES)).filter(|at| bytes[*at] != 0);
    at.map(|at| {
        let mut bytes = bytes.to_vec();
        bytes[at] = 0;
        bytes
    })
    .collect()
}

/// Without half of the entries, or, of a few, without one of them.
fn fewer_entries(step: &Step) -> Vec<Vec<u8>> {
    let Some((bytes, count)) = step.entries() else { return Vec::new() };
    if count < 2 {
        return Vec::new();
    }
    let halves = [(0, count / 2), (count / 2, count)];
    let single = (0..if count <= ENTRIES { count } else { 0 }).map(|at| (at, at + 1));
    halves.into_iter().chain(single).map(|(from, to)| without(bytes, from, to)).collect()
}

/// Without entries `from` to `to`; count and argsz say so.
fn without(bytes: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.drain(layout::st_size(from)..layout::st_size(to));
    let less = |bytes: &mut Vec<u8>, field: Field, base, by: usize| {
        let old = field.read(bytes, base).unwrap_or(0);
        field.write(bytes, base, old.saturating_sub(u32::try_from(by).unwrap_or(0)));
    };
    less(&mut bytes, st::COUNT, layout::BODY, to - from);
    less(&mut bytes, op::ARGSZ, 0, (to - from) * entry::LAYOUT.size);
    bytes
}
