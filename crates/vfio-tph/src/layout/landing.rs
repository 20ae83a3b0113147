//! Where the queues of a plan land in it.

use tph::CpuId;

use super::Layout;
use crate::{Plan, PlannedQueue};

/// A cache domain of a [`Layout`]: which package of [`Layout::packages`], which of its domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainIndex {
    /// The place of the package in the layout; not its number.
    pub package: usize,
    /// The place of the domain in the package.
    pub domain: usize,
}

/// Where the data of a queue arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// The queue, and how the plan serves it.
    pub planned: PlannedQueue,
    /// Whose tag its entry holds; `None` if its data goes to memory.
    pub cpu: Option<CpuId>,
    /// Into which caches that tag leads; `None` too if the layout has no such CPU.
    pub domain: Option<DomainIndex>,
}

impl Layout {
    /// Where each queue of a plan lands, in the order of the plan.
    pub fn arrivals(&self, plan: &Plan) -> Vec<Arrival> {
        let cpu = |planned: &PlannedQueue| {
            let index = planned.landing.entry()?;
            plan.entries.iter().find(|entry| entry.index == index).map(|entry| entry.cpu)
        };
        let arrival = |planned: &PlannedQueue| {
            let cpu = cpu(planned);
            let domain = cpu.and_then(|cpu| self.domain_of(cpu));
            Arrival { planned: *planned, cpu, domain }
        };
        plan.queues.iter().map(arrival).collect()
    }
}
