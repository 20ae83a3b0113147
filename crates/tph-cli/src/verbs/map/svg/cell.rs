//! A CPU.

use svg::node::element::Group;
use tph::CpuId;

use super::super::picture::Queues;
use super::super::queues::{Kind, named};
use super::shape::{explained, rectangle, text, width};
use crate::words;

/// From one CPU to the next.
pub(super) const PITCH: usize = 35;
pub(super) const SIZE: usize = 33;
/// The text of a queue.
const SMALL: usize = 11;

/// How high a CPU is: with queues to be named in it, or without.
pub(super) const fn height(with_queues: bool) -> usize {
    if with_queues { 36 } else { 24 }
}

/// The class of a CPU or a legend by how its data lands.
pub(super) const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Own => "cpu own",
        Kind::Shared(_) => "cpu shared",
        Kind::Elsewhere => "cpu elsewhere",
        Kind::NotSteered => "cpu memory",
    }
}

/// Draws a CPU with the queues that it polls.
pub(super) fn draw((x, y): (usize, usize), cpu: CpuId, queues: Option<&Queues>) -> Group {
    let polled = queues.and_then(|queues| queues.polled_by(cpu));
    let number = cpu.0.to_string();
    let middle = x + SIZE / 2;
    let frame = |class| rectangle((x, y), (SIZE, height(queues.is_some())), class);
    let Some((kind, numbers)) = polled else {
        let down = if queues.is_some() { 23 } else { 17 };
        let group = explained(&format!("CPU {number}"));
        return group.add(frame("cpu")).add(text((middle, y + down), "number", &number));
    };
    let short = format!("q{}", words::numbers(numbers.iter().copied()));
    let many = format!("{} qs", numbers.len());
    let label = if width(&short, SMALL) <= SIZE { short } else { many };
    let (polled, lands) = (named(numbers), kind.words());
    let group = explained(&format!("CPU {number} polls {polled}: data lands in {lands}"));
    let tone = if kind == Kind::Own { "light" } else { "dark" };
    group
        .add(frame(class(kind)))
        .add(text((middle, y + 16), &format!("number {tone}"), &number))
        .add(text((middle, y + 30), &format!("queue {tone}"), &label))
}
