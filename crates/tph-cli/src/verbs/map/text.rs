//! The picture for a terminal.

use textwrap::WordSeparator;
use textwrap::core::Word;
use vfio_tph::DomainIndex;

use super::bus::{self, Role};
use super::picture::{Picture, Queues};
use super::queues::Kind;
use super::sockets;
use crate::safe::clean;
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};
use crate::words;

/// Between columns.
const GAP: usize = 2;
/// Less than this a list is not narrowed to.
const NARROW: usize = 12;

pub(super) fn draw(picture: &Picture, width: usize) -> String {
    let mut parts = vec![caches(picture, width), devices(picture, width)];
    parts.extend(picture.queues.as_ref().map(|queues| of_queues(queues, width)));
    parts.iter().map(|lines| lines.join("\n") + "\n").collect::<Vec<_>>().join("\n")
}

/// A row for each cache.
fn caches(picture: &Picture, width: usize) -> Vec<String> {
    let layout = &picture.layout;
    if layout.packages.is_empty() {
        return vec!["Nothing is known of its CPUs.".into()];
    }
    let domains = || layout.packages.iter().flat_map(|package| &package.domains);
    let with_dies = domains().any(|domain| domain.dies.iter().any(|die| *die != 0));
    let mut headings = vec![">SOCKET", ">NODE"];
    headings.extend(with_dies.then_some(">DIE"));
    headings.extend(["CACHE", ">SIZE", "CPUS"]);
    headings.extend(picture.queues.as_ref().map(|_| "QUEUES"));
    let mut rows = Vec::new();
    for (package, inside) in layout.packages.iter().enumerate() {
        for (domain, here) in inside.domains.iter().enumerate() {
            let queues = picture.landing(Some(DomainIndex { package, domain }));
            let dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
            let mut cells = vec![dash(inside.package.map(|package| package.to_string()))];
            cells.push(dash(sockets::numbers(&here.nodes)));
            cells.extend(with_dies.then(|| dash(sockets::numbers(&here.dies))));
            cells.push(dash(sockets::cache(here)));
            cells.push(dash(sockets::size(here)));
            rows.push((cells, sockets::cpus(&here.cpus), words::numbers(queues)));
        }
    }
    let fixed = |column: usize| {
        let cells = rows.iter().map(|(cells, _, _)| cells[column].len());
        GAP + cells.chain([headings[column].trim_start_matches('>').len()]).max().unwrap_or(0)
    };
    let columns = rows.first().map_or(0, |(cells, _, _)| cells.len());
    let rest = width.saturating_sub((0..columns).map(fixed).sum::<usize>());
    let longest = rows.iter().map(|(_, cpus, _)| cpus.len()).max().unwrap_or(0);
    // Both lists are at least readable; CPUs take what they need up to half if there are queues.
    let most = if picture.queues.is_some() { rest / 2 } else { rest };
    let for_cpus = longest.min(most).max(NARROW);
    let for_queues = rest.saturating_sub(for_cpus + GAP).max(NARROW);
    let mut table = Table::new(&headings);
    for (cells, cpus, queues) in rows {
        let (cpus, queues) = (wrap(&cpus, for_cpus), wrap(&queues, for_queues));
        for line in 0..cpus.len().max(queues.len()) {
            let first = |text: &String| if line == 0 { text.clone() } else { String::new() };
            let mut row: Vec<Cell> = cells.iter().map(|text| first(text).into()).collect();
            row.push(cpus.get(line).cloned().unwrap_or_default().into());
            let queues = queues.get(line).filter(|queues| !queues.is_empty());
            row.extend(queues.map(|queues| Cell::new(queues.as_str(), Tone::Good)));
            table.push(row);
        }
    }
    let mut lines = table.lines(0);
    if !layout.offline.is_empty() {
        lines.push(format!("Not running: CPUs {}.", sockets::cpus(&layout.offline)));
    }
    lines
}

/// The lines of a list with commas.
fn wrap(list: &str, width: usize) -> Vec<String> {
    let after_commas =
        WordSeparator::Custom(|line| Box::new(line.split_inclusive(',').map(Word::from)));
    let options = words::wrapping(width).word_separator(after_commas).break_words(false);
    textwrap::wrap(list, options).into_iter().map(|line| line.trim().to_owned()).collect()
}

fn devices(picture: &Picture, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for row in bus::rows(picture) {
        let own = "  ".repeat(row.depth);
        let hang = format!("{own}    ");
        let options = words::wrapping(width).initial_indent(&own).subsequent_indent(&hang);
        let facts = clean(&row.facts.join(", "));
        let said = format!("{}  {}, {facts}", row.address, row.kind);
        let address = row.address.to_string();
        let mut wrapped = textwrap::wrap(&said, options).into_iter().map(String::from);
        let first = wrapped.next().unwrap_or_default();
        lines.push(match row.role {
            Role::Asked => first.replacen(&address, &title(&address), 1),
            Role::Port | Role::Function => first,
        });
        lines.extend(wrapped);
    }
    if picture.left_out > 0 {
        let count = words::count(picture.left_out as u64, "function");
        lines.push(format!("Not drawn: {count} without TPH (--all)."));
    } else if lines.is_empty() {
        lines.push("No function is known.".into());
    }
    lines
}

fn of_queues(queues: &Queues, width: usize) -> Vec<String> {
    let mut lines = vec![title(&queues.heading())];
    let mut table = Table::new(&["QUEUES", "ENTRIES", "THEIR DATA LANDS IN"]);
    let groups = queues.groups();
    let said = groups.keys().map(|kind| kind.words().len()).max().unwrap_or(0);
    let rest = width.saturating_sub(2 * GAP + said) / 2;
    for (kind, group) in groups {
        let tone = match kind {
            Kind::Own | Kind::Shared(_) => Tone::Good,
            Kind::NotSteered => Tone::Plain,
            Kind::Elsewhere => Tone::Bad,
        };
        let numbers = wrap(&words::numbers(group.queues), rest.max(NARROW));
        let mut entries = wrap(&words::numbers(group.entries), rest.max(NARROW));
        if entries.iter().all(String::is_empty) {
            entries = vec!["-".into()];
        }
        for line in 0..numbers.len().max(entries.len()) {
            let at = |lines: &[String]| lines.get(line).cloned().unwrap_or_default();
            let mut row = row![at(&numbers), at(&entries)];
            row.extend((line == 0).then(|| Cell::new(kind.words(), tone)));
            table.push(row);
        }
    }
    lines.extend(table.lines(0));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_broken_after_commas_only() {
        assert_eq!(wrap("0-28,32-64 by 4,91", 12), ["0-28,", "32-64 by 4,", "91"]);
        assert_eq!(wrap("100-200,300", 5), ["100-200,", "300"], "a number is never broken");
        assert_eq!(wrap("", 4), [""]);
    }
}
