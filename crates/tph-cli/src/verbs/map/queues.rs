//! The queues of a function, by how their data lands.

use std::collections::BTreeMap;

use tph::CpuId;
use vfio_tph::Landing;

use super::picture::Queues;
use crate::words;

/// How good it is, from the best on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// With the tag of its very CPU.
    Own,
    /// With that of a CPU that shares a cache of this level.
    Shared(u8),
    /// To memory.
    NotSteered,
    /// Into caches that its CPU does not share.
    Elsewhere,
}

/// Queues of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) queues: Vec<u32>,
    /// Of the entries that they use.
    pub(super) entries: Vec<u32>,
}

/// Such as `queue 3`, `queues 0-7`.
pub(super) fn named(queues: Vec<u32>) -> String {
    let thing = if queues.len() == 1 { "queue" } else { "queues" };
    format!("{thing} {}", words::numbers(queues))
}

impl Kind {
    pub(super) const fn of(landing: Landing) -> Self {
        match landing {
            Landing::Own { .. } => Self::Own,
            Landing::Shared { level, .. } => Self::Shared(level),
            Landing::Elsewhere { .. } => Self::Elsewhere,
            // A way to land that is new to this command is none that it can draw.
            _ => Self::NotSteered,
        }
    }

    /// Where the data lands, in words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Own => "the caches of the polling CPU".into(),
            Self::Shared(level) => format!("an L{level} that the polling CPU shares"),
            Self::Elsewhere => "caches that the polling CPU does not share".into(),
            Self::NotSteered => "memory: no entry is left for its caches".into(),
        }
    }

    /// As JSON names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared(_) => "shared",
            Self::Elsewhere => "elsewhere",
            Self::NotSteered => "not-steered",
        }
    }
}

impl Queues {
    /// Whose they are, and how many entries there are for them.
    pub(super) fn heading(&self) -> String {
        let entries = match self.entries {
            0 => "no ST table".into(),
            entries => words::count(entries.into(), "ST entry"),
        };
        format!("Queues of {}, {entries}", self.device)
    }

    /// All queues, by kind.
    pub(super) fn groups(&self) -> BTreeMap<Kind, Group> {
        let mut groups = BTreeMap::<_, Group>::new();
        for arrival in &self.arrivals {
            let group = groups.entry(Kind::of(arrival.planned.landing)).or_default();
            group.queues.push(arrival.planned.queue.number);
            group.entries.extend(arrival.planned.landing.entry().map(|entry| u32::from(entry.0)));
        }
        for group in groups.values_mut() {
            group.entries.sort_unstable();
            group.entries.dedup();
        }
        groups
    }

    /// The queues that a CPU polls, and the worst kind among them.
    pub(super) fn polled_by(&self, cpu: CpuId) -> Option<(Kind, Vec<u32>)> {
        let polled = || self.arrivals.iter().map(|it| &it.planned).filter(|it| it.queue.cpu == cpu);
        let worst = polled().map(|planned| Kind::of(planned.landing)).max()?;
        Some((worst, polled().map(|planned| planned.queue.number).collect()))
    }
}
