//! The way of the data: from the function up to each place that it reaches.

use svg::node::element::{Definitions, Group, Marker};

use super::shape::{Canvas, path};

/// The head of an arrow.
pub(super) fn marker() -> Definitions {
    let marker = Marker::new()
        .set("id", "arrow")
        .set("viewBox", "0 0 10 10")
        .set("refX", 9)
        .set("refY", 5)
        .set("markerWidth", 5)
        .set("markerHeight", 5)
        .set("orient", "auto")
        .add(path("M0 0L10 5L0 10z", "head"));
    Definitions::new().add(marker)
}

/// One line up the left side at `x`, and an arrow to each entry.
pub(super) fn draw(canvas: &mut Canvas, x: usize, from: (usize, usize), to: &[(usize, usize)]) {
    let Some(top) = to.iter().map(|(_, y)| *y).min() else { return };
    let (device, y) = from;
    let mut group = Group::new().add(path(&format!("M{device} {y}H{x}V{top}"), "flow"));
    for (left, y) in to {
        let arrow = path(&format!("M{x} {y}H{left}"), "flow").set("marker-end", "url(#arrow)");
        group = group.add(arrow);
    }
    canvas.add(group, x);
}
