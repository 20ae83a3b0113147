//! The plot of row 7.

use std::io;
use std::path::Path;

use svg::Document;
use svg::node::element::{Circle, Line, Polyline, Rectangle, Text};

/// What planning for so many queues took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) queues: u32,
    pub(crate) milliseconds: f64,
    pub(crate) instructions: u64,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const MARGIN: f64 = 40.0;

/// Draws instructions over queues, both on logarithmic axes, and n log n through the first point.
pub(crate) fn draw(path: &Path, points: &[Point]) -> io::Result<()> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let count = |point: &Point| f64::from(u32::try_from(point.instructions).unwrap_or(u32::MAX));
    let n_log_n = |n: f64| {
        let start = f64::from(first.queues);
        count(first) * (n * n.ln()) / (start * start.ln())
    };
    let (low, high) = (count(first) / 1.5, n_log_n(f64::from(last.queues)).max(count(last)) * 1.5);
    let range = (f64::from(last.queues) / f64::from(first.queues)).ln();
    let x = |n: f64| {
        LEFT + 20.0 + (n / f64::from(first.queues)).ln() / range * (WIDTH - LEFT - MARGIN - 20.0)
    };
    let y = |n: f64| HEIGHT - MARGIN - (n / low).ln() / (high / low).ln() * (HEIGHT - 2.0 * MARGIN);
    let text = |x: f64, y: f64, anchor: &str, said: String| {
        Text::new(said).set("x", x.round()).set("y", y.round()).set("text-anchor", anchor)
    };
    let line = |x1: f64, y1: f64, x2: f64, y2: f64| {
        Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2).set("stroke", "#555")
    };
    let bottom = HEIGHT - MARGIN;
    let mut plot = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 13)
        .add(Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "white"))
        .add(line(LEFT, bottom, WIDTH - MARGIN, bottom))
        .add(line(LEFT, MARGIN, LEFT, bottom))
        .add(text(LEFT, 22.0, "start", "Instructions of one plan for 64 entries".to_owned()))
        .add(text(WIDTH - MARGIN, HEIGHT - 6.0, "end", "queues, for half as many CPUs".to_owned()));
    let ideal: Vec<_> = points
        .iter()
        .map(|point| f64::from(point.queues))
        .map(|n| format!("{:.1},{:.1}", x(n), y(n_log_n(n))))
        .collect();
    let dashes = Polyline::new().set("points", ideal.join(" ")).set("fill", "none");
    plot = plot.add(dashes.set("stroke", "#999").set("stroke-dasharray", "5 4"));
    let end = f64::from(last.queues);
    plot = plot.add(text(x(end) - 8.0, y(n_log_n(end)) - 10.0, "end", "n log n".to_owned()));
    for point in points {
        let (at, high) = (x(f64::from(point.queues)), y(count(point)));
        let dot = Circle::new().set("cx", at.round()).set("cy", high.round()).set("r", 4);
        let said = format!("{:.2} M", count(point) / 1e6);
        plot = plot
            .add(dot.set("fill", "#0b63b5"))
            .add(text(at, high + 20.0, "middle", said))
            .add(text(at, bottom + 16.0, "middle", point.queues.to_string()));
    }
    svg::save(path, &plot)
}
