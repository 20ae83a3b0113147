//! The scoreboard as a table.

use tph_emu::Scoreboard;
use tph_emu::scoreboard::HintScore;

use crate::style::title;
use crate::table::{Cell, Table, Tone, row};

/// What a function has sent since it was last cleared, a line for each queue and hint.
pub(super) fn text(board: &Scoreboard) -> String {
    let mut table =
        Table::new(&[">QUEUE", "TAG", "HINT", ">WRITES", ">BYTES", ">FAULTS", "FOR CPU", "CACHE"]);
    for queue in &board.queues {
        for (number, score) in queue.hints.iter().enumerate() {
            let mut cells = row![queue.queue];
            cells.extend(hint(score));
            cells.extend(row![score.writes, score.bytes]);
            cells.push(match (number, queue.faults) {
                (0, 0) => Cell::new("-", Tone::Faint),
                (0, faults) => Cell::new(faults.to_string(), Tone::Bad),
                _ => Cell::default(),
            });
            cells.extend(target(score));
            table.push(cells);
        }
    }
    let name = title(&format!("{} ({})", board.function, board.bdf));
    format!("\n{name} has sent\n{}\n", table.lines(2).join("\n"))
}

fn hint(score: &HintScore) -> [Cell; 2] {
    match &score.hint {
        Some(hint) => [hint.tag.into(), hint.processing.into()],
        None => ["none", "none"].map(|text| Cell::new(text, Tone::Faint)),
    }
}

fn target(score: &HintScore) -> [Cell; 2] {
    let list = |parts: Vec<String>| match parts.as_slice() {
        [] => Cell::new("-", Tone::Faint),
        parts => parts.join(" ").into(),
    };
    let cpus = score.cpus.iter().map(ToString::to_string).collect();
    let caches =
        score.caches.iter().map(|cache| format!("L{}:{}", cache.level, cache.id)).collect();
    [list(cpus), list(caches)]
}
