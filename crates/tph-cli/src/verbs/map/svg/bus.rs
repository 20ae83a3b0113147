//! The bus: a box for each port and function, indented below what leads to it.

use svg::node::element::Group;

use super::super::bus::{self, Role};
use super::super::picture::Picture;
use super::shape::{Canvas, FONT, LINE, PAD, path, rectangle, text, width};
use crate::words;

/// From a port to what is below it.
const INDENT: usize = 28;
const GAP: usize = 8;

pub(super) struct Drawn {
    pub(super) bottom: usize,
    /// The left edge of the function that was asked for.
    pub(super) asked: Option<(usize, usize)>,
}

pub(super) fn draw(
    canvas: &mut Canvas,
    picture: &Picture,
    (left, top): (usize, usize),
    room: usize,
) -> Drawn {
    let mut drawn = Drawn { bottom: top, asked: None };
    // The bottom of the last box of each depth: where the line to one below begins.
    let mut above: Vec<usize> = Vec::new();
    for row in bus::rows(picture) {
        let (x, y) = (left + row.depth * INDENT, drawn.bottom);
        let address = row.address.to_string();
        let inside = x + PAD + width(&address, FONT) + PAD;
        let facts = format!("{}, {}", row.kind, row.facts.join(", "));
        let letters = (left + room).saturating_sub(inside + PAD) * 5 / (FONT * 3);
        let lines = textwrap::wrap(&facts, words::wrapping(letters.max(20)));
        let wide = lines.iter().map(|line| width(line, FONT)).max().unwrap_or(0);
        let right = inside + wide + PAD;
        let high = PAD + 4 + lines.len() * LINE;
        let (class, strong) = match row.role {
            Role::Port => ("port", "strong"),
            Role::Function => ("function", "strong"),
            Role::Asked => ("function asked", "strong lands"),
        };
        let mut group = Group::new().add(rectangle((x, y), (right - x, high), class));
        group = group.add(text((x + PAD, y + PAD + FONT - 3), strong, &address));
        for (number, line) in lines.iter().enumerate() {
            let place = (inside, y + PAD + FONT - 3 + number * LINE);
            group = group.add(text(place, "fact", line));
        }
        above.truncate(row.depth);
        let middle = y + high / 2 - 5;
        if let (Some(from), true) = (above.last(), row.depth > 0) {
            let spine = x - INDENT / 2;
            group = group.add(path(&format!("M{spine} {from}V{middle}H{x}"), "wire"));
        }
        above.push(y + high);
        if row.role == Role::Asked {
            drawn.asked = Some((x, middle + 10));
        }
        canvas.add(group, right);
        drawn.bottom = y + high + GAP;
    }
    if picture.left_out > 0 {
        let count = words::count(picture.left_out as u64, "function");
        canvas.text(left, drawn.bottom + FONT, "faint", &format!("Not drawn: {count} without TPH"));
        drawn.bottom += LINE + GAP;
    }
    drawn
}
