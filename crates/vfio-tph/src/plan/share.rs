//! Who shares an entry with whom.
//!
//! It begins with one group for each last cache and splits groups, those with most queues first,
//! along the next closer caches as long as entries are left.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use tph::{CpuId, MemoryType, StIndex};

use super::Queue;
use super::domains::{Domain, Domains};

/// What a tag is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) cpu: CpuId,
    pub(super) memory: MemoryType,
}

impl Target {
    pub(super) fn of(queue: &Queue) -> Self {
        Self { cpu: queue.cpu, memory: queue.memory }
    }
}

/// Targets that share one entry.
pub(super) struct Group {
    /// Whose tag the entry holds: the target with most queues.
    pub(super) target: Target,
    pub(super) members: Vec<Target>,
}

/// Targets that can share one entry, with the queues of each. Compared by what they weigh.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    queues: usize,
    /// The first CPU decides between parts of one weight, so that the outcome is always the same.
    first: Reverse<Target>,
    /// What the members have in common; `None` for what is left of a split, which is final.
    domain: Option<Domain>,
    members: Vec<(Target, usize)>,
}

impl Part {
    fn new(domain: Option<Domain>, members: Vec<(Target, usize)>) -> Option<Self> {
        let first = members.iter().map(|(target, _)| *target).min()?;
        let queues = members.iter().map(|(_, queues)| queues).sum();
        Some(Self { queues, first: Reverse(first), domain, members })
    }

    /// The parts by the next closer domain, those with most queues first.
    fn split(&self, domains: &Domains) -> Vec<Self> {
        let mut parts = BTreeMap::<_, Vec<_>>::new();
        for &(target, queues) in &self.members {
            let of_cpu = domains.of(target.cpu);
            let here = of_cpu.iter().position(|domain| Some(*domain) == self.domain);
            let closer = here.and_then(|here| here.checked_sub(1)).map(|closer| of_cpu[closer]);
            parts.entry(closer).or_default().push((target, queues));
        }
        let parts = parts.into_iter().filter_map(|(domain, members)| Self::new(domain, members));
        let mut parts: Vec<_> = parts.collect();
        parts.sort_unstable_by(|a, b| b.cmp(a));
        parts
    }

    /// All of one split as one part, which cannot be split again.
    fn rest(parts: Vec<Self>) -> Option<Self> {
        Self::new(None, parts.into_iter().flat_map(|part| part.members).collect())
    }

    fn into_group(self) -> Option<Group> {
        let most = |&&(target, queues): &&(Target, usize)| (queues, Reverse(target));
        let (target, _) = *self.members.iter().max_by_key(most)?;
        Some(Group {
            target,
            members: self.members.into_iter().map(|(target, _)| target).collect(),
        })
    }
}

/// At most `room` groups, in the order of their targets. What is in none of them is not steered.
pub(super) fn groups(queues: &[Queue], domains: &Domains, room: usize) -> Vec<Group> {
    let mut count = BTreeMap::<_, usize>::new();
    for queue in queues {
        *count.entry(Target::of(queue)).or_default() += 1;
    }
    let mut last_caches = BTreeMap::<_, Vec<_>>::new();
    for (target, queues) in count {
        let widest = domains.of(target.cpu).last().copied();
        last_caches.entry((target.memory, widest)).or_default().push((target, queues));
    }
    let parts = last_caches.into_iter();
    let mut parts: Vec<_> =
        parts.filter_map(|((_, domain), members)| Part::new(domain, members)).collect();
    parts.sort_unstable_by(|a, b| b.cmp(a));
    parts.truncate(room);

    let mut spare = room - parts.len();
    let mut open = BinaryHeap::from(parts);
    let mut done = Vec::new();
    while let Some(part) = open.pop() {
        if spare == 0 || part.domain.is_none() || part.members.len() == 1 {
            done.push(part);
            continue;
        }
        let mut closer = part.split(domains);
        // All parts but one need an entry of their own: where too few are left, the smallest share.
        if closer.len() > spare + 1 {
            let rest = Part::rest(closer.split_off(spare));
            closer.extend(rest);
        }
        spare -= closer.len() - 1;
        open.extend(closer);
    }
    let mut groups: Vec<_> = done.into_iter().filter_map(Part::into_group).collect();
    groups.sort_unstable_by_key(|group| group.target);
    groups
}

/// The target with most queues of each entry that queues are tied to.
pub(super) fn most_wanted(tied: &[Queue]) -> BTreeMap<StIndex, Target> {
    let mut count = BTreeMap::<_, usize>::new();
    for queue in tied {
        if let Some(entry) = queue.tied_to {
            *count.entry((entry, Target::of(queue))).or_default() += 1;
        }
    }
    let mut most = BTreeMap::<_, (usize, Target)>::new();
    for ((entry, target), queues) in count {
        let best = most.entry(entry).or_insert((queues, target));
        if queues > best.0 {
            *best = (queues, target);
        }
    }
    most.into_iter().map(|(entry, (_, target))| (entry, target)).collect()
}
