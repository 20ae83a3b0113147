//! Nearly valid requests: one field, one bit or the length is not as it should be.

use tph::BatchLen;
use tph_abi::Operation;
use tph_abi::layout::{self, Field, cap, ctrl, entry, entry_state, op, st};

use crate::Random;
use crate::generate::request::largest;
use crate::step::operation;

/// Every field of a request, where it lies if its part has one place.
const FIELDS: [(Field, usize); 9] = [
    (op::ARGSZ, 0),
    (op::OP, 0),
    (ctrl::MODE, layout::BODY),
    (ctrl::RESERVED, layout::BODY),
    (st::COUNT, layout::BODY),
    (st::RESERVED, layout::BODY),
    (cap::RESERVED0, layout::BODY),
    (cap::ST_TABLE_SZ, layout::BODY),
    (cap::RESERVED, layout::BODY),
];

pub(super) fn one_thing(random: &mut Random, bytes: &mut [u8]) {
    match random.below(8) {
        0..=2 => {
            let (field, base) = random.pick(&FIELDS);
            set(random, bytes, field, base);
        }
        3..=4 => {
            let entries = bytes.len().saturating_sub(layout::FIXED_SIZE) / entry::LAYOUT.size;
            let layout = random.pick(&[entry::LAYOUT, entry::LAYOUT, entry_state::LAYOUT]);
            let field = random.pick(layout.fields);
            let place = random.place(entries);
            set(random, bytes, field, layout::st_size(place));
        }
        5..=6 => argsz(random, bytes),
        _ => {
            let place = random.place(bytes.len());
            bytes[place] ^= 1 << random.below(8);
        }
    }
    // Which dma-bufs there are, each side's table of descriptors says for itself.
    if operation(bytes) == Some(Operation::DmaBufGet) {
        op::OP.write(bytes, 0, Operation::GetEntries.number());
    }
}

fn set(random: &mut Random, bytes: &mut [u8], field: Field, base: usize) {
    if field.size * field.count > 4 {
        // An array: one byte of it.
        if let Some(byte) = bytes.get_mut(base + field.offset + random.place(field.count)) {
            *byte = random.pick(&[1, 0x80, 0xff]);
        }
        return;
    }
    let old = field.read(bytes, base).unwrap_or(0);
    let any = random.word();
    let most = BatchLen::MAX;
    let choices = [0, 1, 2, 3, 4, 5, 0x80, 0xff, most, most + 1, 0xffff, 0x8000_0000, u32::MAX];
    let near = [old.wrapping_sub(1), old.wrapping_add(1), old.wrapping_mul(2), any];
    let value = if random.once_in(2) { random.pick(&choices) } else { random.pick(&near) };
    field.write(bytes, base, value);
}

/// Around what the operation needs, and far from it.
fn argsz(random: &mut Random, bytes: &mut [u8]) {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let [less, more, far] = [size - 1, size + 1, size + 12];
    let choices = [0, 1, 7, 8, 15, 16, 17, 27, 28, less, more, far, largest(), u32::MAX];
    op::ARGSZ.write(bytes, 0, random.pick(&choices));
}
