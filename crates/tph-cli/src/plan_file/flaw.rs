//! What can be wrong with the file of a plan, and where.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use toml::Spanned;

use super::text::Text;

/// The file of a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanFileError {
    /// It cannot be read.
    #[error("{origin}: cannot read the plan: {}", match source.kind() {
        ErrorKind::InvalidData => "it is not text".to_owned(),
        _ => source.to_string(),
    })]
    Unreadable { origin: String, source: std::io::Error },
    /// It is not TOML, or a key or a value is not one of a plan.
    #[error("{origin}: {}", source.to_string().trim_end())]
    Syntax { origin: String, source: toml::de::Error },
    /// It was written by another version.
    #[error(
        "{origin}:{line}:{column}: version {version} of the format; this command knows {known}"
    )]
    Version { origin: String, line: usize, column: usize, version: u32, known: u32 },
    /// It says what cannot be.
    #[error("{origin}:{line}:{column}: {flaw}")]
    Flawed { origin: String, line: usize, column: usize, flaw: Flaw },
    /// It has queues and nothing to program.
    #[error("{origin}: it has no entries, so there is nothing to program")]
    NoEntries { origin: String },
}

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("queue {0} is named twice")]
    QueueTwice(u32),
    #[error("entry {0} is there twice")]
    EntryTwice(u16),
    #[error("queue {queue} uses entry {entry}, which the plan has not; add it as an [[entry]]")]
    NoSuchEntry { queue: u32, entry: u16 },
    #[error("queue {0} is tied, but to no entry; say which with `entry`")]
    TiedToNothing(u32),
    #[error("no CPU has the number {0}")]
    NoSuchCpu(u32),
}

impl PlanFileError {
    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                "Get leave to read it, or run as root.".into()
            }
            Self::Unreadable { .. } => "Make one: tph plan DEV --queue QUEUE=CPU -o FILE.".into(),
            Self::Syntax { .. } | Self::Flawed { .. } => {
                "Mend that place, or make a plan anew: tph plan DEV --queue QUEUE=CPU -o FILE."
                    .into()
            }
            Self::NoEntries { origin } => {
                format!("Have them chosen: tph plan DEV --from {origin} -o FILE.")
            }
            Self::Version { .. } => "Make it anew with this command: tph plan.".into(),
        }
    }
}

/// Line and column of the byte at `at`, from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The first thing that cannot be, in the order of the file.
pub(super) fn check(origin: &str, text: &str, plan: &Text) -> Result<(), PlanFileError> {
    let (mut indices, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for entry in &plan.entry {
        let index = *entry.index.get_ref();
        if !indices.insert(index) {
            found.push((entry.index.span().start, Flaw::EntryTwice(index)));
        }
    }
    for queue in &plan.queue {
        let (at, number) = (queue.number.span().start, *queue.number.get_ref());
        if !numbers.insert(number) {
            found.push((at, Flaw::QueueTwice(number)));
        }
        match &queue.entry {
            None if queue.tied => found.push((at, Flaw::TiedToNothing(number))),
            // Queues alone are what a plan is made from.
            Some(entry) if !indices.is_empty() && !indices.contains(entry.get_ref()) => {
                let flaw = Flaw::NoSuchEntry { queue: number, entry: *entry.get_ref() };
                found.push((entry.span().start, flaw));
            }
            _ => {}
        }
    }
    let cpus = plan.queue.iter().map(|queue| &queue.cpu);
    let cpus: Vec<&Spanned<u32>> = cpus.chain(plan.entry.iter().map(|entry| &entry.cpu)).collect();
    let none = cpus.iter().filter(|cpu| *cpu.get_ref() == tph_abi::CLEAR_CPU);
    found.extend(none.map(|cpu| (cpu.span().start, Flaw::NoSuchCpu(*cpu.get_ref()))));
    let Some((at, flaw)) = found.into_iter().min_by_key(|(at, _)| *at) else { return Ok(()) };
    let (line, column) = place(text, at);
    Err(PlanFileError::Flawed { origin: origin.to_owned(), line, column, flaw })
}
