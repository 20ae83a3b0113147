//! The picture as SVG: sockets above, the bus below, and the way of the data between.
//!
//! It needs no script, brings its own background, and has colours for light and dark surroundings.
//! What no text measure is at hand for is measured by [`shape::width`], on the safe side.

mod bus;
mod cell;
mod flow;
mod legend;
mod shape;
mod sockets;

use svg::node::element::{Element, Style};
use svg::{Document, Node};

use super::picture::Picture;
use crate::safe::clean;
use shape::{Canvas, MARGIN};

/// The colours: each on light ground, then on dark.
const STYLE: &str = include_str!("svg/style.css");
/// Wide enough for eight cores four times side by side, and not wider than a laptop's screen.
const WIDTH: usize = 1332;
/// Where the data's way from the device up runs.
const GUTTER: usize = 28;

pub(super) fn draw(picture: &Picture) -> String {
    let title = match (&picture.queues, picture.device) {
        (Some(queues), _) => format!("Where the queues of {} land", queues.device),
        (None, Some(device)) => format!("{device} and its host"),
        (None, None) => "CPUs, caches and functions of a host".to_owned(),
    };
    let summary = picture.summary();
    let mut canvas = Canvas::default();
    canvas.text(MARGIN, MARGIN + 16, "title", &title);
    canvas.text(MARGIN, MARGIN + 36, "faint", &summary);

    let gutter = if picture.queues.is_some() { GUTTER } else { 0 };
    let left = MARGIN + gutter;
    let room = WIDTH - MARGIN - left;
    let sockets = sockets::draw(&mut canvas, picture, (left, MARGIN + 56), room);
    let memory = legend::memory(&mut canvas, picture, (left, sockets.bottom));
    let bus = bus::draw(&mut canvas, picture, (left, memory.bottom + 8), room);
    if let Some(device) = bus.asked {
        flow::draw(&mut canvas, MARGIN + 8, device, &[sockets.entries, memory.entries].concat());
    }
    let bottom = legend::draw(&mut canvas, picture, (left, bus.bottom + 8));
    document(canvas, &title, &summary, bottom + MARGIN)
}

fn document(canvas: Canvas, title: &str, summary: &str, height: usize) -> String {
    let width = canvas.right + MARGIN;
    let heading = |tag: &str, id: &str, text: &str| {
        let mut element = Element::new(tag);
        element.assign("id", id);
        element.append(svg::node::Text::new(clean(text)));
        element
    };
    let document = Document::new()
        .set("viewBox", format!("0 0 {width} {height}"))
        .set("width", width)
        .set("height", height)
        .set("role", "img")
        .set("aria-labelledby", "title desc")
        .add(heading("title", "title", title))
        .add(heading("desc", "desc", summary))
        .add(Style::new(STYLE))
        .add(flow::marker())
        .add(shape::rectangle((0, 0), (width, height), "ground"));
    let document = canvas.shapes.into_iter().fold(document, Document::add);
    document.to_string() + "\n"
}
