//! Sockets, below each other; in each its last caches, side by side.

use svg::node::element::Group;
use vfio_tph::{CacheDomain, DomainIndex};

use super::super::picture::Picture;
use super::super::queues::named;
use super::super::sockets as words_of;
use super::cell;
use super::shape::{Canvas, FONT, LINE, PAD, bold, explained, fit, rectangle, text, width};
use crate::words;

/// Between frames.
const GAP: usize = 12;
/// The narrowest cache: room for what is said of it.
const NARROW: usize = 180;
/// The most cores side by side.
const ACROSS: usize = 32;

/// How far down it went, and where the data comes in.
pub(super) struct Drawn {
    pub(super) bottom: usize,
    /// The left edge of what data reaches.
    pub(super) entries: Vec<(usize, usize)>,
}

pub(super) fn draw(
    canvas: &mut Canvas,
    picture: &Picture,
    (left, top): (usize, usize),
    room: usize,
) -> Drawn {
    let packages = &picture.layout.packages;
    let domains = || packages.iter().flat_map(|package| &package.domains);
    let wide =
        domains().map(|domain| across(domain) * cell::PITCH - 2 + 2 * PAD).max().unwrap_or(0);
    let wide = wide.max(NARROW);
    let most = packages.iter().map(|package| package.domains.len()).max().unwrap_or(1);
    let columns = ((room - 2 * PAD + GAP) / (wide + GAP)).clamp(1, most.max(1));
    let names = (0..packages.len()).map(|package| bold(&name(picture, package), FONT));
    let names = names.max().unwrap_or(0);
    let wide = if columns == 1 { wide.max(names) } else { wide };
    let panel = (columns * (wide + GAP) - GAP).max(names) + 2 * PAD;
    let mut drawn = Drawn { bottom: top, entries: Vec::new() };
    for (package, inside) in packages.iter().enumerate() {
        let y = drawn.bottom;
        let mut group = Group::new();
        let mut bottom = y + PAD + LINE;
        for (row, line) in inside.domains.chunks(columns).enumerate() {
            let high = line.iter().map(|domain| height(domain, picture)).max().unwrap_or(0);
            for (column, domain) in line.iter().enumerate() {
                let index = DomainIndex { package, domain: row * columns + column };
                let x = left + PAD + column * (wide + GAP);
                group = group.add(cache(domain, index, picture, ((x, bottom + PAD), (wide, high))));
            }
            bottom += PAD + high;
        }
        bottom += PAD;
        let frame = rectangle((left, y), (panel, bottom - y), "socket");
        let heading = text((left + PAD, y + PAD + FONT), "strong", &name(picture, package));
        canvas.add(Group::new().add(frame).add(heading).add(group), left + panel);
        let reached = (0..inside.domains.len())
            .any(|domain| !picture.landing(Some(DomainIndex { package, domain })).is_empty());
        drawn.entries.extend(reached.then_some((left, y + PAD + FONT - 4)));
        drawn.bottom = bottom + GAP;
    }
    if packages.is_empty() {
        canvas.text(left, top + FONT, "faint", "Nothing is known of its CPUs.");
        drawn.bottom += LINE + GAP;
    }
    if !picture.layout.offline.is_empty() {
        let offline = format!("Not running: CPUs {}", words_of::cpus(&picture.layout.offline));
        canvas.text(left, drawn.bottom + FONT, "faint", &fit(&offline, FONT, room));
        drawn.bottom += LINE + GAP;
    }
    drawn
}

fn name(picture: &Picture, package: usize) -> String {
    let inside = &picture.layout.packages[package];
    let cpus = inside.domains.iter().map(|domain| domain.cpus.len()).sum::<usize>();
    let nodes = inside.domains.iter().flat_map(|domain| domain.nodes.iter().copied()).collect();
    let socket = inside.package.map_or("Socket unknown".into(), |it| format!("Socket {it}"));
    let nodes = words_of::numbers(&nodes).map(|nodes| format!(", NUMA node {nodes}"));
    format!("{socket}{}, {}", nodes.unwrap_or_default(), words::count(cpus as u64, "CPU"))
}

fn across(domain: &CacheDomain) -> usize {
    domain.cores.len().min(ACROSS)
}

/// Each core is a column of its threads; cores that do not fit begin again below.
fn threads(domain: &CacheDomain) -> usize {
    domain.cores.iter().map(vfio_tph::CpuSet::len).max().unwrap_or(1)
}

fn height(domain: &CacheDomain, picture: &Picture) -> usize {
    let lines = if picture.queues.is_some() { 3 } else { 2 };
    let rows = domain.cores.len().div_ceil(ACROSS) * threads(domain);
    2 * PAD + lines * LINE + rows * (cell::height(picture.queues.is_some()) + 2)
}

fn cache(
    domain: &CacheDomain,
    index: DomainIndex,
    picture: &Picture,
    ((x, y), (wide, high)): ((usize, usize), (usize, usize)),
) -> Group {
    let queues = picture.landing(Some(index));
    let reached = !queues.is_empty();
    let queues = if reached { named(queues) } else { "no queue".to_owned() };
    let cpus = format!("CPUs {}", words_of::cpus(&domain.cpus));
    let cache = words_of::cache(domain).unwrap_or_else(|| "Cache unknown".into());
    let size = words_of::size(domain).unwrap_or_default();
    let class = if reached { "cache reached" } else { "cache" };
    let all = match &picture.queues {
        Some(_) => format!("{cache} {size}, {cpus}, {queues}"),
        None => format!("{cache} {size}, {cpus}"),
    };
    let (inside, room) = (x + PAD, wide - 2 * PAD);
    let line = |number: usize| y + PAD + FONT - 2 + number * LINE;
    let mut group = explained(&all).add(rectangle((x, y), (wide, high), class));
    group = group.add(text((inside, line(0)), "strong", &cache)).add(text(
        (inside + width(&cache, FONT) + PAD, line(0)),
        "faint",
        &size,
    ));
    group = group.add(text((inside, line(1)), "faint", &fit(&cpus, FONT, room)));
    let mut top = line(1) + PAD;
    if picture.queues.is_some() {
        let class = if reached { "lands" } else { "faint" };
        group = group.add(text((inside, line(2)), class, &fit(&queues, FONT, room)));
        top += LINE;
    }
    let high = cell::height(picture.queues.is_some()) + 2;
    for (core, cpus) in domain.cores.iter().enumerate() {
        for (thread, cpu) in cpus.iter().enumerate() {
            let row = core / ACROSS * threads(domain) + thread;
            let place = (inside + core % ACROSS * cell::PITCH, top + row * high);
            group = group.add(cell::draw(place, cpu, picture.queues.as_ref()));
        }
    }
    group
}
