//! What the colours say, with the queues that they are of; and memory, where the rest goes.

use svg::node::element::Group;

use super::super::picture::Picture;
use super::super::queues::named;
use super::cell;
use super::shape::{Canvas, FONT, LINE, PAD, bold, explained, fit, rectangle, text, width};
use super::sockets::Drawn;
use crate::words;

const GAP: usize = 12;
/// The longest list of queues that is written out.
const LIST: usize = 440;

/// A box for the queues that no entry is left for.
pub(super) fn memory(canvas: &mut Canvas, picture: &Picture, (left, top): (usize, usize)) -> Drawn {
    let lost = picture.landing(None);
    if picture.queues.is_none() || lost.is_empty() {
        return Drawn { bottom: top, entries: Vec::new() };
    }
    let all = named(lost);
    let said = fit(&all, FONT, LIST);
    let inside = left + PAD + bold("Memory", FONT) + PAD;
    let right = inside + bold(&said, FONT) + PAD;
    let high = PAD + 4 + LINE;
    let line = top + PAD + FONT - 3;
    let group = explained(&format!("Memory: {all}"))
        .add(rectangle((left, top), (right - left, high), "socket"))
        .add(text((left + PAD, line), "strong", "Memory"))
        .add(text((inside, line), "lands", &said));
    canvas.add(group, right);
    Drawn { bottom: top + high + GAP, entries: vec![(left, top + high / 2)] }
}

/// A line for each kind of landing; how far down it went.
pub(super) fn draw(canvas: &mut Canvas, picture: &Picture, (left, top): (usize, usize)) -> usize {
    let Some(queues) = &picture.queues else { return top };
    canvas.text(left, top + FONT, "strong", &queues.heading());
    let mut y = top + LINE + 4;
    for (kind, group) in queues.groups() {
        let list = |numbers| fit(&words::numbers(numbers), FONT, LIST);
        let through = match group.entries.len() {
            0 => String::new(),
            1 => format!(" through entry {}", list(group.entries)),
            _ => format!(" through entries {}", list(group.entries)),
        };
        let queues = fit(&named(group.queues), FONT, LIST);
        let said = format!("{queues}{through}: {}", kind.words());
        let sample = rectangle((left, y), (cell::SIZE / 2, FONT), cell::class(kind));
        let x = left + cell::SIZE / 2 + PAD;
        let line = Group::new().add(sample).add(text((x, y + FONT - 2), "fact", &said));
        canvas.add(line, x + width(&said, FONT));
        y += LINE + 3;
    }
    y
}
