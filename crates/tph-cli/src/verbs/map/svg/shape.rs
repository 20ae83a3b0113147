//! The few shapes that a map is made of.

use svg::node::element::{Group, Path, Rectangle, Text, Title};

use crate::safe::clean;

/// Around the whole.
pub(super) const MARGIN: usize = 24;
/// Between a frame and what is in it.
pub(super) const PAD: usize = 10;
/// From one line of text to the next.
pub(super) const LINE: usize = 17;
/// The height of most text.
pub(super) const FONT: usize = 13;

/// What is drawn, and how far to the right.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) shapes: Vec<Group>,
    pub(super) right: usize,
}

impl Canvas {
    /// Adds shapes that reach as far as `right`.
    pub(super) fn add(&mut self, shapes: Group, right: usize) {
        self.shapes.push(shapes);
        self.right = self.right.max(right);
    }

    /// Adds a line of text; `y` is where its letters stand.
    pub(super) fn text(&mut self, x: usize, y: usize, class: &str, said: &str) {
        let size = if class == "title" { 18 } else { FONT };
        self.add(Group::new().add(text((x, y), class, said)), x + width(said, size));
    }
}

/// How wide a text is at most, in fonts that browsers have for `system-ui`.
pub(super) fn width(text: &str, size: usize) -> usize {
    text.chars().count() * size * 3 / 5
}

/// The same for bold letters.
pub(super) fn bold(text: &str, size: usize) -> usize {
    text.chars().count() * size * 3 / 4
}

/// The text, or as much of it as fits into `room`.
pub(super) fn fit(text: &str, size: usize, room: usize) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let most = (room * 5 / (size * 3)).saturating_sub(1);
    text.chars().take(most).chain(['…']).collect()
}

pub(super) fn text((x, y): (usize, usize), class: &str, said: &str) -> Text {
    Text::new(clean(said)).set("x", x).set("y", y).set("class", class)
}

pub(super) fn rectangle(
    (x, y): (usize, usize),
    (width, height): (usize, usize),
    class: &str,
) -> Rectangle {
    let shape = Rectangle::new().set("x", x).set("y", y).set("width", width);
    let round = if class == "ground" { 0 } else { 4 };
    shape.set("height", height).set("rx", round).set("class", class)
}

pub(super) fn path(way: &str, class: &str) -> Path {
    Path::new().set("d", way).set("class", class)
}

/// A group that a browser explains where the pointer rests.
pub(super) fn explained(said: &str) -> Group {
    Group::new().add(Title::new(clean(said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_does_not_fit_is_cut_and_says_so() {
        assert_eq!(fit("0-7", FONT, 60), "0-7");
        let cut = fit("0-7,128-135,400-500", FONT, 60);
        assert!(cut.ends_with('…') && width(&cut, FONT) <= 60, "{cut}");
    }

    #[test]
    fn what_a_device_is_called_cannot_become_markup() {
        let drawn = text((0, 0), "fact", "<script>&\u{1b}").to_string();
        assert!(drawn.contains("&lt;script&gt;&amp;\u{fffd}"), "{drawn}");
    }
}
